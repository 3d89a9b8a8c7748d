"""The benchmark's competitors do the same work, PyTorch and JAX if they are there; its tables."""

import contextlib
import sys
from functools import partial
from types import SimpleNamespace

import numba
import numpy as np
import pytest
import small
from data_helpers import write_toy

from benchmarks import busy, matmul_ladder, peers, step, worker
from benchmarks.matmul_ladder import RUNGS, draw_matrices, ladder_table, measure
from benchmarks.peers import Sizes, Unavailable, initial_layers, make_step, step_flop
from benchmarks.timing import median_seconds
from benchmarks.worker import STEPS, Timing, Worker
from npvae.kernels import matmul

MS = {"npvae": 1.0, "torch eager": 2.0}


class Fixed(contextlib.nullcontext):
    """Stands in for a worker: slower with each busy program; "jax jit" is not there."""

    busy, turns = 0, ()

    def __init__(self, name, run, threads, images):
        super().__init__(self)
        self.absent = None if name in MS else "jax is not installed"
        self.name, self.threads = name, threads
        assert np.load(images).ndim == 2

    def run(self, steps):
        Fixed.turns.append((self.name, self.threads, steps))
        return Timing(MS[self.name] * 1e-3 * (1 + 0.5 * Fixed.busy), 3 * 2**20)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A function that runs a benchmark with made-up workers; it returns the lines of its table."""
    write_toy(tmp_path)
    monkeypatch.setenv("NPVAE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(worker, "Worker", Fixed)
    Fixed.busy, Fixed.turns = 0, []
    worker._say_once.cache_clear()

    def run(program, *options):
        monkeypatch.setattr(sys, "argv", ["", *options, "--only", *MS, "jax jit"])
        program.main()
        shown, said = capsys.readouterr()
        assert said == "jax jit: skipped, jax is not installed\n"
        return shown.splitlines()

    return run


def test_the_table_of_steps(run, monkeypatch):
    monkeypatch.setattr(step, "fma_peak", lambda threads: 500.0 * threads)
    lines = run(step, "--rounds", "2", "--threads", "1", "2")
    a_round = [(name, n) for n in (1, 2) for name in MS]
    kl, ws = ([(*turn, STEPS[run]) for turn in 2 * a_round] for run in ("kl", "ws"))
    assert Fixed.turns == kl + ws
    rate = step_flop("ws", Sizes()) / 1e-3 / 1e9
    assert lines[-2:] == [
        f"| WS | 2 | npvae | 1.00 | 1.00 | {rate:.0f} | {rate / 1000:.0%} | 3 |",
        f"| WS | 2 | torch eager | 2.00 | 2.00 | {rate / 2:.0f} | {rate / 2000:.0%} | 3 |",
    ]


def test_the_table_of_the_busy_machine_has_the_idle_time_and_its_multiples(run, monkeypatch):
    @contextlib.contextmanager
    def counted(count):
        Fixed.busy = count
        yield

    monkeypatch.setattr(busy, "busy_programs", counted)
    lines = run(busy, "--rounds", "3", "--busy", "0", "2")
    assert {threads for _, threads, _ in Fixed.turns} == {min(2, numba.config.NUMBA_NUM_THREADS)}
    assert lines[2] == "| KL | npvae | 1.00 | 2.00 (2.0) |" and len(lines) == 6


def test_busy_programs_end():
    with busy.busy_programs(2) as programs:
        assert [program.poll() for program in programs] == [None, None]
    assert None not in [program.poll() for program in programs]


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: f"{rung.name}, {rung.threads}")
def test_each_rung_computes_the_product(rung):
    for shape in [(1, 1, 1), (3, 5, 7), (4, 4, 16), (8, 64, 32), (9, 17, 33), (66, 35, 81)]:
        A, B, _ = draw_matrices(shape, rung.stored)
        # A row of NaN before and after C shows writes beyond its edges.
        frame = np.full((shape[0] + 2, shape[2]), np.nan, np.float32)
        rung.kernel(A, B, C := frame[1:-1])
        exact = A.astype(np.float64) @ B.astype(np.float64)
        np.testing.assert_allclose(C, exact, atol=1e-6 * shape[1], rtol=1e-5)
        assert np.isnan(frame[[0, -1]]).all()


def test_competitors_take_turns_and_the_median_of_each_is_returned(monkeypatch):
    now, order = [0.0], []
    clock = SimpleNamespace(perf_counter=lambda: now[0], sleep=lambda seconds: None)
    monkeypatch.setattr("benchmarks.timing.time", clock)

    def run(name, seconds):
        order.append(name)
        now[0] += seconds.pop(0)

    # A turn is an untimed run and, for runs as long as these, one timed run.
    times = {"a": [9.0, 2.0, 9.0, 50.0, 9.0, 3.0], "b": [9.0, 5.0, 9.0, 6.0, 9.0, 4.0]}
    runs = [(1, partial(run, name, seconds)) for name, seconds in times.items()]
    assert median_seconds(runs, rounds=3) == [3.0, 5.0]
    assert order == ["a", "a", "b", "b"] * 3


def test_the_ladders_table_has_rates_and_shares_of_the_peak_of_as_many_threads(monkeypatch):
    monkeypatch.setattr(matmul_ladder, "median_seconds", lambda runs: [2.0] * len(runs))
    shapes = (3, 4, 5), (1000, 1001, 500)  # the slowest rung leaves out the larger product
    rates = {shape: measure(shape) for shape in shapes}
    for shape, rungs in zip(shapes, (RUNGS, RUNGS[1:]), strict=True):
        assert rates[shape] == dict.fromkeys(rungs, 2 * np.prod(shape) / 2e9)
    peak = {rung.threads: 2.5 * rung.threads for rung in RUNGS}
    rows = ladder_table(rates, peak).splitlines()
    share = f"0.5 ({0.2 / RUNGS[4].threads:.0%})"
    for row, end in ((0, "3×4×5 | 1000×1001×500"), (2, "6e-08 (0%) | –"), (6, share)):
        assert rows[row].endswith(f"| {end} |")


SIZES = Sizes(pixels=30, hidden=16, latent=3, critic=(24, 16, 5), batch=20, critic_updates=3)


@pytest.fixture
def images(tmp_path):
    """A file of images."""
    np.save(tmp_path / "images.npy", np.random.default_rng(1).integers(0, 256, (500, 30), np.uint8))
    return tmp_path / "images.npy"


@pytest.mark.parametrize("run", ["kl", "ws"])
def test_flop_are_those_of_the_products_that_a_step_does(run, monkeypatch):
    done, product = [], matmul._product

    def counted(A, a_transposed, B, b_transposed, *rest):
        done.append(2 * rest[-1].size * B.shape[1 if b_transposed else 0])
        product(A, a_transposed, B, b_transposed, *rest)

    monkeypatch.setattr(matmul, "_product", counted)
    getattr(small.Small(), f"train_{run}")(1)
    widths = small.PIXELS, small.HIDDEN, small.LATENT, (8, 7, 4), small.BATCH, small.CRITIC_STEPS
    assert sum(done) == step_flop(run, Sizes(*widths))


@pytest.mark.parametrize("loss", ["kl", "critic", "ws"])
def test_losses_and_gradients_agree_on_the_same_weights_and_noise(loss):
    jax, torch = map(pytest.importorskip, ("jax", "torch"))
    from benchmarks import jax_peer, torch_peer

    rng = np.random.default_rng(3)
    vae, critic = initial_layers(SIZES)
    critic = [(3 * w, b) for w, b in critic]  # slopes well away from 0
    x = rng.random((SIZES.batch, SIZES.pixels), np.float32)
    noise = rng.standard_normal((4, SIZES.batch, SIZES.latent), np.float32)
    alpha = rng.random((SIZES.batch, 1), np.float32)

    arrays = vae, critic, x, noise, alpha

    def value(peer, vae, critic, x, noise, alpha, *gradient):
        if loss == "kl":
            return peer.kl_loss(vae, x, noise[0])
        if loss == "critic":
            return peer.critic_loss(critic, *noise[:2], (*noise[2:], alpha), *gradient)
        z = torch_peer.sample(*torch_peer.encode(vae, x), noise[0]) if gradient else noise[0]
        return peer.ws_loss(vae, critic, x, z)

    trained = int(loss == "critic")
    j_loss, j_grads = jax.value_and_grad(partial(value, jax_peer), argnums=trained)(*arrays)
    tensors = jax.tree.map(lambda a: torch.tensor(a, requires_grad=True), arrays)
    t_loss = value(torch_peer, *tensors, torch_peer.gradient_by_autograd)
    t_loss.backward()
    assert t_loss.item() == pytest.approx(float(j_loss), rel=1e-5)
    for tensor, j_grad in zip(*map(jax.tree.leaves, (tensors[trained], j_grads)), strict=True):
        np.testing.assert_allclose(tensor.grad, j_grad, rtol=2e-4, atol=2e-6)


def test_a_competitor_that_cannot_run_is_unavailable(monkeypatch, images):
    monkeypatch.setitem(peers.COMPETITORS, "ghost", "no_such_package.peer:make_ghost_step")
    with pytest.raises(Unavailable, match="no_such_package is not installed"):
        make_step("ghost", "kl", SIZES, np.load(images), threads=1)
    with Worker("npvae", "kl", 10**6, images, SIZES) as worker:
        assert "1000000 threads asked for" in worker.absent


PACKAGES = {"npvae": "numba", "torch eager": "torch", "jax jit": "jax"}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_worker_runs_the_steps_it_is_asked_for(images, name):
    pytest.importorskip(PACKAGES[name])
    with Worker(name, "kl", 1, images, SIZES) as worker:
        assert worker.absent is None
        timing = worker.run(10)
    assert 0 < timing.seconds < 10
    assert 50e6 < timing.peak_bytes < 4e9
