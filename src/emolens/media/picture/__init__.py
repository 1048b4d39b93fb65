"""What Pillow leaves to be done: a file that it can open in, upright RGB out."""
