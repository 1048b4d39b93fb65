"""What every run folder and saved model holds beside its weights."""

from typing import Any

from emolens.taxonomy import LabelSpace

CONFIG = "config.json"
CARD = "README.md"
FORMAT = 1
PRETRAINED = "uniemox_pretrained"  # the kind of a run without a head


def card(name: str, space: LabelSpace | None, config: dict[str, Any]) -> str:
    """A model card in Markdown with the front matter the hub reads."""
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
    figures = config.get("validation") or {}
    measured = "\n".join(f"| {name} | {value:.4f} |" for name, value in figures.items()) or "| none | |"
    return f"""---
library_name: emolens
pipeline_tag: image-classification
tags: [emotion-recognition, affective-computing]
---

# {name}

Which emotion a picture evokes, by emolens.

```python
import emolens

model = emolens.load("run:PATH")  # or "hub:USER/REPO"
table = model.predict(["photo.jpg"]).to_pandas()
```

| | |
|---|---|
{rows}

On the validation split, on which the training was stopped; these are not test figures:

| figure | value |
|---|---|
{measured}

The model says what a picture tends to evoke in raters like those of its training data. It says nothing about
what the people in the picture feel, and it should not be used to judge a person.
"""
