"""What VGG19 sees: weights, features, Gram matrices, losses, and the objective."""
