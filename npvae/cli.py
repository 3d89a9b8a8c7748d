"""The command line: parsers that answer in one line, converters of numbers, and exit statuses."""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from npvae.errors import UserError, why

LARGEST = 1e30  # of a learning rate or weight: float32, in which training computes, ends at 3e38


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that tells what is wrong in one line, with exit status 2."""

    def error(self, message: str) -> None:
        """Print the message and exit."""
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def whole(least: int, most: int = 2**31 - 1) -> Callable[[str], int]:
    """Return a converter for whole numbers from `least` to `most`."""

    def convert(text: str) -> int:
        with suppress(ValueError):
            if least <= int(text) <= most:
                return int(text)
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not a whole number from {least} to {most}"
        )

    return convert


def number(text: str) -> float:
    """Convert a number from 0 to LARGEST."""
    with suppress(ValueError):
        if 0 <= float(text) <= LARGEST:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 0 to {LARGEST:g}")


def positive(text: str) -> float:
    """Convert a number above 0, up to LARGEST."""
    with suppress(argparse.ArgumentTypeError):
        if value := number(text):
            return value
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number above 0, up to {LARGEST:g}")


def run_program(main: Callable[[], None]) -> None:
    """Run a program: bad input gives one line and exit status 2, Ctrl-C one line and 130."""
    for stream in (sys.stdout, sys.stderr):  # a console that has no such letter shows its number
        with suppress(AttributeError, OSError):  # it is none, or was exchanged for a pipe
            stream.reconfigure(errors="backslashreplace")
    status = 2
    try:
        main()
        sys.stdout.flush()
        return
    except UserError as error:
        message = str(error)
    except MemoryError:
        message = "out of memory; make the batch, the hidden layer or the data smaller"
    except ImportError as error:  # missing, or its version does not fit the others'
        message = f"{error}; pip install -r requirements.txt"
    except OSError as error:
        message = f"{error.filename}: {why(error)}"
        if error.filename is None:  # it is the screen: `| head` has enough, `> FILE` is full
            message = f"{why(error)}; look where its output goes"
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
    except KeyboardInterrupt as stop:
        status, message = 130, f"stopped {stop}".strip()
    print(f"{Path(sys.argv[0]).name}: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(status)
