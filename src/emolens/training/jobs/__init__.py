"""A config and how it is trained: a manifest in; a run folder out."""
