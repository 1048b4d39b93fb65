"""The command ``emolens``: finds the verb, runs it, turns errors into two lines and an exit code.

Verbs are imported only when called, so that ``emolens --help`` costs nothing but Python itself.
"""

import os
import sys
from importlib import import_module

from emolens import __version__
from emolens.errors import EmolensError
from emolens.names import did_you_mean
from emolens.progress import quiet
from emolens.signals import Interrupted, answered, stop_at_once

VERBS = {
    "predict": "which emotion do these pictures and videos evoke? a row each, and rows through time",
    "embed": "compute backbone embeddings once, resumably",
    "train": "train a recipe on a manifest",
    "evaluate": "score one model on one manifest, with intervals and a report",
    "compare": "score models x data sets, beside the baselines every claim needs",
    "benchmark": "measure models on the data sets of a suite: folds, seeds, few labels, ablations",
    "show": "look into a model: what a masked autoencoder reconstructs",
    "data": "list, describe, import, verify and split data sets",
    "weights": "published weights by name: list them, their licence and address, fetch one",
    "completion": "print a script that completes verbs and options in bash, zsh or fish",
    "doctor": "what this machine has, what emolens chose, what is missing",
}

COMMON = (
    "--quiet: no progress and no notices. --debug: the traceback of an error, also of one on a single file.",
    "Completion: emolens completion bash|zsh|fish",
)

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def usage() -> str:
    lines = ["usage: emolens VERB ... [--quiet] [--debug]", ""]
    lines += [f"  {verb:<12}{what}" for verb, what in VERBS.items()]
    lines += ["", "emolens VERB --help shows its options, emolens --version the version.", *COMMON]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code.

    0 done, 2 usage or configuration, 3 data, 4 weights; stopped by a signal, 128 + its number: 130 for Ctrl-C, 143 for
    SIGTERM, 129 for SIGHUP.
    """
    args = sys.argv[1:] if arguments is None else list(arguments)
    debug, silent = "--debug" in args, "--quiet" in args
    args = [arg for arg in args if arg not in ("--debug", "--quiet")]
    if not args or args[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if args else 2
    if args[0] in ("-V", "--version"):
        print(f"emolens {__version__}")
        return 0
    if debug:
        import logging

        logging.basicConfig(format="%(name)s: %(message)s")
        logging.getLogger("emolens").setLevel(logging.DEBUG)
    verb = args[0]
    if verb not in VERBS:
        print(f'emolens: unknown verb "{verb}"; {did_you_mean(verb, VERBS)}', file=sys.stderr)
        return 2
    try:
        with answered(stop_at_once), quiet(silent):
            code: int = import_module(f"emolens.cli.{verb}").main(args[1:])
        return code
    except EmolensError as error:
        if debug:
            raise
        print(f"emolens: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as stop:
        if debug:
            raise
        print(f"emolens: {stop or 'interrupted'}; what was finished is kept", file=sys.stderr)
        return stop.exit_code if isinstance(stop, Interrupted) else EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`emolens ... | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as stop:  # from the option parser, which has printed why
        return stop.code if isinstance(stop.code, int) else 2
