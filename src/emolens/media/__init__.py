"""Bytes -> arrays and tensors. No idea of emotions."""
