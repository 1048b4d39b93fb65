"""What judges an embedding: float32 (N, D) in; scores over labels, valence and arousal out."""
