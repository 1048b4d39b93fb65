"""What every run folder and saved model holds beside its weights."""

from pathlib import Path
from typing import Any

from emolens.errors import DataError
from emolens.files import read_json
from emolens.taxonomy import LabelSpace

CONFIG = "config.json"
CARD = "README.md"
FORMAT = 1
PRETRAINED = "uniemox_pretrained"  # the kind of a run without a head
AV = "av_cpnet"  # the kind of a run that judges clips by sound and pictures


def read_config(directory: Path) -> dict[str, Any]:
    """The ``config.json`` of a run folder or saved model; its ``kind`` says who reads the rest.

    Raises:
        DataError: not such a folder, one whose training has not finished, or one of a newer emolens.
    """
    if not directory.is_dir():
        raise DataError(f"{directory}: no such run folder")
    path = directory / CONFIG
    if not path.exists():
        unfinished = any((directory / name).exists() for name in ("checkpoint.pt", "log.csv", "model.safetensors"))
        hint = (
            "its training did not finish; run the same emolens train command with --resume"
            if unfinished
            else f"it has no {CONFIG}, so it is not a run folder"
        )
        raise DataError(f"{directory}: {hint}")
    config = read_json(path)
    try:
        if config["format"] > FORMAT:
            raise DataError(f"{directory}: was written by emolens {config['emolens']}, which is newer; upgrade")
        config["kind"]
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: field {error} is missing or malformed; train again") from error
    found: dict[str, Any] = config
    return found


def card(name: str, space: LabelSpace | None, config: dict[str, Any]) -> str:
    """A model card in Markdown with the front matter the hub reads."""
    task, medium, example = (
        ("video-classification", "video", "clip.mp4")
        if config["kind"] == AV
        else ("image-classification", "picture", "photo.jpg")
    )
    stored = config.get("backbone")
    facts = {
        "kind": config["kind"],
        "backbone": f"`{stored['spec']}` ({stored['precision']})" if stored else "its own",
        "label space": f"{space.name} ({', '.join(space.labels)})" if space is not None else "none",
        "continuous targets": ", ".join(config["targets"]) or "none",
        "recipe": config.get("recipe", "none"),
        "data": (config.get("data") or {}).get("dataset", "none"),
    }
    rows = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    metrics = config.get("validation") or {}
    measured = "\n".join(f"| {name} | {value:.4f} |" for name, value in metrics.items()) or "| none | |"
    return f"""---
library_name: emolens
pipeline_tag: {task}
tags: [emotion-recognition, affective-computing]
---

# {name}

Which emotion a {medium} evokes, by emolens.

```python
import emolens

model = emolens.load("run:PATH")  # or "hub:USER/REPO"
table = model.predict(["{example}"]).to_pandas()
```

| | |
|---|---|
{rows}

On the validation split, on which the training was stopped; these are not test figures:

| figure | value |
|---|---|
{measured}

The model says what a {medium} tends to evoke in raters like those of its training data. It says nothing about
what the people in the {medium} feel, and it should not be used to judge a person.
"""
