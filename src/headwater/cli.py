"""The `headwater` command. A command's module is loaded, with what it needs, only when that command is called."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence

import headwater

FINE, ANOMALIES, FAILED, INTERRUPTED = 0, 1, 2, 130
COMMANDS = {
    "validate": ("headwater.validation._command", "look at data, and check it against a schema"),
}
"""Module and purpose. A module has `add_arguments(parser)` and `run(options)`, which returns an exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: The words after ``headwater``; None: those of the process.

    Returns:
        The exit code: 0 if all is well, 1 if data has anomalies, 2 if something could not be done.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _parser(words).parse_args(words)
        code = int(options.run(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough: nothing to say, nor to flush at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ImportError, OSError, ValueError, MemoryError) as error:
        print(f"headwater: {_printable(str(error))}", file=sys.stderr)
        return FAILED
    except Exception:  # a fault of ours, which must not end with Python's code 1: that says something about the data
        traceback.print_exc()
        return FAILED
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The arguments of `headwater`, and of the command that the words name."""
    parser = argparse.ArgumentParser(prog="headwater", description="TensorFlow 2's model life cycle, on XLA.")
    parser.add_argument("--version", action="version", version=f"headwater {headwater.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    named = next((word for word in words if not word.startswith("-")), None)
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        if name == named:
            loaded = importlib.import_module(module)
            loaded.add_arguments(command)
            command.set_defaults(run=loaded.run)
    return parser


def _printable(text: str) -> str:
    """Text without what a terminal would obey instead of showing it."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


if __name__ == "__main__":
    sys.exit(main())
