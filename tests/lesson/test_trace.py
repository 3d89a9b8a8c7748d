"""The traced step: its numbers are those of the real step, and a fault in either shows."""

import re

import numpy as np
import pytest
from traces import CHECK, RUNS, stages, tell

from npvae.models.objectives import critic_objective
from npvae.models.steps import kl_step, ws_step
from npvae.models.vae import VAEWeights
from npvae.trace import __main__ as program
from npvae.trace import story, words, words_critic
from npvae.trace.differences import (
    critic_losses,
    numeric_gradient,
    unchanged,
    vae_forward,
    ws_losses,
)
from npvae.trace.stages import Stage, Trace, variable
from npvae.trace.start import make_start


@pytest.mark.parametrize("seed", [program.SEED, 0, 3])
@pytest.mark.parametrize("name", RUNS)
def test_the_weights_are_those_of_the_real_step_bit_for_bit(name, seed, capsys):
    traced, _ = tell(name, seed, capsys)
    real = make_start(seed)
    step = real.vae, real.act
    if name == "kl":
        kl_step(*step, real.images, real.index, beta=1.0, lr=0.01, t=1)
    else:
        ws_step(
            *step, real.critic, real.batch, real.images, real.index, noise=real.noise,
            alpha=real.alpha, wasserstein_weight=0.5, gp_weight=10.0, lr=0.01, critic_lr=0.01, t=1,
        )  # fmt: skip
    for ours, theirs in zip(
        [*traced.vae[2:], *traced.critic[2:]], [*real.vae[2:], *real.critic[2:]], strict=True
    ):
        assert ours.tobytes() == theirs.tobytes()
    assert not np.array_equal(traced.vae.theta, make_start(seed).vae.theta)
    # Every other array too, and NaN in both where the step writes nothing.
    for array, other in zip(traced.arrays().values(), real.arrays().values(), strict=True):
        assert array.tobytes() == other.tobytes()


class Swapped(Trace):
    """Does the penalty's second pass only after the weights' gradients, which need its results."""

    def stage(self, stage, function, *args, **options):
        if stage is words_critic.PENALTY_BACKWARD:
            self.late = stage, function, *args
            return
        super().stage(stage, function, *args, **options)
        if stage is words_critic.SCORE_BACKWARD_WEIGHTS:
            super().stage(*self.late)


def test_two_stages_in_the_wrong_order_are_noticed(capsys):
    start = make_start(program.SEED)
    with pytest.raises(AssertionError, match="make different weights"):
        story.ws_story(Swapped(start.arrays(), None, False), start, make_start(program.SEED))
    wrong = {y for _, y, _, a, n, _ in CHECK.findall(capsys.readouterr().out) if a != n}
    assert {"critic.w.W1", "critic.w.W2", "critic.w.W3"} <= wrong


@pytest.mark.parametrize(("name", "least"), [("kl", 16), ("ws", 38)])
def test_each_finite_difference_agrees_with_its_gradient_in_the_digits_shown(name, least, outputs):
    checks = CHECK.findall(outputs[name])
    assert len(checks) >= least
    for loss, y, _, by_hand, numeric, remark in checks:
        assert by_hand == numeric and not remark, (loss, y)
    # Only b3 of the critic has no gradient.
    assert [y for _, y, _, by_hand, _, _ in checks if by_hand == "0"] == (
        ["critic.w.b3"] if name == "ws" else []
    )


@pytest.mark.parametrize("name", RUNS)
def test_every_gradient_that_is_shown_has_its_finite_difference(name, outputs):
    for text in stages(outputs[name]).values():
        shown_arrays = re.findall(r"(?:(\w+) in )?([a-z]+(?:\.[a-zA-Z]\w*)+) \(", text)
        expected = {variable(array, called or None) for called, array in shown_arrays} - {None}
        assert {y for _, y, *_ in CHECK.findall(text)} == expected


def test_the_number_beside_a_gradient_is_its_entry(capsys):
    start, text = tell("ws", program.SEED, capsys)
    checks = {y: (place, by_hand) for _, y, place, by_hand, _, _ in CHECK.findall(text)}
    for name, w, dw in zip(start.vae.w._fields, start.vae.w, start.vae.dw, strict=True):
        place, by_hand = checks[f"vae.w.{name}"]
        entry = tuple(map(int, place.split(",")))
        assert len(entry) == w.ndim
        assert float(by_hand) == pytest.approx(dw[entry], rel=1e-3)
        assert abs(dw[entry]) == pytest.approx(np.abs(dw).max(), abs=1e-6)


def test_a_wrong_gradient_shows(monkeypatch, capsys):
    def twice(act):
        real(act)
        act.dlogvar[:] *= 2  # the half in d exp(logvar / 2) forgotten

    real = story.sample_backward
    monkeypatch.setattr(story, "sample_backward", twice)
    with pytest.raises(AssertionError, match="make different weights"):
        tell("kl", program.SEED, capsys)
    wrong = [c for c in CHECK.findall(capsys.readouterr().out) if c[3] != c[4]]
    assert wrong[0][:2] == ("bce", "act.logvar")
    assert float(wrong[0][3]) == pytest.approx(2 * float(wrong[0][4]), rel=1e-3)


def test_an_array_that_a_stage_does_not_name_may_not_change():
    arrays = {"a.x": np.zeros(3), "a.y": np.zeros(3)}
    trace = Trace(arrays, "nothing", False)
    trace.stage(Stage("bce", "", writes=["a.x"]), arrays["a.x"].fill, 1.0)
    with pytest.raises(AssertionError, match=r"a\.y"):
        trace.stage(Stage("bce", "", writes=["a.x"]), arrays["a.y"].fill, 1.0)


def test_every_array_that_a_stage_names_is_written(outputs):
    """NaN stood there before, or other numbers: only these are the same after as before."""
    same = {
        name: re.findall(r"same numbers as before: ([\w., \n]+?)\n\n", text)
        for name, text in outputs.items()
    }
    rows_of_three = "fake", "prior", "mixed"
    b3 = "critic.w.b3, critic.m.b3, critic.v.b3"
    constant = ", ".join(f"{rows}.{d}" for d in ("dscore", "dunits") for rows in rows_of_three)
    assert same["kl"] == []
    assert [" ".join(names.split()) for names in same["ws"]] == [
        b3,  # its gradient is 0
        f"{constant}, critic.dw.b3, {b3}, act.sigma",  # the second update
        "act.sigma",  # mu and logvar are still the same
    ]


DOCUMENTED = {
    "ENCODE": "encode_forward",
    "SAMPLE": "sample_forward",
    "DECODE": "decode_forward",
    "DECODE_BACKWARD": "decode_backward",
    "SAMPLE_BACKWARD_KL": "sample_backward",
    "ENCODE_BACKWARD": "encode_backward",
    "SCORE": "score_forward",
    "SCORE_BACKWARD": "score_backward_hidden",
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_stage_names_the_arrays_that_the_docstring_of_its_function_names(name):
    docstring = " ".join(getattr(story, DOCUMENTED[name]).__doc__.split())
    written = re.search(r"writes (.+?)\.(?: [A-Z]|$)", docstring)[1].replace("stats", "mu, logvar")
    fields = VAEWeights._fields
    for first, last in re.findall(r"dw\.(\w+) \.\. dw\.(\w+)", written):
        between = fields[fields.index(first) : fields.index(last) + 1]
        written = written.replace(f"dw.{first} .. dw.{last}", ", ".join(between))
    stage = getattr(words, name, None) or getattr(words_critic, name)
    assert set(re.split(r", and |, | and ", written)) == {w.split(".")[-1] for w in stage.writes}


def test_the_default_seed_has_relus_on_and_off_in_every_hidden_layer_and_a_norm_that_is_not_1():
    start, seen = make_start(program.SEED), {}

    def watch(name, array):
        return seen.setdefault(name, array)

    forward = vae_forward(watch, start.vae.w, start.images, start.act.eps)
    (eps, prior), alpha = start.noise[0], start.alpha[0][:, None]
    fake = forward.mu + np.exp(forward.logvar / 2) * eps
    mixed = fake + alpha * (prior - fake)
    critic_losses(watch, start.critic.w, fake, prior, mixed, 10.0)
    for name in ("act.a_enc", "act.a_dec", "mixed.a1", "mixed.a2"):
        assert 0 < np.mean(seen[name] > 0) < 1, name
    norm = np.linalg.norm(seen["mixed.dz"], axis=1)
    assert np.all((norm > 0.1) & (norm < 0.5)) and abs(norm[0] - norm[1]) > 0.02


def test_the_losses_in_plain_numpy_are_those_of_the_real_steps():
    start = make_start(5)
    w, critic_w = ([a.copy() for a in p.w] for p in (start.vae, start.critic))
    before = start.vae.w._make(w)
    bce, kl, _ = kl_step(start.vae, start.act, start.images, start.index, beta=1.0, lr=0.01, t=1)
    losses = story.kl_losses(unchanged, before, start.images, start.act.eps, 0.7)
    assert (losses["bce"], losses["kl"]) == pytest.approx((bce, kl), rel=1e-13)
    assert losses["loss"] == pytest.approx(bce + 0.7 * kl, rel=1e-13)

    batch, z = start.batch, np.random.default_rng(0).standard_normal((6, 2))
    batch.every.z[:] = z
    distance, penalty, _ = critic_objective(start.critic, batch, 10.0)
    critic = start.critic.w._make(critic_w)
    losses = critic_losses(unchanged, critic, z[:2], z[2:4], z[4:], 3.0)
    found = losses["distance"], losses["penalty"], losses["loss"]
    assert found == pytest.approx((distance, penalty, 3 * penalty - distance), rel=1e-12)
    losses = ws_losses(unchanged, before, start.images, start.act.eps, critic, 0.5)
    assert losses["loss"] == pytest.approx(bce - 0.5 * losses["mean score(z)"], rel=1e-13)


def test_a_finite_difference_for_an_unknown_array_is_refused():
    with pytest.raises(ValueError, match="nowhere"):
        numeric_gradient(lambda nudge: {"loss": 1.0}, "loss", "nowhere", (0,))


def test_a_relu_that_flips_within_the_step_is_named(capsys):
    _, text = tell("ws", 117, capsys)  # here one hidden unit's input is 0
    assert text.count("(a ReLU flips here)") == 3
