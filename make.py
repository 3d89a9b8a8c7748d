"""The README's commands: `python3 make.py experiment`, `test`, `site`; on Windows `py make.py ...`.

Each makes a fresh virtual environment in .venv, installs what it needs, and runs programs in it.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent

# Of the site: its data, and its two runs; there is no run of the other kinds.
DIGITS = ["--data-dir", "build/sample.npz"]
TRAIN = [*DIGITS, "--epochs", "60", "--resume"]
RUNS = ["--kl", "build/kl", "--ws", "build/ws", "--sw", "build/none", "--ae", "build/none"]

# Word -> the list of packages to install, and what the environment's Python then runs.
TARGETS = {
    # Trains the three models and a plain autoencoder, compares them, writes report/report.html.
    "experiment": (
        "requirements.txt",
        ["run_kl.py"],
        ["run_ws.py"],
        ["run_ws.py", "--distance", "sliced"],
        ["run_kl.py", "--beta", "0", "--out", "runs/ae"],
        ["analyze.py"],
    ),
    "test": ("requirements-dev.txt", ["-m", "pytest"]),
    # Builds site/index.html: the course, the findings, and the pages to play with. The explorer's
    # two models are trained on 5,000 digits, for a minute.
    "site": (
        "requirements-site.txt",
        ["docs/site/sample.py"],
        ["run_kl.py", *TRAIN, "--out", "build/kl"],
        ["run_ws.py", *TRAIN, "--wasserstein-weight", "1", "--out", "build/ws"],
        ["analyze.py", *DIGITS, *RUNS, "--out", "build/report"],
        ["-m", "sphinx", "-q", "-E", "-d", "build/pages", "-c", "docs/site", ".", "site"],
    ),
}


def commands(word: str, windows: bool = os.name == "nt") -> list[list[str]]:
    """Return the commands behind a word of TARGETS, in order; they run in ROOT."""
    python = str(ROOT / ".venv" / ("Scripts/python.exe" if windows else "bin/python"))
    packages, *programs = TARGETS[word]
    return [
        [sys.executable, "-m", "venv", "--clear", ".venv"],
        [python, "-m", "pip", "install", "--quiet", "-r", packages],
        *([python, *program] for program in programs),
    ]


def run(command: list[str]) -> int:
    """Run a command to its end and return its status; after Ctrl-C that is 130.

    Ctrl-C reaches the command too. It is given the time to end in its own way.
    """
    stopped = False
    with subprocess.Popen(command, cwd=ROOT) as process:
        while process.returncode is None:
            try:
                process.wait()
            except KeyboardInterrupt:  # noqa: PERF203 (a turn for each Ctrl-C)
                stopped = True
    if stopped:
        return 130
    return process.returncode if process.returncode >= 0 else 128 - process.returncode  # a signal


def main(words: list[str]) -> int:
    """Run the commands behind a word up to the first that fails; return its status, or 0."""
    if len(words) != 1 or words[0] not in TARGETS:
        print(f"usage: make.py {' | '.join(TARGETS)}", file=sys.stderr)
        return 2
    for command in commands(words[0]):
        print(*command, file=sys.stderr, flush=True)
        if status := run(command):
            print(f"make.py: status {status} from: {' '.join(command)}", file=sys.stderr)
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
