"""Networks that paint in one pass: model, inference, training, export."""
