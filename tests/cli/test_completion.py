"""Scripts of completion: what a shell offers when Tab is pressed."""

import shutil
import subprocess

import pytest

from emolens.cli.main import VERBS, main


@pytest.fixture(scope="module")
def scripts():
    from emolens.cli import completion

    return {"bash": completion.bash(), "zsh": completion.zsh(), "fish": completion.fish()}


def offered(script, *words):
    """What bash offers behind these words, the last of which is not finished."""
    line = " ".join(f"'{word}'" for word in words)
    code = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _emolens; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_offers_verbs_what_follows_them_and_their_options(scripts):
    assert offered(scripts["bash"], "emolens", "") == list(VERBS)
    assert offered(scripts["bash"], "emolens", "comp") == ["compare", "completion"]
    assert offered(scripts["bash"], "emolens", "train", "clip_e_c") == ["clip_e_contrastive", "clip_e_cross_entropy"]
    assert "--label-space" in offered(scripts["bash"], "emolens", "predict", "--")
    assert "--batch-size" in offered(scripts["bash"], "emolens", "train", "probe", "--b")
    assert "--train" in offered(scripts["bash"], "emolens", "data", "split", "m.parquet", "--t")


def test_zsh_reads_that_of_bash_and_fish_has_a_line_an_option(scripts):
    assert scripts["zsh"].startswith("#compdef emolens\n")
    assert scripts["zsh"].endswith(scripts["bash"])
    for verb in VERBS:
        assert f"-n __fish_use_subcommand -a {verb} " in scripts["fish"]
    assert "'__fish_seen_subcommand_from data; and __fish_seen_subcommand_from split' -l train" in scripts["fish"]


def test_mistakes_and_help(capsys):
    assert main(["completion", "bas"]) == 2
    assert 'unknown shell "bas"; did you mean "bash"?' in capsys.readouterr().err
    assert main(["completion"]) == 2
    for words in (["--help"], ["bash", "--help"]):
        assert main(["completion", *words]) == 0
        assert "usage: emolens completion" in capsys.readouterr().out
