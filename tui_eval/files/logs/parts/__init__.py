"""What the readers of training logs share."""
