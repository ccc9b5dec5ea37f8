"""What models are made of: propagation, sampling, losses, the training loop."""
