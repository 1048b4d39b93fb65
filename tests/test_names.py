from emolens.names import did_you_mean, one_of


def test_near_names_come_in_their_own_case():
    assert did_you_mean("vit-b-23", ["ViT-B-32", "RN50"]) == 'did you mean "ViT-B-32"?'


def test_few_names_are_listed_many_are_not():
    assert did_you_mean("xyz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("zzz", [f"model_{i}" for i in range(100)]) == "no known name is like it"
    assert did_you_mean("mod_xx_77", [f"model_{i}" for i in range(100)]).startswith(("did you mean", "nearest: model_"))


def test_a_field_of_a_registry_takes_the_names_that_are_there_when_it_is_read():
    from dataclasses import make_dataclass
    from typing import Annotated

    import tyro

    registry = {"red": 1}
    kind = make_dataclass("Config", [("colour", Annotated[str, one_of(registry)], "red")])
    registry["blue"] = 2
    assert tyro.cli(kind, args=["--colour", "blue"]).colour == "blue"
