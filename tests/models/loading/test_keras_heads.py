import numpy as np
import pytest
import torch

from emolens.errors import WeightsError
from emolens.models.clip_e import CLIPEContrastive, CLIPECrossEntropy
from emolens.models.loading.keras_heads import load_keras_head

h5py = pytest.importorskip("h5py")


def write(path, layers, rng, prefix="{0}/{0}/"):
    """A file as Keras writes it: kernels (inputs, outputs), names with :0, layers nested twice."""
    stored = {}
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, (inputs, outputs) in layers.items():
            for kind, shape in (("kernel", (inputs, outputs)), ("bias", (outputs,))):
                stored[name, kind] = rng.normal(size=shape).astype(np.float32)
                file[f"{prefix.format(name)}{kind}:0"] = stored[name, kind]
    return stored


@pytest.mark.parametrize("prefix", ["{0}/{0}/", "model_weights/{0}/{0}/"])
@pytest.mark.parametrize(("units", "classes"), [(25, 25), (1, 2)])
def test_cross_entropy_head_computes_what_keras_computes(tmp_path, rng, prefix, units, classes):
    stored = write(tmp_path / "h.hdf5", {"img_fc1": (512, 512), "preds": (512, units)}, rng, prefix)
    head = load_keras_head(tmp_path / "h.hdf5")
    assert isinstance(head, CLIPECrossEntropy)
    assert head.num_classes == classes
    x = rng.normal(size=(3, 512)).astype(np.float32)
    hidden = np.maximum(x @ stored["img_fc1", "kernel"] + stored["img_fc1", "bias"], 0)
    expected = hidden @ stored["preds", "kernel"] + stored["preds", "bias"]
    np.testing.assert_allclose(head(torch.from_numpy(x)).detach().numpy(), expected, rtol=1e-3, atol=1e-2)


def test_contrastive_head(tmp_path, rng):
    stored = write(tmp_path / "h.hdf5", {"img_fc1": (8, 8), "img_fc2": (8, 8)}, rng)
    head = load_keras_head(tmp_path / "h.hdf5")
    assert isinstance(head, CLIPEContrastive)
    np.testing.assert_array_equal(head.img_fc2.weight.detach().numpy(), stored["img_fc2", "kernel"].T)


def test_optimizer_slots_are_not_mistaken_for_weights(tmp_path, rng):
    stored = write(tmp_path / "h.hdf5", {"img_fc1": (8, 8), "preds": (8, 6)}, rng)
    with h5py.File(tmp_path / "h.hdf5", "a") as file:
        file["optimizer_weights/Adam/img_fc1/kernel/m:0"] = np.zeros((8, 8), np.float32)
    head = load_keras_head(tmp_path / "h.hdf5")
    np.testing.assert_array_equal(head.img_fc1.weight.detach().numpy(), stored["img_fc1", "kernel"].T)


def test_bad_files_say_what_is_wrong(tmp_path, rng):
    with pytest.raises(WeightsError, match="no such file"):
        load_keras_head(tmp_path / "absent.hdf5")
    (tmp_path / "text.hdf5").write_text("not HDF5")
    with pytest.raises(WeightsError, match="not a readable HDF5 file"):
        load_keras_head(tmp_path / "text.hdf5")
    write(tmp_path / "other.hdf5", {"dense_1": (8, 8)}, rng)
    with pytest.raises(WeightsError, match="wanted img_fc1 and preds or img_fc2, found none"):
        load_keras_head(tmp_path / "other.hdf5")
    write(tmp_path / "odd.hdf5", {"img_fc1": (8, 8), "preds": (9, 6)}, rng)
    with pytest.raises(WeightsError, match="does not fit a CLIP-E head"):
        load_keras_head(tmp_path / "odd.hdf5")
