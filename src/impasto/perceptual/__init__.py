"""What the network sees: weights, features, statistics, losses, and the objective made of them."""
