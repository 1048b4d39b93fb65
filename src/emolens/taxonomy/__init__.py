"""Label spaces: in go their names or TOML files; out come labels, polarities, prompts, valence-arousal points,
and the maps of scores from one space to another. No torch here."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.taxonomy.label_space import LabelSpace as LabelSpace
    from emolens.taxonomy.lexicon import POLARITIES as POLARITIES
    from emolens.taxonomy.mapping import map_scores as map_scores
    from emolens.taxonomy.mapping import mapping_kind as mapping_kind
    from emolens.taxonomy.mapping import mapping_table as mapping_table
    from emolens.taxonomy.registry import get_label_space as get_label_space
    from emolens.taxonomy.registry import list_label_spaces as list_label_spaces
    from emolens.taxonomy.registry import load_label_space as load_label_space
    from emolens.taxonomy.registry import register_label_space as register_label_space
    from emolens.taxonomy.valence_arousal import scores_from_valence_arousal as scores_from_valence_arousal
    from emolens.taxonomy.valence_arousal import valence_arousal_from_scores as valence_arousal_from_scores

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "LabelSpace": "emolens.taxonomy.label_space",
        "POLARITIES": "emolens.taxonomy.lexicon",
        "get_label_space": "emolens.taxonomy.registry",
        "list_label_spaces": "emolens.taxonomy.registry",
        "load_label_space": "emolens.taxonomy.registry",
        "map_scores": "emolens.taxonomy.mapping",
        "mapping_kind": "emolens.taxonomy.mapping",
        "mapping_table": "emolens.taxonomy.mapping",
        "register_label_space": "emolens.taxonomy.registry",
        "scores_from_valence_arousal": "emolens.taxonomy.valence_arousal",
        "valence_arousal_from_scores": "emolens.taxonomy.valence_arousal",
    },
)
