"""From the labels of one space to those of another by the words: which label a CLIP finds nearest.

Legend: S source labels, T target labels, D embedding.
"""

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError
from emolens.models.backbones.base import Backbone
from emolens.models.zero_shot import label_embeddings
from emolens.taxonomy import LabelSpace


def text_mapping_table(backbone: Backbone, source: LabelSpace, target: LabelSpace) -> NDArray[np.float64]:
    """Where each source label goes: to itself if the target has it, else to the label of the highest cosine.

    Each label is embedded through the prompts of its own space. Ours; no paper maps labels so.

    Args:
        backbone: reads text.
        source, target: S and T labels.

    Returns:
        (S, T), float64: each row holds one 1.

    Raises:
        ConfigError: the backbone reads no text.
    """
    if not backbone.has_text:
        raise ConfigError(f'backbone "{backbone.spec}" reads no text; a CLIP does, for instance ViT-B-32/openai')
    cosine_ST = (label_embeddings(backbone, source) @ label_embeddings(backbone, target).T).cpu().numpy()
    table_ST = np.zeros((len(source), len(target)))
    for number, label in enumerate(source.labels):
        named = target.find(label)
        table_ST[number, int(cosine_ST[number].argmax()) if named is None else named] = 1
    return table_ST
