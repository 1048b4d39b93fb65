import pytest

from emolens.data.importers.path_template import template_columns
from emolens.errors import ConfigError, DataError


def test_columns_stand_in_folders_and_in_names() -> None:
    paths = ["cartoon/joy/a.jpg", "science fiction/fear/b (1).jpg"]
    assert template_columns(paths, "{domain}/{label}/{name}") == {
        "domain": ["cartoon", "science fiction"],
        "label": ["joy", "fear"],
    }
    assert template_columns(["x/TikTok_017.mp4"], "*/{platform}_{number}.mp4") == {
        "platform": ["TikTok"],
        "number": ["017"],
    }
    assert template_columns(["a/b/c.jpg", "c.jpg"], "**/{stem}.jpg") == {"stem": ["c", "c"]}


def test_splits_are_called_as_everywhere() -> None:
    paths = ["Training/a/1.jpg", "valid/a/2.jpg"]
    assert template_columns(paths, "{split}/*/{name}") == {"split": ["train", "val"]}
    with pytest.raises(DataError, match=r'rest/a/1\.jpg: "rest" is no split'):
        template_columns(["rest/a/1.jpg"], "{split}/*/{name}")


def test_characters_of_regular_expressions_are_themselves() -> None:
    assert template_columns(["a+b.(x)/c.jpg"], "{domain}.(x)/{name}") == {"domain": ["a+b"]}
    with pytest.raises(DataError, match=r'a/b/c\.jpg: is not like the --template "\{domain\}/\{name\}"'):
        template_columns(["a/b/c.jpg"], "{domain}/{name}")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{name}", "names no column"),
        ("{domain}/{domain}", r"\{domain\} is there twice"),
        ("{path}/{name}", r"\{path\} cannot be read from the path here"),
        ("{a b}/{name}", r"\{a b\} cannot be read from the path here"),
        ("{label}/{name}", r"\{label\} cannot be read from the path here"),
    ],
)
def test_templates_that_cannot_be(template: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        template_columns(["a/b"], template, ("label",))
