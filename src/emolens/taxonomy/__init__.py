"""Label spaces, what is known of each label, and the ways from one space to another. No torch here."""

from emolens.taxonomy.label_space import LabelSpace
from emolens.taxonomy.lexicon import POLARITIES
from emolens.taxonomy.mapping import map_scores, mapping_kind, mapping_table
from emolens.taxonomy.registry import get_label_space, list_label_spaces, load_label_space
from emolens.taxonomy.valence_arousal import scores_from_valence_arousal, valence_arousal_from_scores

__all__ = [
    "POLARITIES",
    "LabelSpace",
    "get_label_space",
    "list_label_spaces",
    "load_label_space",
    "map_scores",
    "mapping_kind",
    "mapping_table",
    "scores_from_valence_arousal",
    "valence_arousal_from_scores",
]
