"""Seeds that depend on what they are for and on nothing else."""

import hashlib


def seed_of(*parts: int) -> int:
    """A seed in [0, 2^63) for a tuple of integers such as (seed, step, row); near tuples give unrelated seeds.

    Whatever is drawn from it is the same on one process and on eight, before a stop and after it.
    """
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
