import numpy as np
import pytest
import torch

from emolens.models.clip_e import CLIPEContrastive, CLIPECrossEntropy


def weights(layer):
    return layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()


@pytest.mark.parametrize("classes", [3, 8, 25])
def test_cross_entropy_head_is_two_layers_and_softmax(classes):
    torch.manual_seed(0)
    head, x = CLIPECrossEntropy(classes, embed_dim=6), torch.randn(4, 6)
    (w1, b1), (w2, b2) = weights(head.img_fc1), weights(head.preds)
    for row, got in zip(x.double().numpy(), head.log_probability(x).detach().exp().numpy(), strict=True):
        logit = w2 @ np.maximum(w1 @ row + b1, 0) + b2
        np.testing.assert_allclose(got, np.exp(logit) / np.exp(logit).sum(), rtol=1e-5)


def test_two_classes_share_one_sigmoid_unit():
    torch.manual_seed(0)
    head, x = CLIPECrossEntropy(2, embed_dim=6), torch.randn(4, 6)
    assert head(x).shape == (4, 1)
    p = head.log_probability(x).exp()
    torch.testing.assert_close(p[:, 1:], torch.sigmoid(head(x)))
    torch.testing.assert_close(p.sum(1), torch.ones(4))


def test_default_width_is_that_of_vit_b_32():
    assert CLIPECrossEntropy(6).img_fc1.weight.shape == (512, 512)
    assert CLIPEContrastive().img_fc2.weight.shape == (512, 512)


def test_contrastive_head_is_a_softmax_of_cosines_over_tau():
    torch.manual_seed(0)
    head, x, text = CLIPEContrastive(embed_dim=6), torch.randn(4, 6), torch.randn(5, 6) * 7
    (w1, b1), (w2, b2) = weights(head.img_fc1), weights(head.img_fc2)
    for row, got in zip(x.double().numpy(), head.log_probability(x, text).detach().exp().numpy(), strict=True):
        moved = w2 @ np.maximum(w1 @ row + b1, 0) + b2
        cosine = [t @ moved / np.linalg.norm(t) / np.linalg.norm(moved) for t in text.double().numpy()]
        reference = np.exp(np.array(cosine) / 0.075)
        np.testing.assert_allclose(got, reference / reference.sum(), rtol=1e-4)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        CLIPECrossEntropy(1)
