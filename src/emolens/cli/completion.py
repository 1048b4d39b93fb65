"""emolens completion bash|zsh|fish: a script that completes verbs, what follows them, and options."""

import contextlib
import io
import re
import sys

from emolens.errors import ConfigError
from emolens.names import did_you_mean

OPTION = re.compile(r"(?<![\w-])--[a-z][\w.-]*")
USAGE = """usage: emolens completion bash|zsh|fish

  emolens completion bash > ~/.local/share/bash-completion/completions/emolens
  emolens completion zsh > ~/.zfunc/_emolens
  emolens completion fish > ~/.config/fish/completions/emolens.fish

zsh needs fpath+=~/.zfunc before compinit in ~/.zshrc.
"""

BASH = """# completion of emolens
_emolens() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" verb="${{COMP_WORDS[1]}}" part="${{COMP_WORDS[2]}}"
  local -A parts=({parts}) options=({options})
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "{verbs}" -- "$word"))
  elif [[ $COMP_CWORD -eq 2 && -n "${{parts[$verb]}}" ]]; then
    COMPREPLY=($(compgen -W "${{parts[$verb]}}" -- "$word"))
  elif [[ "$word" == -* ]]; then
    local key="$verb"
    [[ -n "${{parts[$verb]}}" ]] && key="$verb $part"
    COMPREPLY=($(compgen -W "${{options[$key]}}" -- "$word"))
  fi
  [[ ${{#COMPREPLY[@]}} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$word"))
}}
complete -o filenames -F _emolens emolens
"""
ZSH = "#compdef emolens\nautoload -U +X bashcompinit && bashcompinit\n" + BASH


def main(args: list[str]) -> int:
    """Run the verb; the exit code."""
    if not args or {"-h", "--help"} & set(args):
        print(USAGE, end="")
        return 0 if args else 2
    shells = {"bash": bash, "zsh": zsh, "fish": fish}
    if args[0] not in shells:
        raise ConfigError(f'unknown shell "{args[0]}"; {did_you_mean(args[0], shells)}')
    sys.stdout.write(shells[args[0]]())
    return 0


def bash() -> str:
    """The script for bash."""
    return BASH.format(**_tables())


def zsh() -> str:
    """The script for zsh, which can read that of bash."""
    return ZSH.format(**_tables())


def fish() -> str:
    """The script for fish."""
    lines = ["# completion of emolens"]
    for verb, what in _verbs().items():
        lines.append(f"complete -c emolens -n __fish_use_subcommand -a {verb} -d '{what.replace(chr(39), '')}'")
        for part in _parts(verb):
            lines.append(f"complete -c emolens -n '__fish_seen_subcommand_from {verb}' -a {part}")
    for key, options in _options().items():
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in key.split())
        lines += [f"complete -c emolens -n '{seen}' -l {option.removeprefix('--')}" for option in options]
    return "\n".join(lines) + "\n"


def _tables() -> dict[str, str]:
    parts = {verb: _parts(verb) for verb in _verbs()}
    return {
        "verbs": " ".join(_verbs()),
        "parts": " ".join(f'["{verb}"]="{" ".join(words)}"' for verb, words in parts.items() if words),
        "options": " ".join(f'["{key}"]="{" ".join(words)}"' for key, words in _options().items()),
    }


def _verbs() -> dict[str, str]:
    from emolens.cli.main import VERBS

    return VERBS


def _parts(verb: str) -> list[str]:
    """What may follow a verb: recipes, commands of data and of weights, views, shells."""
    if verb == "train":
        from emolens.recipes import recipes

        return list(recipes())
    if verb == "data":
        from emolens.cli.data import COMMANDS

        return list(COMMANDS)
    if verb == "show":
        from emolens.cli.show import VIEWS

        return list(VIEWS)
    if verb == "weights":
        from emolens.cli.weights import COMMANDS as WEIGHTS_COMMANDS

        return list(WEIGHTS_COMMANDS)
    return ["bash", "zsh", "fish"] if verb == "completion" else []


def _options() -> dict[str, list[str]]:
    """The options of each verb, and of what follows it, as their help lists them."""
    found = {}
    for verb in _verbs():
        for words in [[verb, part] for part in _parts(verb)] or [[verb]]:
            found[" ".join(words)] = _listed(words)
    return found


def _listed(words: list[str]) -> list[str]:
    from emolens.cli.main import main as emolens

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        emolens([*words, "--help"])
    return sorted(set(OPTION.findall(said.getvalue())) | {"--quiet", "--debug"})
