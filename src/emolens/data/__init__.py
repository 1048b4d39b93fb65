"""The files of data sets go in; one table, the manifest, comes out: imported, checked, split, described, and read in
batches for training (``loaders``)."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.data.adapter import get_adapter as get_adapter
    from emolens.data.adapter import import_dataset as import_dataset
    from emolens.data.adapter import list_adapters as list_adapters
    from emolens.data.adapter import register_adapter as register_adapter
    from emolens.data.check.verify import verify_manifest as verify_manifest
    from emolens.data.folds import group_folds as group_folds
    from emolens.data.importers.registry import register_importer as register_importer
    from emolens.data.manifest import Manifest as Manifest
    from emolens.data.persons import add_persons as add_persons
    from emolens.data.protocol import Protocol as Protocol
    from emolens.data.protocol import get_protocol as get_protocol
    from emolens.data.protocol import list_protocols as list_protocols
    from emolens.data.protocol import register_protocol as register_protocol
    from emolens.data.protocol_use import apply_protocol as apply_protocol
    from emolens.data.protocol_use import protocol_of as protocol_of
    from emolens.data.relabelling import Relabelling as Relabelling
    from emolens.data.relabelling import relabel as relabel
    from emolens.data.shards import read_index as read_index
    from emolens.data.shards import write_shards as write_shards
    from emolens.data.split import split_manifest as split_manifest
    from emolens.data.split import split_within as split_within
    from emolens.data.text.descriptions import describe_manifest as describe_manifest
    from emolens.data.text.language import load_language as load_language
    from emolens.data.train_share import take_train_share as take_train_share

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Manifest": "emolens.data.manifest",
        "Protocol": "emolens.data.protocol",
        "Relabelling": "emolens.data.relabelling",
        "add_persons": "emolens.data.persons",
        "apply_protocol": "emolens.data.protocol_use",
        "describe_manifest": "emolens.data.text.descriptions",
        "get_adapter": "emolens.data.adapter",
        "get_protocol": "emolens.data.protocol",
        "group_folds": "emolens.data.folds",
        "import_dataset": "emolens.data.adapter",
        "list_adapters": "emolens.data.adapter",
        "list_protocols": "emolens.data.protocol",
        "load_language": "emolens.data.text.language",
        "protocol_of": "emolens.data.protocol_use",
        "read_index": "emolens.data.shards",
        "register_adapter": "emolens.data.adapter",
        "register_importer": "emolens.data.importers.registry",
        "register_protocol": "emolens.data.protocol",
        "relabel": "emolens.data.relabelling",
        "split_manifest": "emolens.data.split",
        "split_within": "emolens.data.split",
        "take_train_share": "emolens.data.train_share",
        "verify_manifest": "emolens.data.check.verify",
        "write_shards": "emolens.data.shards",
    },
)
