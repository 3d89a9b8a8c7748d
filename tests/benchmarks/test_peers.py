"""The benchmark's competitors do the same work: the same losses, gradients and updates.

PyTorch and JAX are needed by the benchmarks alone; tests that need them are skipped without them.
"""

import importlib.util
from dataclasses import replace

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


competitor = pytest.mark.parametrize(
    "name", ["npvae", *(pytest.param(name, marks=needs(p)) for name, p in FRAMEWORKS.items())]
)


def stripes(n=500):
    """Images of a few bright stripes: there is something to learn."""
    rng = np.random.default_rng(1)
    level = rng.integers(0, 2, (n, 5, 1)) * rng.integers(150, 256, (n, 5, 6))
    return level.reshape(n, 30).astype(np.uint8)


def losses(name, run, steps):
    images = stripes()
    step = make_step(name, run, SIZES, images, threads=1)
    rng = np.random.default_rng(2)
    index = rng.integers(0, len(images), (steps, SIZES.batch))
    return np.array([float(step(row)) for row in index])


def test_flop_of_a_step():
    sizes = Sizes()
    assert step_flop("kl", sizes) == 131_399_680
    assert step_flop("ws", sizes) == pytest.approx(1223e6, rel=1e-3)
    for run in ("kl", "ws"):
        assert step_flop(run, replace(sizes, batch=128)) == 2 * step_flop(run, sizes)
    # Every product of the VAE has the hidden layer on one side; the critic's have not.
    wide = replace(sizes, hidden=512)
    assert step_flop("kl", wide) == 2 * step_flop("kl", sizes)
    assert step_flop("ws", wide) - step_flop("ws", sizes) == step_flop("kl", sizes)


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
    if loss == "kl":
        t_loss, trained = torch_peer.kl_loss(t_vae, t_x, t_noise[0]), t_vae
        j_loss, j_grads = jax.value_and_grad(jax_peer.kl_loss)(vae, x, noise[0])
    elif loss == "ws":
        z = torch_peer.sample(*torch_peer.encode(t_vae, t_x), t_noise[0])
        t_loss, trained = torch_peer.ws_loss(t_vae, t_critic, t_x, z), t_vae
        j_loss, j_grads = jax.value_and_grad(jax_peer.ws_loss)(vae, critic, x, noise[0])
    else:
        draws = t_noise[2], t_noise[3], torch.tensor(alpha)
        gradient = torch_peer.gradient_by_autograd
        t_loss = torch_peer.critic_loss(t_critic, t_noise[0], t_noise[1], draws, gradient)
        draws = noise[2], noise[3], alpha
        trained = t_critic
        j_loss, j_grads = jax.value_and_grad(jax_peer.critic_loss)(critic, *noise[:2], draws)
    t_loss.backward()
    assert t_loss.item() == pytest.approx(float(j_loss), rel=1e-5)
    for layer, j_layer in zip(trained, j_grads, strict=True):
        for tensor, j_grad in zip(layer, j_layer, strict=True):
            np.testing.assert_allclose(tensor.grad, j_grad, rtol=2e-4, atol=2e-6)


@needs("torch", "jax")
def test_a_critic_that_is_flat_has_finite_gradients():
    import jax
    import torch

    from benchmarks import jax_peer, torch_peer

    critic = initial_layers(SIZES)[1]
    critic[0] = (critic[0][0], np.full_like(critic[0][1], -1000))  # no unit of it is ever active
    ones = np.ones((SIZES.batch, SIZES.latent), np.float32)
    arguments = ones, ones, (ones, ones, ones[:, :1])
    loss, grads = jax.value_and_grad(jax_peer.critic_loss)(critic, *arguments)
    assert loss == pytest.approx(10)
    assert all(np.isfinite(grad).all() for grad in jax.tree.leaves(grads))

    tensors = [tuple(torch.tensor(a, requires_grad=True) for a in layer) for layer in critic]
    mu, logvar, noise = jax.tree.map(torch.tensor, arguments)
    loss = torch_peer.critic_loss(tensors, mu, logvar, noise, torch_peer.gradient_by_autograd)
    loss.backward()
    assert loss.item() == pytest.approx(10)
    assert all(tensor.grad.isfinite().all() for tensor in torch_peer.flat(tensors))


@needs("torch")
def test_the_traceable_input_gradient_is_that_of_autograd():
    import torch

    from benchmarks import torch_peer

    z = torch.randn(7, 3, generator=torch.Generator().manual_seed(4))

    def total(z):
        return (z.sin() * z.roll(1, 0)).sum()

    by_autograd = torch_peer.gradient_by_autograd(total, z.clone()).detach()
    torch.testing.assert_close(torch_peer.gradient_by_func(total, z), by_autograd)


@needs("torch", "jax")
def test_adam_is_that_of_torch_optim():
    import torch

    from benchmarks import jax_peer, torch_peer

    weight, bias = initial_layers(SIZES)[0][0]
    layers = [tuple(torch.tensor(a, requires_grad=True) for a in (weight, bias))]
    optimizer = torch.optim.Adam(layers[0], lr=1e-3)
    ours = [tuple(torch.tensor(a) for a in (weight, bias))]
    moments, t = torch_peer.moments(ours), torch.zeros(())
    state = jax_peer.start([(weight, bias)])
    rng = np.random.default_rng(5)
    for _ in range(4):
        grads = [tuple(rng.standard_normal(a.shape, np.float32) for a in (weight, bias))]
        tensors = [tuple(map(torch.tensor, grads[0]))]
        for param, grad in zip(layers[0], tensors[0], strict=True):
            param.grad = grad
        optimizer.step()
        torch_peer.adam(ours, moments, t, tensors)
        state = jax_peer.adam(state, grads)
    for param, mine, jax_param in zip(layers[0], ours[0], state[0][0], strict=True):
        torch.testing.assert_close(mine, param.detach(), rtol=0, atol=1e-6)
        np.testing.assert_allclose(jax_param, mine, rtol=0, atol=1e-6)


@needs("torch", "jax")
@pytest.mark.parametrize("run", ["kl", "ws"])
def test_competitors_train_to_the_same_loss(run):
    curves = [losses(name, run, 800) for name in FRAMEWORKS]
    torch_loss, jax_loss = (curve[-100:].mean() for curve in curves)
    assert torch_loss == pytest.approx(jax_loss, rel=0.03)
    assert max(torch_loss, jax_loss) < 0.9 * curves[0][0]


def test_a_competitor_whose_package_is_missing_is_unavailable(monkeypatch):
    monkeypatch.setitem(peers.COMPETITORS, "ghost", "no_such_package.peer:make_ghost_step")
    with pytest.raises(Unavailable, match="no_such_package is not installed"):
        make_step("ghost", "kl", SIZES, stripes(), threads=1)


def test_a_worker_that_cannot_have_its_threads_says_so(tmp_path):
    np.save(tmp_path / "images.npy", stripes())
    with Worker("torch eager", "kl", 10**6, tmp_path / "images.npy", SIZES) as worker:
        assert "1000000 threads asked for" in worker.absent


@competitor
def test_a_worker_runs_the_steps_it_is_asked_for(tmp_path, name):
    np.save(tmp_path / "images.npy", stripes())
    with Worker(name, "kl", 1, tmp_path / "images.npy", SIZES) as worker:
        assert worker.absent is None
        timing = worker.run(10)
    assert 0 < timing.seconds < 10
    assert 50e6 < timing.peak_bytes < 4e9
