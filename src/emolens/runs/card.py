"""The model card of a run: what a person, and the Hugging Face hub, reads first."""

from pathlib import Path

from emolens.runs.config import RunConfig

LOOKS_AT = {"scene": "the whole picture", "person": "each person, in a box with some of the surroundings"}
TEMPLATE = Path(__file__).parent / "templates" / "card.md.j2"


def model_card(name: str, config: RunConfig) -> str:
    """A card in Markdown, with the front matter that the hub reads.

    Args:
        name: its title.
        config: what the model is; a config with ``video`` is that of a model of videos.
    """
    from huggingface_hub import ModelCard, ModelCardData

    space, stored, films = config.label_space, config.backbone, config.video is not None
    facts = {
        "kind": config.kind,
        "backbone": f"`{stored.spec}` ({stored.precision})" if stored is not None else "its own",
        "label space": f"{space.name} ({', '.join(space.labels)})" if space is not None else "none",
        "continuous targets": ", ".join(config.targets) or "none",
        "looks at": LOOKS_AT[config.view],
        "recipe": config.recipe or "none",
        "data": config.data.dataset or "none",
    }
    if config.data.relabelled:
        steps = [f"{step['source']} to {step['target']} ({step['how']})" for step in config.data.relabelled]
        facts["its labels were taken from"] = ", ".join(steps)
    return str(
        ModelCard.from_template(
            ModelCardData(
                library_name="emolens",
                pipeline_tag="video-classification" if films else "image-classification",
                tags=["emotion-recognition", "affective-computing"],
            ),
            template_path=str(TEMPLATE),
            name=name,
            predicts=space is not None or bool(config.targets),
            medium="video" if films else "picture",
            example="video.mp4" if films else "photo.jpg",
            facts=facts,
            validation=config.training.validation if config.training is not None else {},
        )
    )
