"""The training steps in PyTorch, eager and compiled. The equations are in peers.py.

Both use the same losses, which take their noise as arguments. Eager differentiates by
`torch.autograd` and updates by the fused Adam. Compiled turns the whole step, noise, gradients
(`torch.func`) and Adam included, into one graph: faster here than compiling the losses alone.
"""

import os
import shutil
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks import peers
from benchmarks.peers import Layer, Sizes, Step, Unavailable, initial_layers

Layers = list[tuple[Tensor, Tensor]]


def linear(layer: tuple[Tensor, Tensor], x: Tensor) -> Tensor:
    """Return x W + b."""
    weight, bias = layer
    return torch.addmm(bias, x, weight)


def encode(vae: Layers, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mu and logvar, each (B, latent), of the images x (B, pixels)."""
    return linear(vae[1], torch.relu(linear(vae[0], x))).chunk(2, dim=1)


def sample(mu: Tensor, logvar: Tensor, eps: Tensor) -> Tensor:
    """Return z = mu + eps exp(logvar / 2)."""
    return mu + eps * torch.exp(0.5 * logvar)


def bce(vae: Layers, z: Tensor, x: Tensor) -> Tensor:
    """Return the decoder's BCE, summed over the pixels and averaged over the batch.

    The decoder is the last two layers of `vae`.
    """
    logits = linear(vae[-1], torch.relu(linear(vae[-2], z)))
    return binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


def kl_loss(vae: Layers, x: Tensor, eps: Tensor) -> Tensor:
    """Return the loss of the KL run."""
    mu, logvar = encode(vae, x)
    kl = 0.5 * (mu.square() + logvar.exp() - logvar - 1).sum() / len(x)
    return bce(vae, sample(mu, logvar, eps), x) + kl


def masked_relu(x: Tensor) -> Tensor:
    """Return relu(x) as x times a constant mask.

    Differentiating `torch.relu` twice sends a gradient of zeros back through the whole forward
    pass; the mask carries none, which saves two matrix products per critic update.
    """
    return x * (x > 0)


def score(critic: Layers, z: Tensor, relu: Callable[[Tensor], Tensor] = torch.relu) -> Tensor:
    """Return the critic's score (B,) of z (B, latent)."""
    hidden = relu(linear(critic[1], relu(linear(critic[0], z))))
    return linear(critic[2], hidden).mean(dim=1)


def gradient_by_autograd(total: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """Return the gradient of the scalar total(z), itself differentiable (eager only)."""
    z = z.requires_grad_()
    return torch.autograd.grad(total(z), z, create_graph=True)[0]


def gradient_by_func(total: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """Return the same gradient in the form that torch.compile can trace."""
    return torch.func.grad(total)(z)


def critic_loss(
    critic: Layers,
    mu: Tensor,
    logvar: Tensor,
    noise: tuple[Tensor, Tensor, Tensor],
    gradient: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor],
) -> Tensor:
    """Return the critic's loss; noise is eps and prior (B, latent) and alpha (B, 1)."""
    eps, prior, alpha = noise
    fake = sample(mu, logvar, eps)
    mixed = alpha * prior + (1 - alpha) * fake
    slope = gradient(lambda z: score(critic, z, masked_relu).sum(), mixed).norm(dim=1)  # (B,)
    fake_scores, prior_scores = score(critic, torch.cat([fake, prior])).chunk(2)
    distance = fake_scores.mean() - prior_scores.mean()
    return distance + peers.PENALTY_WEIGHT * (slope - 1).square().mean()


def ws_loss(vae: Layers, critic: Layers, x: Tensor, z: Tensor) -> Tensor:
    """Return the VAE's loss of the WS run on the images x and their samples z."""
    return bce(vae, z, x) - peers.WS_WEIGHT * score(critic, z).mean()


def flat(layers: Layers) -> list[Tensor]:
    """Return the weights and biases of the layers in one list."""
    return [tensor for layer in layers for tensor in layer]


def adam(params: Layers, state: list[tuple[Tensor, Tensor]], t: Tensor, grads: Layers) -> None:
    """Update params, their moments `state` and the step count t in place (compiled step only)."""
    t += 1
    for param, (m, v), grad in zip(flat(params), state, flat(grads), strict=True):
        m.lerp_(grad, 1 - peers.BETA1)
        v.mul_(peers.BETA2).add_((1 - peers.BETA2) * grad.square())
        m_hat, v_hat = m / (1 - peers.BETA1**t), v / (1 - peers.BETA2**t)
        param -= peers.LEARNING_RATE * (m_hat / (v_hat.sqrt() + peers.ADAM_EPSILON))


def moments(params: Layers) -> list[tuple[Tensor, Tensor]]:
    """Return Adam's two moments of each of the parameters, zero."""
    return [(torch.zeros_like(p), torch.zeros_like(p)) for p in flat(params)]


def setup(sizes: Sizes, images: np.ndarray, threads: int) -> tuple[Layers, Layers, Tensor]:
    """Set PyTorch up; return the VAE's and the critic's layers and the images as float32."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # moments of pixels that stay black decay into denormals
    torch.manual_seed(0)

    def tensors(layers: list[Layer]) -> Layers:
        return [(torch.from_numpy(w), torch.from_numpy(b)) for w, b in layers]

    vae, critic = map(tensors, initial_layers(sizes))
    return vae, critic, torch.from_numpy(images).to(torch.float32).div_(255)


def make_noise(sizes: Sizes) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Return functions that draw N(0, 1) noise (B, latent) and uniform numbers (B, 1)."""
    return (
        lambda: torch.randn(sizes.batch, sizes.latent),
        lambda: torch.rand(sizes.batch, 1),
    )


def make_torch_eager_step(run: str, sizes: Sizes, images: np.ndarray, threads: int) -> Step:
    """Build the eager step; see peers.make_step."""
    vae, critic, data = setup(sizes, images, threads)
    normal, uniform = make_noise(sizes)
    vae_params, critic_params = flat(vae), flat(critic)
    for param in vae_params + critic_params:
        param.requires_grad_()
    betas = peers.BETA1, peers.BETA2
    make_adam = partial(
        torch.optim.Adam, lr=peers.LEARNING_RATE, betas=betas, eps=peers.ADAM_EPSILON, fused=True
    )
    vae_adam, critic_adam = make_adam(vae_params), make_adam(critic_params)

    def update(optimizer: torch.optim.Adam, params: list[Tensor], loss: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss.backward(inputs=params)
        optimizer.step()
        return loss.detach()

    def kl_step(index: np.ndarray) -> Tensor:
        x = data.index_select(0, torch.from_numpy(index))
        return update(vae_adam, vae_params, kl_loss(vae, x, normal()))

    def ws_step(index: np.ndarray) -> Tensor:
        x = data.index_select(0, torch.from_numpy(index))
        mu, logvar = encode(vae, x)
        still = mu.detach(), logvar.detach()
        for _ in range(sizes.critic_updates):
            noise = normal(), normal(), uniform()
            loss = critic_loss(critic, *still, noise, gradient_by_autograd)
            update(critic_adam, critic_params, loss)
        z = sample(mu, logvar, normal())
        return update(vae_adam, vae_params, ws_loss(vae, critic, x, z))

    return {"kl": kl_step, "ws": ws_step}[run]


def make_torch_compile_step(run: str, sizes: Sizes, images: np.ndarray, threads: int) -> Step:
    """Build the compiled step; see peers.make_step. Compiling takes up to two minutes."""
    if not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        raise Unavailable("torch.compile needs a C++ compiler: install g++ or set CXX")
    vae, critic, data = setup(sizes, images, threads)
    normal, uniform = make_noise(sizes)

    update_vae = partial(adam, vae, moments(vae), torch.zeros(()))
    update_critic = partial(adam, critic, moments(critic), torch.zeros(()))

    def kl_step(data: Tensor, index: Tensor) -> Tensor:
        grads, loss = torch.func.grad_and_value(kl_loss)(vae, data[index], normal())
        update_vae(grads)
        return loss

    def ws_step(data: Tensor, index: Tensor) -> Tensor:
        x = data[index]
        (mu, logvar), encoder_backward = torch.func.vjp(lambda layers: encode(layers, x), vae[:2])
        for _ in range(sizes.critic_updates):
            noise = normal(), normal(), uniform()
            update_critic(torch.func.grad(critic_loss)(critic, mu, logvar, noise, gradient_by_func))
        eps = normal()

        def rest(decoder: Layers, mu: Tensor, logvar: Tensor) -> Tensor:
            return ws_loss(decoder, critic, x, sample(mu, logvar, eps))

        gradient = torch.func.grad_and_value(rest, argnums=(0, 1, 2))
        (decoder_grads, *latent_grads), loss = gradient(vae[2:], mu, logvar)
        (encoder_grads,) = encoder_backward(tuple(latent_grads))
        update_vae(encoder_grads + decoder_grads)
        return loss

    chosen = {"kl": kl_step, "ws": ws_step}[run]
    compiled = torch.compile(chosen, fullgraph=True, dynamic=False)

    def step(index: np.ndarray) -> Tensor:
        with torch.no_grad():
            return compiled(data, torch.from_numpy(index))

    return step
