"""The three programs as a user runs them: from the shell, on a small data set of one's own."""

import html
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from npvae.errors import UserError
from npvae.report.analyse import analyse

ROOT = Path(__file__).resolve().parents[2]
OWN = "own.npz" if os.name == "nt" else "<own>.npz"  # Windows knows no such names
PICTURES = ["error", "latent_dist", "reconstruction", "interpol", "tsne", "samples"]


def run(program, *arguments, cwd):
    return subprocess.run(
        [sys.executable, ROOT / program, *map(str, arguments)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k != "NPVAE_DATA_DIR"},
        capture_output=True,
        text=True,
        timeout=600,
    )


def text(directory, *names):
    return directory.joinpath(*names).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A directory with own data, after three trainings and the analysis."""
    directory = tmp_path_factory.mktemp("workshop")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 700)
    patterns = rng.uniform(size=(3, 9, 8))
    images = np.clip(patterns[labels] + 0.2 * rng.standard_normal((700, 9, 8)), 0, 1)
    np.savez(directory / OWN, images=images.astype(np.float32), labels=labels)
    small = "--data-dir", OWN, "--epochs", 3, "--hidden-dim", 32, "--latent-dim", 4
    trainings = ["run_kl.py"], ["run_ws.py"], ["run_ws.py", "--distance", "sliced"]
    results = [run(*training, *small, cwd=directory) for training in trainings]
    return directory, [*results, run("analyze.py", "--data-dir", OWN, cwd=directory)]


def test_a_summary_line_per_epoch(workshop):
    _, (kl, ws, sw, _) = workshop
    shown = (kl, ("BCE", "KL")), (ws, ("BCE", "W1", "penalty")), (sw, ("BCE", "SW"))
    assert [result.returncode for result in workshop[1]] == [0] * 4, workshop[1]
    for result, words in shown:
        lines = [line for line in result.stdout.splitlines() if line.startswith("epoch")]
        assert len(lines) == 3
        assert all(word in line for line in lines for word in (*words, "images/s"))


def test_the_report_shows_every_picture(workshop):
    directory, _ = workshop
    report = text(directory, "report", "report.md")
    names = [f"{name}_{model}.png" for name in PICTURES for model in ("kl", "ws")]
    names += ["training_loss.png", "explorer.png", "first.png", "law.png", "claims.png"]
    for name in names:
        assert f"plots/{name}" in report
        assert (directory / "report" / "plots" / name).read_bytes().startswith(b"\x89PNG")


def test_the_page_is_self_contained_and_escaped(workshop):
    directory, _ = workshop
    page = text(directory, "report", "report.html")
    assert page.count("data:image/png;base64,") >= 13
    assert 'src="plots' not in page and "<script" not in page and "://" not in page
    assert html.escape(OWN) in page and "<own>" not in page


def test_the_explorer_lies_beside_the_report_and_is_linked(workshop):
    directory, _ = workshop
    page = text(directory, "report", "explorer.html")
    shown = OWN.replace("<", "\\u003c")
    assert f"{shown}, 583 training and 117 test images" in page and "<own>" not in page
    for name in ("report.md", "report.html"):
        assert "explorer.html" in text(directory, "report", name)


def test_the_numbers_in_the_report_are_those_of_the_history(workshop):
    directory, _ = workshop
    report = text(directory, "report", "report.md")
    for model, column in (("kl", 1), ("ws", 2)):
        last = text(directory, "runs", model, "history.csv").splitlines()[-1].split(",")
        bce_mu = float(last[-6])
        row = next(line for line in report.splitlines() if line.startswith("| BCE (z = μ)"))
        cell = row.split(" | ")[column].split(" ±")[0]
        assert float(cell) == pytest.approx(bce_mu, rel=0.01)


@pytest.mark.parametrize(
    ("program", "arguments", "words"),
    [
        ("run_kl.py", ["--lr", "-1"], "--lr"),
        ("run_kl.py", ["--threads", "4000"], "--threads"),
        ("run_ws.py", ["--gp-weight", "nan"], "--gp-weight"),
        ("run_ws.py", ["--distance", "sliced", "--critic-steps", "6"], "--distance critic"),
        ("run_kl.py", ["--data-dir", "nowhere"], "nowhere"),
        ("run_kl.py", ["--data-dir", OWN, "--out", OWN], "own"),
        ("analyze.py", ["--kl", "nowhere", "--data-dir", OWN], "nowhere"),
        ("analyze.py", ["--kl", "runs/ws", "--data-dir", OWN], "runs/ws"),
        ("analyze.py", ["--seeds", "0"], "--seeds"),
    ],
)
def test_bad_input_gives_one_line_and_exit_status_2(program, arguments, words, workshop):
    result = run(program, *arguments, cwd=workshop[0])
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1 and words in result.stderr
    assert result.stderr.startswith(program)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.random.default_rng(0).random((10, 3, 3)), "at least 11 test images, not 10"),
        (np.tile(np.random.default_rng(0).random((1, 3, 3)), (20, 1, 1)), "are alike"),
        (np.linspace(0, 1, 20)[:, None, None] * np.ones((20, 3, 3)), "of one grey"),
    ],
)
def test_images_on_which_nothing_can_be_compared_are_refused(images, words, tmp_path, one_thread):
    images, path = images.astype(np.float32), tmp_path / "own.npz"
    np.savez(path, images=images, test_images=images)
    out = tmp_path / "report"
    with pytest.raises(UserError, match=words):
        analyse(Namespace(data_dir=path, threads=1, out=out))
    assert not out.exists()
