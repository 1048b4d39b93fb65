"""What a trained model is on disk: a folder, or a hub repository, in; config and weights out, and the reverse."""
