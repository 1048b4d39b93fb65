import pytest

from emolens import __version__
from emolens.cli.main import VERBS, main


def test_help_lists_every_verb(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {verb} " in out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert f"emolens {verb}" in capsys.readouterr().out


def test_version_and_mistakes(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"emolens {__version__}\n"
    assert main([]) == 2
    assert main(["predikt"]) == 2
    assert 'unknown verb "predikt"; did you mean "predict"?' in capsys.readouterr().err
    assert main(["predict", "a.jpg", "--no-such-option"]) == 2


def test_debug_raises_what_went_wrong(tmp_path):
    from emolens.errors import DataError

    with pytest.raises(DataError):
        main(["predict", str(tmp_path), "--model", "mini", "--debug"])
