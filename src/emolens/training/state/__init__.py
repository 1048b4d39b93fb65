"""What survives a stop of a training: the state in memory, and on disk."""
