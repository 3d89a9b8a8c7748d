"""The scaling benchmark: what it varies, its tables, its picture; no times."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data_helpers import write_toy
from small import BATCH, CRITIC_STEPS, HIDDEN, LATENT, PIXELS, Small

from benchmarks import scaling
from benchmarks.peers import Sizes, step_flop
from benchmarks.scaling import Case, Sweep, draw_scaling, make_sweeps, measure, scaling_table
from npvae.cli import run_program
from npvae.kernels import matmul

ROOT = Path(__file__).resolve().parents[2]


def proportional(sweep):
    """Made-up timings: exactly proportional cost, a WS step ten times that of a KL step."""
    values = np.array([case.value for case in sweep.cases])
    power = {"training images": 0.0, "threads": -1.0}.get(sweep.quantity, 1.0)
    kl = 1e-3 * values**power
    return {"kl": kl, "ws": 10 * kl}


def test_flop_of_a_step():
    sizes = Sizes()
    assert step_flop("kl", sizes) == 131_399_680  # the README's 131 MFLOP
    assert step_flop("ws", sizes) == pytest.approx(1223e6, rel=1e-3)
    for run in ("kl", "ws"):
        assert step_flop(run, replace(sizes, batch=128)) == 2 * step_flop(run, sizes)
    # Every product of the VAE has the hidden layer on one side; the critic's have not.
    wide = replace(sizes, hidden=512)
    assert step_flop("kl", wide) == 2 * step_flop("kl", sizes)
    assert step_flop("ws", wide) - step_flop("ws", sizes) == step_flop("kl", sizes)


@pytest.mark.parametrize("run", ["kl", "ws"])
def test_flop_are_those_of_the_products_that_a_step_does(run, monkeypatch):
    done, multiply = [], matmul._multiply

    def counted(A, a_transposed, B, b_transposed, C, *rest, **options):
        done.append(2 * C.size * A.shape[0 if a_transposed else 1])
        multiply(A, a_transposed, B, b_transposed, C, *rest, **options)

    monkeypatch.setattr(matmul, "_multiply", counted)
    net = Small()
    getattr(net, f"train_{run}")(1)
    assert sum(done) == step_flop(
        run, Sizes(PIXELS, HIDDEN, LATENT, (8, 7, 4), BATCH, CRITIC_STEPS)
    )


def test_sweeps_vary_one_quantity_and_nothing_else(monkeypatch):
    monkeypatch.setattr(scaling, "ALL", 6)
    hidden, batch, images, threads = make_sweeps(784, quick=False)
    assert [case.sizes.hidden for case in hidden.cases] == [64, 128, 256, 512, 1024, 2048, 4096]
    assert [case.sizes.batch for case in batch.cases] == [1, 4, 16, 64, 256, 1024, 4096]
    counts = [case.images for case in images.cases]
    assert counts[0] == 1_000 and counts[-1] == 60_000
    assert [case.steps for case in images.cases] == [n // 64 for n in counts]
    assert [case.threads for case in threads.cases] == [1, 2, 4, 6]
    reference = Case(0, Sizes())
    for sweep, name in ((hidden, "hidden"), (batch, "batch")):
        for case in sweep.cases:
            changed = replace(reference.sizes, **{name: case.value})
            assert case == replace(reference, value=case.value, sizes=changed)
    for case in threads.cases:
        assert case == replace(reference, value=case.value, threads=case.value)
    for case in images.cases:
        assert case == replace(reference, value=case.value, images=case.value, steps=case.steps)


def test_measured_epochs_are_divided_by_their_steps(monkeypatch):
    seen = []

    class Counter:
        def __init__(self, run, sizes, images, threads):
            self.run, self.images, self.calls = run, images, []
            seen.append(self)

        def __call__(self, index):
            self.calls.append(index)

    def run_each_once(runs, rounds):
        for _, run in runs:
            run()
        return [6.0, 9.0, 60.0, 90.0]

    monkeypatch.setattr(scaling, "make_npvae_step", Counter)
    monkeypatch.setattr(scaling, "median_seconds", run_each_once)
    sizes = Sizes(pixels=5, batch=4)
    cases = [Case(13, sizes, images=13, steps=3), Case(19, sizes, images=19, steps=4)]
    seconds = measure(Sweep("images", "", cases, epochs=True), np.zeros((20, 5), np.uint8), 1)
    assert {run: list(s) for run, s in seconds.items()} == {"kl": [2, 2.25], "ws": [20, 22.5]}
    assert [(c.run, len(c.images)) for c in seen] == [
        ("kl", 13),
        ("kl", 19),
        ("ws", 13),
        ("ws", 19),
    ]
    for counter, steps in zip(seen, [3, 4, 3, 4], strict=True):
        index = np.array(counter.calls)
        assert index.shape == (steps, 4)
        assert len(np.unique(index)) == index.size  # an epoch sees an image once
        assert index.max() < len(counter.images)


def test_table_converts_the_units():
    sizes = Sizes()
    sweep = Sweep("images", "", [Case(60_000, sizes, 60_000, steps=900)], epochs=True)
    flop = {run: step_flop(run, sizes) for run in ("kl", "ws")}
    seconds = {"kl": np.array([flop["kl"] / 50e9]), "ws": np.array([0.032])}
    head, _, row = scaling_table(sweep, seconds).splitlines()
    units = "ms/step", "µs/image", "GFLOP/s", "s/epoch"
    columns = ["images", *(f"{run} {unit}" for run in ("KL", "WS") for unit in units)]
    assert head == f"| {' | '.join(columns)} |"
    assert row == "| 60,000 | 2.63 | 41.1 | 50 | 2.37 | 32 | 500 | 38.2 | 28.8 |"
    head = scaling_table(replace(sweep, epochs=False), seconds).splitlines()[0]
    assert "epoch" not in head


def test_picture_shows_cost_beside_proportional_cost(monkeypatch, tmp_path):
    kept = {}
    monkeypatch.setattr(scaling, "save", lambda figure, path: kept.update({path: figure}))
    monkeypatch.setattr(scaling, "ALL", 4)
    sweeps = make_sweeps(784, quick=False)
    draw_scaling([(sweep, proportional(sweep)) for sweep in sweeps], tmp_path / "scaling.png")
    figure = kept[tmp_path / "scaling.png"]
    for ax, sweep in zip(figure.axes, sweeps, strict=True):
        values = [case.value for case in sweep.cases]
        assert ax.get_xlabel() == sweep.quantity and ax.get_ylabel().startswith("ms per ")
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        assert [text.get_text() for text in ax.get_xticklabels()] == [f"{n:,}" for n in values]
        solid, dashed = (
            [line.get_ydata() for line in ax.lines if line.get_linestyle() == style]
            for style in ("-", "--")
        )
        assert len(solid) == len(dashed) == 2
        for cost, line in zip(solid, dashed, strict=True):
            # Made-up costs are proportional; epochs lack the last batch, 40 of 1,000 images.
            np.testing.assert_allclose(cost, line, rtol=0.05 if sweep.epochs else 1e-9)
        expected = 1e3 * proportional(sweep)["ws"] * [case.steps for case in sweep.cases]
        np.testing.assert_allclose(solid[1], expected)
    names = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {line.get_label() for ax in figure.axes for line in ax.lines} == names


def test_the_program_prints_four_tables_and_writes_the_picture(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NPVAE_DATA_DIR", str(write_toy(tmp_path / "toy")))
    monkeypatch.setattr(scaling, "ALL", 1)
    monkeypatch.setattr(scaling, "COUNTS", (130, 1_000, 60_000))
    monkeypatch.setattr(sys, "argv", ["scaling.py", "--quick", "--out", str(tmp_path / "out")])
    scaling.main()
    printed = capsys.readouterr().out
    rows = [line.split(" | ") for line in printed.splitlines() if line.startswith("| ")]
    first = [row[0].strip("| ") for row in rows if row[0] != "| ---:"]
    hidden, batch, images, threads = (sweep.quantity for sweep in make_sweeps(15, quick=True))
    assert first == [
        hidden, "64", "128", batch, "1", "4", images, "130", "1,000", threads, "1"
    ]  # fmt: skip
    assert (tmp_path / "out" / "scaling.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "names"),
    [(["--rounds", "0"], "--rounds"), (["--quick", "--out", str(Path(__file__) / "x")], "--out")],
)
def test_bad_options_give_one_line_and_status_2(options, names, monkeypatch, capsys):
    monkeypatch.setenv("NPVAE_DATA_DIR", "no such directory")  # an option let through ends here
    monkeypatch.setattr(sys, "argv", ["scaling.py", *options])
    with pytest.raises(SystemExit) as end:
        run_program(scaling.main)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert names in error and error.count("\n") == 1


def test_the_program_starts_from_anywhere():
    program = [sys.executable, str(ROOT / "benchmarks" / "scaling.py"), "--hidden", "64"]
    done = subprocess.run(program, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 2
    assert "--hidden" in done.stderr and done.stderr.count("\n") == 1
