"""Weights by their published names: a file, or a hub repository, in; tensors checked name by name out."""
