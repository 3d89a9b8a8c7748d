"""Traces, made in this process or by the program, and taken apart."""

import re

from npvae.trace import story
from npvae.trace.stages import Trace
from npvae.trace.start import make_start

RUNS = ["kl", "ws"]
STORIES = {"kl": story.kl_story, "ws": story.ws_story}
CHECK = re.compile(r"^   d (\w+) / d (\S+)\[([\d, ]+)\] +(\S+) +(\S+)(.*)$", re.MULTILINE)
HEAD = re.compile(r"^(\d+)\. (\w+) -+ (?:a part of )?(\S+)\.py::(\w+)$", re.MULTILINE)


def tell(name, seed, capsys):
    """Tell a step; return what it started from, as it is after the step, and the text."""
    start = make_start(seed)
    STORIES[name](Trace(start.arrays(), None, False), start, make_start(seed))
    return start, capsys.readouterr().out


def stages(text):
    """Split a trace into its stages, by their numbers."""
    numbers = [int(head[1]) for head in HEAD.finditer(text)]
    bodies = re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]
    return dict(zip(numbers, bodies, strict=True))
