"""Losses that are no longer believable, or mean something else: the line of the epoch says so."""

from pathlib import Path

import numpy as np
import pytest

from npvae.training.kinds import KINDS
from npvae.training.options import Options, Settings
from npvae.training.train import train

SMALL = {"epochs": 3, "batch_size": 32, "latent_dim": 3, "hidden_dim": 16, "critic_steps": 2}


@pytest.fixture
def lines(tmp_path, capsys):
    """A function that trains, and returns the lines of the epochs and of the warnings."""
    pixels = np.random.default_rng(0).uniform(size=(128, 6, 5)).astype(np.float32)
    np.savez(tmp_path / "own.npz", images=pixels[:96], test_images=pixels[96:])

    def run(kind: str, **changes: float) -> tuple[list[str], list[str]]:
        settings = Settings(tmp_path / "out", Path(tmp_path, "own.npz"), threads=1, resume=False)
        train(Options(kind, **(SMALL | changes)), settings)
        out, err = capsys.readouterr()
        epochs = [line for line in out.splitlines() if line.startswith("epoch ")]
        return epochs, [line for line in err.splitlines() if "npvae: warning: " in line]

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_run_is_not_warned_of_and_its_first_epoch_says_why_test_is_lower(lines, kind):
    (first, *others), warnings = lines(kind)
    assert first.endswith("(training: the mean over the epoch; test: after it)")
    assert not warnings and not any("(" in line for line in others)


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("kl", {"lr": 100.0}, "test_bce_z"),
        ("sw", {"lr": 100.0}, "test_bce_z"),
        ("ws", {"critic_lr": 100.0}, "train_w1"),
    ],
)
def test_a_run_that_diverges_slowly_is_warned_of_once(lines, kind, changes, words):
    epochs, warnings = lines(kind, **changes)
    assert len(epochs) == 3 and len(warnings) == 1
    assert words in warnings[0] and "knowing nothing gives BCE 21 and W1 1.7" in warnings[0]


def test_without_a_penalty_each_line_says_that_w1_is_no_distance(lines):
    epochs, _ = lines("ws", gp_weight=0.0)
    assert all("(W1 is no distance: with --gp-weight 0" in line for line in epochs)
