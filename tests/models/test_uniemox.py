"""UniEmoX's two views against two plain autoencoders."""

from dataclasses import replace

import pytest
import torch

from emolens.errors import ConfigError
from emolens.losses.clip_distillation import contrastive_loss, similarity_loss
from emolens.models.fusion_prior import PRIORS
from emolens.models.mae import MaskedAutoencoder
from emolens.models.uniemox import UniEmoX, UniEmoXConfig, tiny, vit_b, vit_l

SMALL = UniEmoXConfig(
    image_size=16,
    patch_size=4,
    embed_dim=8,
    depth=2,
    num_heads=2,
    decoder_embed_dim=12,
    decoder_depth=1,
    decoder_num_heads=3,
)


def build(**changes) -> UniEmoX:
    torch.manual_seed(0)
    return UniEmoX(replace(SMALL, **changes))


def views(batch: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    scene, person = torch.randn(2, batch, 3, 16, 16, generator=generator)
    return scene, person, torch.rand(2, batch, 16, generator=generator)


@pytest.mark.parametrize("normed", [False, True])
def test_equals_two_separate_autoencoders(normed):
    model = build(norm_pixel_loss=normed)
    plain = MaskedAutoencoder(16, 4, 8, 2, 2, 12, 1, 3, norm_pixel_loss=normed)
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if "fusion" not in name})
    scene, person, noise = views()
    found = model(scene, person, 0.75, noise)
    of_scene, of_person = plain(scene, 0.75, noise[0]), plain(person, 0.75, noise[1])
    torch.testing.assert_close(found.reconstruction_loss, of_scene.loss)
    torch.testing.assert_close(found.prediction, of_scene.prediction)
    assert torch.equal(found.mask, of_scene.mask)
    token = [plain.decoder_embed(view.latent[:, 0]) for view in (of_scene, of_person)]
    torch.testing.assert_close(found.fused_BD, model.fusion(*token))


def test_noise_may_be_stacked_or_in_a_row():
    model, (scene, person, noise) = build(), views()
    for one, other in zip(
        model(scene, person, 0.75, noise), model(scene, person, 0.75, noise.reshape(6, 16)), strict=True
    ):
        assert torch.equal(one, other)


def test_one_pass_of_the_encoder_and_one_picture_decoded_each():
    model, (scene, person, noise) = build(), views()
    batches = {}
    model.blocks[0].register_forward_hook(lambda _, given, __: batches.setdefault("encoder", []).append(len(given[0])))
    model.decoder_blocks[0].register_forward_hook(
        lambda _, given, __: batches.setdefault("decoder", []).append(len(given[0]))
    )
    model(scene, person, 0.75, noise)
    assert batches == {"encoder": [6], "decoder": [3]}


@pytest.mark.parametrize("fusion", PRIORS)
def test_gradients_of_all_three_losses_reach_everything(fusion):
    model, (scene, person, noise) = build(fusion=fusion), views()
    generator = torch.Generator().manual_seed(2)
    image, text = torch.randn(3, 12, generator=generator), torch.randn(4, 12, generator=generator)
    found = model(scene, person, 0.75, noise)
    loss = found.reconstruction_loss + similarity_loss(found.fused_BD, image)
    (loss + contrastive_loss(found.fused_BD, image, text)).backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
    assert not model.pos_embed.requires_grad


def test_person_view_is_not_reconstructed():
    model, (scene, person, noise) = build(), views()
    one, other = model(scene, person, 0.75, noise), model(scene, person + 1, 0.75, noise)
    torch.testing.assert_close(one.reconstruction_loss, other.reconstruction_loss)
    assert not torch.allclose(one.fused_BD, other.fused_BD)


def test_checkpointed_activations_change_nothing():
    scene, person, noise = views()
    grads = []
    for checkpointed in (False, True):
        model = build(checkpoint_activations=checkpointed)
        found = model(scene, person, 0.75, noise)
        (found.reconstruction_loss + found.fused_BD.square().sum()).backward()
        grads.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    for name, grad in grads[0].items():
        torch.testing.assert_close(grads[1][name], grad)


@pytest.mark.parametrize(
    ("config", "millions"),
    [(vit_b(), 111.9), (vit_l(), 329.5), (tiny(), 5.2)],  # of MAE's full files: 111.9 and 329.5
)
def test_sizes(config, millions):
    with torch.device("meta"):
        model = UniEmoX(config)
    count = sum(p.numel() for name, p in model.named_parameters() if not name.startswith("fusion."))
    assert count / 1e6 == pytest.approx(millions, abs=0.1)
    model.check_teacher(512)


def test_a_teacher_whose_width_does_not_fit_says_what_to_do():
    with pytest.raises(
        ConfigError, match=r'"ViT-L-14/openai" gives .* width 768, .* width 12; set decoder_embed_dim=768'
    ):
        build().check_teacher(768, "ViT-L-14/openai")
    build().check_teacher(12)


def test_what_does_not_fit_is_refused():
    scene, person, noise = views()
    with pytest.raises(ConfigError, match=r"scene \(3, 3, 16, 16\) and person \(2, 3, 16, 16\) differ"):
        build()(scene, person[:2], 0.75, noise)
    with pytest.raises(ConfigError, match=r"noise \(3, 16\) does not fit; 6 pictures"):
        build()(scene, person, 0.75, noise[0])
    with pytest.raises(ConfigError, match="fusion"):
        build(fusion="sum")
