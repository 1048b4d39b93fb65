"""How configs look on the command line."""

import tyro

Unprefixed = tyro.conf.arg(name="")
"""Marks a nested config whose fields are flags of their own: ``--epochs``, and not ``--trainer.epochs``."""
