"""Makes the sample run: a small world, a base model of it, and two fine-tunes."""
