"""Descriptions of pictures: what a manifest knows of them in; sentences, in a language of one TOML each, out."""
