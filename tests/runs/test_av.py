import numpy as np
import pytest
import torch

from emolens.errors import DataError, WeightsError
from emolens.files import read_json, write_json
from emolens.media.audio_config import AudioConfig
from emolens.media.video_sample import VideoConfig, VideoSample
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
from emolens.runs.av import AVModel, describe_av, read_av, save_av
from emolens.runs.run_files import read_config
from emolens.taxonomy import get_label_space

EMOTIONS = get_label_space("emotions6")
CLIP = VideoConfig(2, 2, 16, audio_frames=8, audio=AudioConfig(rate=8000, n_mels=8, coefficients=4))


def network(**changes):
    torch.manual_seed(0)
    sizes = {name: getattr(CLIP, name) for name in ("segments", "frames", "size", "audio_frames")}
    sizes["coefficients"] = CLIP.bands
    encoders = {
        "video": VideoSwinConfig(embed_dim=8, depths=(1, 1), heads=(1, 2), window=(2, 2, 2), weights="kinetics400"),
        "audio": AudioResNetConfig(width=4, layers=(1, 1)),
    }
    config = AVCPNetConfig(**{"classes": 6, "width": 8, "levels": 2, "heads": 2, **sizes, **encoders, **changes})
    return AVCPNet(config, pretrained=False)


def clip(seed, video=True, audio=True):
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.randint(0, 256, (2, 2, 16, 16, 3), generator=generator, dtype=torch.uint8)
    sound = torch.randn(2, 8, 4, generator=generator)
    return VideoSample(pictures if video else None, sound if audio else None, 1.0, 0.0, 1.0, ())


@pytest.fixture
def run(tmp_path):
    net = network()
    save_av(tmp_path / "run", net.state_dict(), describe_av(net.config, CLIP, EMOTIONS, recipe="tiny", seed=3))
    return tmp_path / "run"


def model_of(run, precision="fp32"):
    return read_av(run, read_config(run), "cpu", precision)


def test_a_saved_network_comes_back_whole_and_without_its_encoders_own_weights(run):
    model = model_of(run)
    assert (model.clip, model.space, model.fusion, model.modalities) == (CLIP, EMOTIONS, "pyramid", ("audio", "video"))
    assert model.net.config == network().config
    wanted = network().state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in model.net.state_dict().items())
    assert not model.net.training
    assert model.config["seed"] == 3


def test_scores_are_the_softmax_of_the_networks_logits(run):
    clips = [clip(0), clip(1)]
    scores = model_of(run).scores(clips)
    with torch.inference_mode():
        logits = network().eval()(
            torch.stack([c.video_STHWC for c in clips]), torch.stack([c.audio_SFM for c in clips])
        )
    for found, logit in ((scores.fused_NC, logits.fused_BC), (scores.audio_NC, logits.audio_BC)):
        wanted = np.exp(logit.double().numpy())
        assert found.dtype == np.float64
        assert np.allclose(found, wanted / wanted.sum(axis=1, keepdims=True), atol=1e-9)
        assert np.allclose(found.sum(axis=1), 1, atol=1e-12)


def test_what_a_clip_lacks_has_no_scores_and_changes_nothing_for_others(run):
    model = model_of(run)
    together = model.scores([clip(0), clip(1, audio=False), clip(2, video=False)])
    assert np.isfinite(together.fused_NC).all()
    assert np.isnan(together.audio_NC).all(axis=1).tolist() == [False, True, False]
    assert np.isnan(together.video_NC).all(axis=1).tolist() == [False, False, True]
    for row, alone in enumerate((clip(0), clip(1, audio=False), clip(2, video=False))):
        assert np.allclose(model.scores([alone]).fused_NC[0], together.fused_NC[row], atol=1e-6)
    assert np.allclose(together.fused_NC[1], together.video_NC[1]) is False  # the whole bias, not half of it


def test_a_network_of_one_modality_says_nothing_of_a_clip_without_it():
    net = network(modalities=("audio",))
    model = AVModel(net, describe_av(net.config, CLIP, EMOTIONS), CLIP, EMOTIONS, "cpu", "fp32")
    scores = model.scores([clip(0), clip(1, audio=False)])
    assert (scores.audio_NC, scores.video_NC) == (None, None)
    assert np.isnan(scores.fused_NC).all(axis=1).tolist() == [False, True]


def test_bf16_computes_coarser_and_saves_the_weights_as_they_were(run, tmp_path):
    exact, coarse = model_of(run), model_of(run, "bf16")
    clips = [clip(seed) for seed in range(4)]
    apart = np.abs(exact.scores(clips).fused_NC - coarse.scores(clips).fused_NC).max()
    assert 0 < apart < 0.02
    coarse.save(tmp_path / "again")
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    assert read_json(tmp_path / "again" / "config.json") == read_json(run / "config.json")


def test_what_is_wrong_with_a_run_is_said(run):
    config = read_config(run)
    for broken in ({"clip": {**config["clip"], "speed": 3}}, {"model": {"classes": 6, "fusion": "nonsense"}}):
        with pytest.raises(DataError, match=r"config\.json: .*; train again"):
            read_av(run, {**config, **broken}, "cpu")
    with pytest.raises(DataError, match="field 'clip'"):
        read_av(run, {name: value for name, value in config.items() if name != "clip"}, "cpu")
    with pytest.raises(WeightsError, match="6 classes, but mikels8 has 8 labels"):
        read_av(run, {**config, "label_space": get_label_space("mikels8").as_dict()}, "cpu")
    other = network(width=16).config.to_dict()
    with pytest.raises(WeightsError, match="of another architecture"):
        read_av(run, {**config, "model": other}, "cpu")
    (run / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="no such file"):
        model_of(run)


def test_folders_that_are_no_runs_are_said(run, tmp_path):
    with pytest.raises(DataError, match="no such run folder"):
        read_config(tmp_path / "absent")
    write_json(run / "config.json", {**read_config(run), "format": 99})
    with pytest.raises(DataError, match="newer; upgrade"):
        read_config(run)
    write_json(run / "config.json", {"format": 1})
    with pytest.raises(DataError, match="'kind' is missing"):
        read_config(run)
    (run / "config.json").unlink()
    with pytest.raises(DataError, match="did not finish"):
        read_config(run)
