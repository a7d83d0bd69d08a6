"""VGG19 and the perceptual loss: weights, features, Gram matrices, losses, objective."""
