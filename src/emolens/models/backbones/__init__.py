"""Frozen encoders: uint8 RGB pictures, or texts, in; one vector each out. One file a family, found by its scheme."""
