"""Files of pictures and a backbone go in; float32 embeddings come out, a row a file, computed once and kept on disk.
A file that cannot be read is a message beside its row."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.embedding.cache import EmbeddingCache as EmbeddingCache
    from emolens.embedding.cache import Embeddings as Embeddings
    from emolens.embedding.encode import EncodedBatch as EncodedBatch
    from emolens.embedding.encode import encode_files as encode_files

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "EmbeddingCache": "emolens.embedding.cache",
        "Embeddings": "emolens.embedding.cache",
        "EncodedBatch": "emolens.embedding.encode",
        "encode_files": "emolens.embedding.encode",
    },
)
