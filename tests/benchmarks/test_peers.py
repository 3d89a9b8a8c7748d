"""The benchmark's competitors do the same work; PyTorch and JAX need not be installed."""

import importlib.util

import numpy as np
import pytest
import small

from benchmarks import peers
from benchmarks.peers import Sizes, Unavailable, initial_layers, make_step, step_flop
from benchmarks.worker import Worker
from npvae.kernels import matmul

SIZES = Sizes(pixels=30, hidden=16, latent=3, critic=(24, 16, 5), batch=20, critic_updates=3)
FRAMEWORKS = {"torch eager": "torch", "jax jit": "jax"}


def needs(*packages):
    missing = [p for p in packages if importlib.util.find_spec(p) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{missing} not installed")


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


@needs("torch", "jax")
@pytest.mark.parametrize("loss", ["kl", "critic", "ws"])
def test_losses_and_gradients_agree_on_the_same_weights_and_noise(loss):
    import jax
    import torch

    from benchmarks import jax_peer, torch_peer

    rng = np.random.default_rng(3)
    vae, critic = initial_layers(SIZES)
    critic = [(3 * w, b) for w, b in critic]  # slopes well away from 0
    x = rng.random((SIZES.batch, SIZES.pixels), np.float32)
    noise = rng.standard_normal((4, SIZES.batch, SIZES.latent), np.float32)
    alpha = rng.random((SIZES.batch, 1), np.float32)

    def tensors(layers):
        return [tuple(torch.tensor(a, requires_grad=True) for a in layer) for layer in layers]

    t_vae, t_critic, t_x, t_noise = tensors(vae), tensors(critic), *map(torch.tensor, (x, noise))
    trained = t_critic if loss == "critic" else t_vae
    if loss == "kl":
        t_loss = torch_peer.kl_loss(t_vae, t_x, t_noise[0])
        j_loss, j_grads = jax.value_and_grad(jax_peer.kl_loss)(vae, x, noise[0])
    elif loss == "ws":
        z = torch_peer.sample(*torch_peer.encode(t_vae, t_x), t_noise[0])
        t_loss = torch_peer.ws_loss(t_vae, t_critic, t_x, z)
        j_loss, j_grads = jax.value_and_grad(jax_peer.ws_loss)(vae, critic, x, noise[0])
    else:
        draws = t_noise[2], t_noise[3], torch.tensor(alpha)
        gradient = torch_peer.gradient_by_autograd
        t_loss = torch_peer.critic_loss(t_critic, t_noise[0], t_noise[1], draws, gradient)
        draws = noise[2], noise[3], alpha
        j_loss, j_grads = jax.value_and_grad(jax_peer.critic_loss)(critic, *noise[:2], draws)
    t_loss.backward()
    assert t_loss.item() == pytest.approx(float(j_loss), rel=1e-5)
    for layer, j_layer in zip(trained, j_grads, strict=True):
        for tensor, j_grad in zip(layer, j_layer, strict=True):
            np.testing.assert_allclose(tensor.grad, j_grad, rtol=2e-4, atol=2e-6)


def test_a_competitor_that_cannot_run_is_unavailable(monkeypatch, images):
    monkeypatch.setitem(peers.COMPETITORS, "ghost", "no_such_package.peer:make_ghost_step")
    with pytest.raises(Unavailable, match="no_such_package is not installed"):
        make_step("ghost", "kl", SIZES, np.load(images), threads=1)
    with Worker("npvae", "kl", 10**6, images, SIZES) as worker:
        assert "1000000 threads asked for" in worker.absent


@pytest.mark.parametrize(
    "name", ["npvae", *(pytest.param(name, marks=needs(p)) for name, p in FRAMEWORKS.items())]
)
def test_a_worker_runs_the_steps_it_is_asked_for(images, name):
    with Worker(name, "kl", 1, images, SIZES) as worker:
        assert worker.absent is None
        timing = worker.run(10)
    assert 0 < timing.seconds < 10
    assert 50e6 < timing.peak_bytes < 4e9
