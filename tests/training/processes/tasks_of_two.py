"""Every task on random data, judged by the processes that there are; each prints its metrics. Run by torchrun."""

import json
import sys

import torch
from torch.utils.data import Dataset

from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
from emolens.models.clip_e import CLIPEContrastive, CLIPECrossEntropy
from emolens.models.probe import LinearProbe
from emolens.models.uniemox import UniEmoX, UniEmoXConfig
from emolens.models.vit import EmotionViT
from emolens.taxonomy import get_label_space
from emolens.training.devices import build_fabric
from emolens.training.processes.validation import SharedValidation
from emolens.training.tasks.av import AVTask
from emolens.training.tasks.clip_e import CLIPEContrastiveTask, CLIPECrossEntropyTask
from emolens.training.tasks.finetune import FinetuneTask
from emolens.training.tasks.outputs import Outputs
from emolens.training.tasks.probe import ProbeTask
from emolens.training.tasks.uniemox import LossWeights, UniEmoXTask
from emolens.training.tensor_table import TensorTable

ROWS = 11
SPACE = get_label_space("emotions6")


def drawn(*shape):
    return torch.randn(ROWS, *shape, generator=torch.Generator().manual_seed(7))


LABEL_N = torch.arange(ROWS) % 6
ROW_N = torch.arange(ROWS)


def uniemox():
    model = UniEmoX(UniEmoXConfig(16, 8, 24, 1, 2, 16, 1, 2))
    table = TensorTable({"scene": drawn(3, 16, 16), "person": drawn(3, 16, 16), "row": ROW_N})
    return UniEmoXTask(model, None, LossWeights(1, 0, 0)), table


def finetune():
    outputs = Outputs(SPACE, False, ("valence", "arousal"))
    target_NO = torch.cat([torch.eye(6)[LABEL_N], drawn(2).clamp(-1, 1)], dim=1)
    target_NO[3, :6] = float("nan")
    target_NO[5, 7] = float("nan")
    model = EmotionViT(16, 8, 24, 1, 2, num_classes=8)
    torch.nn.init.normal_(model.head.weight)
    return FinetuneTask(model, outputs, target_NO, target_NO), TensorTable({"image": drawn(3, 16, 16), "row": ROW_N})


def av():
    model = AVCPNet(
        AVCPNetConfig(
            classes=6, segments=2, frames=2, size=16, audio_frames=8, coefficients=4, width=8, levels=2, heads=2,
            video=VideoSwinConfig(embed_dim=8, depths=(1, 1), heads=(1, 2), window=(2, 2, 2)),
            audio=AudioResNetConfig(width=4, layers=(1, 1)),
        )
    )  # fmt: skip
    columns = {"video": (drawn(2, 2, 16, 16, 3) * 60 + 120).clamp(0, 255).byte(), "audio": drawn(2, 8, 4)}
    # One batch without any sound: it gives no row of that answer.
    return AVTask(model, LABEL_N, LABEL_N, SPACE), TensorTable(
        {**columns, "has_video": ROW_N % 5 != 2, "has_audio": ROW_N > 2, "row": ROW_N}
    )


def clip_e():
    return CLIPECrossEntropyTask(CLIPECrossEntropy(6, 8)), TensorTable({"embedding": drawn(8), "label": LABEL_N})


def clip_e_contrastive():
    task = CLIPEContrastiveTask(CLIPEContrastive(8), drawn(8)[:6])
    return task, TensorTable({"embedding": drawn(8), "label": LABEL_N})


def probe():
    task = ProbeTask(LinearProbe(8, 6, ("valence",)), {"label": 0.1, "valence": 0.1})
    return task, TensorTable({"embedding": drawn(8), "label": LABEL_N - 1, "valence": drawn().clamp(-1, 1)})


class Counted(Dataset):
    """A table that knows which rows were asked for."""

    def __init__(self, table):
        self.table, self.rows = table, []

    def __getitem__(self, rows):
        self.rows += rows
        return self.table[rows]


def judged(fabric):
    """Metrics of every task, for batches that two processes share evenly, unevenly, and not at all."""
    found = {}
    for make in (uniemox, finetune, av, clip_e, clip_e_contrastive, probe):
        for batch_size in (3, 4, 11):
            torch.manual_seed(0)
            task, table = make()
            found[f"{make.__name__} {batch_size}"] = SharedValidation(table, ROWS, batch_size, fabric).run(task)
    task, table = clip_e()
    counted = Counted(table)
    SharedValidation(counted, ROWS, 3, fabric).run(task)
    found["rows"] = counted.rows
    return found


if __name__ == "__main__":
    with open(f"{sys.argv[1]}/{(fabric := build_fabric('cpu')).global_rank}.json", "w") as stream:
        json.dump(judged(fabric), stream)
