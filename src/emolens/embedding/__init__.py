"""Embeddings: files in; a float32 array with a row a file out, computed once and kept on disk."""
