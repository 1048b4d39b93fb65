"""Datasets for training: a manifest in; batches of tensors, each row decided by (seed, epoch, row), out."""
