"""Each fault of the page does what the page says, in a small and short version of its run."""

import re
from pathlib import Path

import pytest

from course import failures
from npvae import plain

COURSE = Path(__file__).parents[2] / "course"
SIZES = {"HIDDEN": 64, "CRITIC_HIDDEN": (64, 32)}
EPOCHS = {"KL": 60, "WS": 8}


@pytest.fixture(scope="module")
def digits():
    """Every fifth of the sample's digits, half as wide and high, in full batches."""
    return plain.load_images(None)[:4800:5].reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(960, -1)


@pytest.fixture(scope="module")
def right(digits):
    return {k: failures.run(k, {}, digits, n, **SIZES).measures for k, n in EPOCHS.items()}


@pytest.mark.parametrize("letter", failures.FAULTS)
def test_a_fault_does_what_the_page_says(letter, digits, right):
    kind, functions, _ = failures.FAULTS[letter]
    found = failures.run(kind, functions, digits, EPOCHS[kind], **SIZES).measures
    assert failures.does_what_the_page_says(letter, found, right[kind]), found
    assert not failures.does_what_the_page_says(letter, right[kind], right[kind])


def test_the_page_is_small_and_has_all_its_pictures():
    page = (COURSE / "failures.md").read_text("utf-8")
    pictures = re.findall(r"\(failures/(\w+)\.png\)", page)
    assert sorted(pictures) == sorted(["kl", "ws", "codes", *failures.FAULTS])
    files = [COURSE / "failures.md", *(COURSE / "failures").iterdir()]
    assert sum(file.stat().st_size for file in files) < 400_000
    assert page.count("<details>") == len(failures.FAULTS)


def test_the_page_has_the_words_of_its_template():
    """Where the template has a number, the page may have any."""
    template = (COURSE / "failures" / "page.md").read_text("utf-8")
    parts = [re.escape(part) for part in re.split(r"\{\w+\[[^]]+\][^}]*\}", template)]
    assert re.fullmatch(r"-?[\d.,e+-]+".join(parts), (COURSE / "failures.md").read_text("utf-8"))
