"""npvae/plain.py is the fast engine's oracle: it shares no code with what it is compared to.

After 20 steps in float64 every parameter may differ by 1e-10. Rounding leaves less than 1e-12; a
wrong formula moves some parameter otherwise by a good part of a step of Adam, 1e-3. So what finite
differences say of the fast engine holds here too.
"""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from small import Small

from course.replace import plain_with
from npvae import plain
from npvae.models.sliced import make_lines
from npvae.models.steps import kl_step, sw_step, ws_step

STEPS, UPDATES, DIRECTIONS, LR, CRITIC_LR = 20, 3, 9, 1e-3, 2e-3
TOLERANCE = 1e-10
REFERENCE = {"batch": 64, "vae": (784, 256, 10), "critic": ((512, 256), 10)}


def played(*arrays):
    """Stand for a random generator; play given arrays in the order in which they are asked."""

    def draw(shape, dtype):
        array = next(left).reshape(shape)
        assert array.dtype == dtype
        return array

    left = iter(arrays)
    return SimpleNamespace(standard_normal=draw, random=draw)


class Twins(Small):
    """The same networks twice, fast and plain, and what both see in each step."""

    def __init__(self, **sizes):
        super().__init__(5, **sizes)
        self.lines = make_lines(DIRECTIONS, *self.a.eps.shape, self.dtype)
        self.networks = [copies(self.vae), copies(self.critic)]
        self.states = [plain_state(network) for network in self.networks]

    def step(self, run, t, weight=1.3, gp_weight=8.0):
        """Do step t with both; return both's losses, without their sum."""
        batch, latent = self.a.eps.shape
        index = self.rng.permutation(len(self.images))[:batch]
        x, (eps, *noise) = self.images[index], self.normal(1 + 2 * UPDATES, batch, latent)
        noise = np.reshape(noise, (UPDATES, 2, batch, latent))
        alpha = self.rng.uniform(size=(UPDATES, batch)).astype(self.dtype)
        lines = self.normal(DIRECTIONS, latent)
        self.a.eps[:], self.lines.prior[:], self.lines.directions[:] = eps, noise[0, 0], lines
        fast, seen, rates = (self.vae, self.a), (self.images, index), {"lr": LR, "t": t}
        (vae, critic), (state, critic_state) = self.networks, self.states
        before = dict(vae)
        if run == "kl":
            *losses, _ = kl_step(*fast, *seen, beta=weight, **rates)
            loss, *ours = plain.kl_step(vae, state, x, played(eps), weight, LR)
        elif run == "sw":
            *losses, _ = sw_step(*fast, self.lines, *seen, wasserstein_weight=weight, **rates)
            rng = played(np.stack([eps, noise[0, 0]]), lines)
            loss, *ours = plain.sw_step(vae, state, x, rng, weight, LR, DIRECTIONS)
        else:
            *losses, _ = ws_step(
                *fast, self.critic, self.batch, *seen, noise=noise, alpha=alpha, **rates,
                wasserstein_weight=weight, gp_weight=gp_weight, critic_lr=CRITIC_LR,
            )  # fmt: skip
            rng, rates = played(noise, *alpha, eps), (LR, CRITIC_LR, UPDATES)
            networks = vae, state, critic, critic_state
            loss, *ours = plain.ws_step(*networks, x, rng, weight, gp_weight, *rates)
            z = plain.sample(*plain.encode(before, x)[1:], eps)
            assert loss == pytest.approx(ours[0] - weight * plain.score(z, *critic.values()).mean())
            return losses, ours
        assert loss == pytest.approx(ours[0] + weight * ours[1])
        return losses, ours


def copies(network):
    return {k: w.copy() for k, w in zip(network.w._fields, network.w, strict=True)}


def plain_state(network):
    m, v = ({k: np.zeros_like(w) for k, w in network.items()} for _ in range(2))
    return {"t": 0, "m": m, "v": v}


@pytest.mark.parametrize("sizes", [{}, REFERENCE], ids=["small", "reference"])
@pytest.mark.parametrize("run", ["kl", "ws", "sw"])
@pytest.mark.usefixtures("one_thread")  # NumPy's threads would wait for those of npvae
def test_every_parameter_is_that_of_the_fast_engine_after_20_steps(run, sizes):
    twins = Twins(**sizes)
    pairs = list(zip([twins.vae, twins.critic], twins.networks, strict=True))
    pairs = pairs if run == "ws" else pairs[:1]
    before = [copies(fast) for fast, _ in pairs]
    for t in range(1, STEPS + 1):
        fast, ours = twins.step(run, t)
        assert ours == pytest.approx(fast, rel=TOLERANCE), f"step {t}"
    for (fast, ours), start in zip(pairs, before, strict=True):
        for name, w in copies(fast).items():
            assert np.abs(ours[name] - w).max() < TOLERANCE, name
            # Both have moved, but for the critic's last bias, which the loss does not see.
            if fast is twins.vae or name != "b3":
                assert np.abs(w - start[name]).max() > STEPS / 4 * LR, name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_type_is_used_throughout(dtype):
    twins = Twins(dtype=dtype)
    for t, run in enumerate(("kl", "ws", "sw"), start=1):
        twins.step(run, t)
    for network, state in zip(twins.networks, twins.states, strict=True):
        for arrays in (network, state["m"], state["v"]):
            assert {array.dtype for array in arrays.values()} == {np.dtype(dtype)}


def test_a_shift_has_its_length_as_sliced_distance():
    """In the mean over directions. 4,000 of them leave an error below 3 %."""
    for dimensions in (1, 2, 10, 500):
        rng = np.random.default_rng(6)
        z, lines = (rng.standard_normal((rows, dimensions)) for rows in (3, 4_000))
        shift = np.linspace(1, 2, dimensions)
        distance, _ = plain.sliced(z, z + shift, lines / plain.row_norms(lines))
        assert distance == pytest.approx(np.linalg.norm(shift), rel=0.03)


LEARNED = [  # every function but those that read files and print
    name
    for name, function in inspect.getmembers(plain, inspect.isfunction)
    if name not in ("train", "main", "load_images", "new_network") and not name.endswith("_step")
]


@pytest.mark.parametrize("name", LEARNED)
def test_no_step_goes_round_a_function(name):
    twins, rng = Twins(), np.random.default_rng(0)
    (vae, critic), (state, critic_state), x = twins.networks, twins.states, twins.images
    other = plain_with(**{name: lambda *_: 1 / 0})
    with pytest.raises(ZeroDivisionError):
        for step in (other.kl_step, other.sw_step):
            step(vae, state, x, rng, 1.0)
        other.ws_step(vae, state, critic, critic_state, x, rng, 1.0)
    plain.ws_step(vae, state, critic, critic_state, x, rng, 1.0)  # the imported one is unchanged


def test_only_functions_of_the_file_can_be_replaced():
    for name in ("absent", "np", "LR", "Path", "__name__"):
        with pytest.raises(ValueError, match=name):
            plain_with(**{name: abs})
