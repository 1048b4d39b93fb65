"""A data set as a few large files, for disks and object stores that are slow with millions of small ones.

``DIR/shard-00000.tar`` ... hold the files as they are; ``DIR/index.parquet`` is the manifest itself, with the columns
``shard``, ``offset``, ``size`` and ``crc32`` of each row. Everything that trains reads that one.

Why plain tar with an index, and neither litdata nor WebDataset: a row is found by its offset, so any order of rows can
be asked for, and an epoch resumes in its middle from the sampler's position alone: no shuffle buffer to refill, no
state of a stream to save, the same batches whatever the number of workers, processes or shards. Nothing is encoded
again, and any ``tar`` unpacks it. From an object store a row is one ranged read, many at a time; a cache on the local
disk holds what fits.
"""

from emolens.data.shards.cache import ShardCacheConfig as ShardCacheConfig
from emolens.data.shards.cache import fill_cache as fill_cache
from emolens.data.shards.index import INDEX as INDEX
from emolens.data.shards.index import read_index as read_index
from emolens.data.shards.reader import ShardReader as ShardReader
from emolens.data.shards.store import is_remote as is_remote
from emolens.data.shards.write import write_shards as write_shards
