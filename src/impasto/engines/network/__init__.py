"""Networks that paint in one pass: the model, painting, training, export."""
