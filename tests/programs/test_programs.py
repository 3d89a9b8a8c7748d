"""The three programs as a user runs them, on a small data set of one's own."""

import html
import io
import os
import runpy
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[2]
OWN = "own.npz" if os.name == "nt" else "<own>.npz"  # Windows knows no such names
PICTURES = ["error", "latent_dist", "reconstruction", "interpol", "tsne", "samples"]


def run(program, *arguments, cwd):
    """Run a program in this process, which has its imports; return status, output and errors."""
    shown, said, status = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown), redirect_stderr(said):
        patch.chdir(cwd)
        patch.delenv("NPVAE_DATA_DIR", raising=False)
        patch.setattr(sys, "argv", [program, *map(str, arguments)])
        try:
            runpy.run_path(str(ROOT / program), run_name="__main__")
        except SystemExit as stop:
            status = stop.code
    return status, shown.getvalue(), said.getvalue()


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
    small = "--data-dir", OWN, "--epochs", "3", "--hidden-dim", "32", "--latent-dim", "4"
    alone = subprocess.run(  # from the shell, in a process of its own
        [sys.executable, ROOT / "run_kl.py", *small], cwd=directory, stdout=-1, text=True
    )
    assert alone.returncode == 0 and alone.stdout.count("images/s") == 3
    for words in (["run_ws.py", *small], ["run_ws.py", "--distance", "sliced", *small]):
        assert run(*words, cwd=directory)[0] == 0
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr(Figure, "savefig", lambda figure, file, **_: file.write(b"\x89PNG"))
        one = "--threads", "1"  # it starts no other processes
        status, _, said = run("analyze.py", "--data-dir", OWN, *one, cwd=directory)
        assert status == 0, said
    return directory


def test_the_report_shows_every_picture_and_the_numbers_of_the_history(workshop):
    names = [f"{name}_{model}.png" for name in PICTURES for model in ("kl", "ws")]
    names += ["training_loss.png", "first.png", "law.png", "claims.png"]
    report = text(workshop, "report", "report.md")
    for name in names:
        assert f"plots/{name}" in report
        assert (workshop / "report" / "plots" / name).exists()
    row = next(line for line in report.splitlines() if line.startswith("| BCE (z = μ)"))
    for model, column in (("kl", 1), ("ws", 2)):
        last = text(workshop, "runs", model, "history.csv").splitlines()[-1].split(",")
        cell = row.split(" | ")[column].split(" ±")[0]
        assert float(cell) == pytest.approx(float(last[-6]), rel=0.01)


def test_the_page_is_self_contained_and_escaped_and_links_the_explorer(workshop):
    page, explorer = (text(workshop, "report", f"{n}.html") for n in ("report", "explorer"))
    assert page.count("data:image/png;base64,") >= 13
    assert 'src="plots' not in page and "<script" not in page and "://" not in page
    assert html.escape(OWN) in page and "explorer.html" in page and "<own>" not in page + explorer
    shown = OWN.replace("<", "\\u003c")
    assert f"{shown}, 583 training and 117 test images" in explorer


BAD = [  # a program, its options, words of the line
    ("run_kl.py", ["--lr", "-1"], "--lr"),
    ("run_kl.py", ["--threads", "4000"], "--threads"),
    ("run_ws.py", ["--gp-weight", "nan"], "--gp-weight"),
    ("run_kl.py", ["--data-dir", "nowhere"], "nowhere"),
    ("run_kl.py", ["--data-dir", OWN, "--out", OWN], "own"),
    ("analyze.py", ["--kl", "nowhere", "--data-dir", OWN], "nowhere"),
    ("analyze.py", ["--kl", "runs/ws", "--data-dir", OWN], "runs/ws"),
    ("analyze.py", ["--seeds", "0"], "--seeds"),
]


@pytest.mark.parametrize(("program", "arguments", "words"), BAD)
def test_bad_input_gives_one_line_and_exit_status_2(program, arguments, words, workshop):
    status, _, said = run(program, *arguments, cwd=workshop)
    assert status == 2 and len(said.splitlines()) == 1
    assert said.startswith(program) and words in said
