"""Layouts on disk -> manifests. Each importer is a function and the frozen dataclass of its options."""
