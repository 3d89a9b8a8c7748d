"""Bounds on log p(x) of decoders small enough to integrate over a grid of all z."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import multivariate_normal

from npvae.data.dataset import Dataset
from npvae.evaluation import likelihood
from npvae.evaluation.densities import fit_density, standard_normal
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.likelihood import WIDER, bound, fit_proposals, log_weights, measure_likelihood
from npvae.models.vae import make_vae
from npvae.training.options import Options
from npvae.training.run import new_run

PIXELS, HIDDEN, IMAGES = 16, 200, 40


def small_decoder(latent, seed=0):
    """A decoder of so many units that no kink matters, noisy images of its own, and their codes."""
    rng = np.random.default_rng(seed)
    w = make_vae(PIXELS, HIDDEN, latent, np.float64, rng).w
    w.W3[:], w.b3[:] = rng.standard_normal(w.W3.shape), rng.standard_normal(w.b3.shape)
    w.W4[:] = 2 / np.sqrt(HIDDEN) * rng.standard_normal(w.W4.shape)
    w.b4[:] = rng.standard_normal(w.b4.shape)
    z = rng.standard_normal((IMAGES, latent))
    logits = np.maximum(z @ w.W3 + w.b3, 0) @ w.W4 + w.b4
    return w, expit(logits + 0.3 * rng.standard_normal(logits.shape)), z


def log_p_given(w, x, z):
    """Compute log p(x|z) (N, Z) of images x (N, pixels) at every z (Z, latent)."""
    logits = np.maximum(z @ w.W3 + w.b3, 0) @ w.W4 + w.b4
    return -(x @ np.logaddexp(0, -logits).T + (1 - x) @ np.logaddexp(0, logits).T)


def integrate(w, x, prior):
    """Compute log p(x) on a grid over [-9, 9] in each dimension."""
    latent = w.W3.shape[0]
    line = np.linspace(-9, 9, 4001 if latent == 1 else 241)
    z = np.stack(np.meshgrid(*[line] * latent), axis=-1).reshape(-1, latent)
    joint = np.exp(log_p_given(w, x, z) + prior.log(z)) * (line[1] - line[0]) ** latent
    return np.log(joint.sum(axis=1))


def clustered(latent):
    """Codes that have three clusters."""
    rng = np.random.default_rng(5)
    return rng.normal(0, 0.4, (600, latent)) + rng.choice([-2, 0, 1.5], (600, 1))


@pytest.fixture(scope="module", params=[1, 2])
def solved(request):
    """A decoder, its images, where to start, two priors, and log p(x) under each."""
    w, x, z = small_decoder(request.param)
    priors = standard_normal(request.param), fit_density(clustered(request.param), 3)
    start = z + 0.3 * np.random.default_rng(1).standard_normal(z.shape)
    log_p = [integrate(w, x, prior) for prior in priors]
    return SimpleNamespace(w=w, x=x, start=start, priors=priors, log_p=log_p)


def test_bounds_rise_with_k_to_log_p_and_not_above(solved):
    """With good proposals, and with those of an encoder that is too sure of itself."""
    for prior, log_p in zip(solved.priors, solved.log_p, strict=True):
        mean, factor = fit_proposals(solved.w, solved.x, solved.start, prior)
        values = log_weights(solved.w, solved.x, (mean, factor), prior, samples=4096)
        np.testing.assert_allclose(bound(values), log_p, atol=0.12)
        assert bound(values).mean() == pytest.approx(log_p.mean(), abs=0.01)
        narrow = np.broadcast_to(0.15 * np.eye(mean.shape[1]), factor.shape)
        values = log_weights(solved.w, solved.x, (mean, narrow), prior, samples=4096)
        of_k = [bound(values.reshape(-1, k)).reshape(IMAGES, -1).mean(axis=1) for k in (1, 16, 256)]
        gaps = [(log_p - found).mean() for found in of_k]
        assert gaps[0] > gaps[1] > gaps[2] > 0
        np.testing.assert_allclose(of_k[0], values.mean(axis=1))  # one draw: the ELBO
        assert (of_k < log_p + 0.2).all()  # for every image, up to the noise of 4096 draws


def test_proposals_are_at_the_mode_with_the_curvature_there(solved):
    """By central differences of the energy in float64, where no unit's kink is near."""
    latent, h = solved.start.shape[1], 1e-4
    for prior in solved.priors:
        mean, factor = fit_proposals(solved.w, solved.x, solved.start, prior)
        steps = h * np.eye(latent)
        gaussian = multivariate_normal(prior.mean, np.linalg.inv(prior.whiten @ prior.whiten.T))

        def energy(*moves, at=mean, gaussian=gaussian):
            """-log p(x|z) p(z) of each image at its own z, p(z) the Gaussian of the prior."""
            z = at + sum(moves)
            return -np.diag(log_p_given(solved.w, solved.x, z)) - gaussian.logpdf(z).ravel()

        slope = np.stack([energy(s) - energy(-s) for s in steps], axis=1) / (2 * h)
        smooth = (np.abs(mean @ solved.w.W3 + solved.w.b3) > 1e-3).all(axis=1)
        assert smooth.mean() > 0.5
        # After so few steps some searches are still on their way along the kinks.
        assert np.quantile(np.abs(slope[smooth]), 0.7) < 1e-6
        hessian = np.empty((IMAGES, latent, latent))
        for i, a in enumerate(steps):
            for j, b in enumerate(steps):
                corners = energy(a, b) - energy(a, -b) - energy(-a, b) + energy(-a, -b)
                hessian[:, i, j] = corners / (4 * h**2)
        covariance = factor @ factor.transpose(0, 2, 1)
        # Second differences err by rounding / h^2, about 1e-6, and by h^2.
        expected = WIDER**2 * np.linalg.inv(hessian[smooth])
        np.testing.assert_allclose(covariance[smooth], expected, rtol=1e-4, atol=1e-5)
        # No start that we know of is better.
        assert (energy() <= energy(at=solved.start)).all()


def test_images_as_bytes_or_floats_in_any_number_of_batches(solved):
    images = np.random.default_rng(8).integers(256, size=(603, PIXELS), dtype=np.uint8)
    start, prior = np.zeros((603, solved.start.shape[1])), solved.priors[0]
    alike = images, images / 255, images[500:]
    (mean, factor), floats, rest = (fit_proposals(solved.w, x, start, prior) for x in alike)
    np.testing.assert_allclose(factor, floats[1], rtol=1e-6)
    np.testing.assert_allclose(mean[500:], rest[0][:103], rtol=1e-6, atol=1e-9)


def test_measure_likelihood_takes_a_random_choice_of_images_and_both_priors(monkeypatch):
    """The decoder ignores z, so that all priors give log p(x); half of the images are black."""
    monkeypatch.setattr(likelihood, "IMAGES", 20)
    run = new_run(Options("kl", latent_dim=2, hidden_dim=3), (4, 4))
    run.vae.w.W4[:], run.vae.w.b4[:] = 0, np.log(0.25 / 0.75)  # grey value 0.25
    images = np.repeat(np.uint8([[0], [255]]), 30, axis=0) * np.ones((1, PIXELS), np.uint8)
    data = Dataset(images, None, images, None, (4, 4), "", False)
    found = Measurement()
    measure_likelihood(found, encode_run(run, images, 0), data, fit_density(clustered(2), 3))
    black, white = PIXELS * np.log(0.75), PIXELS * np.log(0.25)
    assert list(found.values) == ["bound_prior", "bound_mix"]
    shares = {key: (value - black) / (white - black) for key, value in found.values.items()}
    assert 0.2 < shares["bound_prior"] < 0.8  # neither the first 20 nor the last 20
    assert 20 * shares["bound_prior"] == pytest.approx(round(20 * shares["bound_prior"]), abs=0.1)
    assert shares["bound_mix"] == pytest.approx(shares["bound_prior"], abs=0.05)
    assert found.replicates["bound_mix"].std() > 0.1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("steepness", [1e2, 1e4, 1e6])
def test_a_steep_decoder_has_proposals_and_a_bound(steepness):
    """Two of three latent numbers say the same: but for the prior's 1 the Hessian is singular."""
    run, rng = new_run(Options("kl", latent_dim=3, hidden_dim=8), (4, 4)), np.random.default_rng(14)
    w = run.vae.w
    w.W3[:2], w.W3[2] = steepness * rng.standard_normal(8), 0
    w.W4[:] = rng.standard_normal(w.W4.shape)
    images = rng.integers(256, size=(20, PIXELS), dtype=np.uint8)
    data = Dataset(images, None, images, None, (4, 4), "", False)
    mean, factor = fit_proposals(w, images, np.zeros((20, 3)), standard_normal(3))
    assert np.isfinite(mean).all() and np.isfinite(factor).all()
    # Along z1 - z2 and z3 nothing but the prior is known.
    for direction in ([1, -1, 0], [0, 0, 1]):
        d = np.array(direction) / np.linalg.norm(direction)
        variance = np.square(np.einsum("i,bij->bj", d, factor)).sum(axis=1)
        np.testing.assert_allclose(variance, WIDER**2, rtol=1e-3)
    found = Measurement()
    measure_likelihood(found, encode_run(run, images, 0), data, fit_density(clustered(3), 3))
    assert all(np.isfinite(value) for value in found.values.values())
