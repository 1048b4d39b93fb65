"""Tasks and the one training loop."""
