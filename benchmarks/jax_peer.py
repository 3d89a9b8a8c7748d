"""The training steps in JAX, each one jitted function. The equations are in peers.py.

The whole WS step, its loop of critic updates included, is one compiled program; the weights and
Adam's moments are donated, so XLA updates them in place.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from benchmarks import peers
from benchmarks.peers import Sizes, Step, initial_layers

Layers = list[tuple[Array, Array]]
State = tuple[Layers, Layers, Layers, Array]  # parameters, Adam's two moments, step count


def linear(layer: tuple[Array, Array], x: Array) -> Array:
    """Return x W + b."""
    weight, bias = layer
    return x @ weight + bias


def encode(vae: Layers, x: Array) -> tuple[Array, Array]:
    """Return mu and logvar, each (B, latent), of the images x (B, pixels)."""
    return jnp.split(linear(vae[1], jax.nn.relu(linear(vae[0], x))), 2, axis=1)


def sample(mu: Array, logvar: Array, eps: Array) -> Array:
    """Return z = mu + eps exp(logvar / 2)."""
    return mu + eps * jnp.exp(0.5 * logvar)


def bce(vae: Layers, z: Array, x: Array) -> Array:
    """Return the decoder's BCE, summed over the pixels and averaged over the batch."""
    logits = linear(vae[3], jax.nn.relu(linear(vae[2], z)))
    per_pixel = jax.nn.relu(logits) - logits * x + jnp.log1p(jnp.exp(-jnp.abs(logits)))
    return per_pixel.sum() / len(x)


def kl_loss(vae: Layers, x: Array, eps: Array) -> Array:
    """Return the loss of the KL run."""
    mu, logvar = encode(vae, x)
    kl = 0.5 * (mu**2 + jnp.exp(logvar) - logvar - 1).sum() / len(x)
    return bce(vae, sample(mu, logvar, eps), x) + kl


def score(critic: Layers, z: Array) -> Array:
    """Return the critic's score (B,) of z (B, latent)."""
    hidden = jax.nn.relu(linear(critic[1], jax.nn.relu(linear(critic[0], z))))
    return linear(critic[2], hidden).mean(axis=1)


def norm(rows: Array) -> Array:
    """Return the length (B,) of each row; its gradient at 0 is 0 (jnp.linalg.norm's is NaN)."""
    square = (rows * rows).sum(axis=1)
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)


def critic_loss(
    critic: Layers, mu: Array, logvar: Array, noise: tuple[Array, Array, Array]
) -> Array:
    """Return the critic's loss; noise is eps and prior (B, latent) and alpha (B, 1)."""
    eps, prior, alpha = noise
    fake = sample(mu, logvar, eps)
    mixed = alpha * prior + (1 - alpha) * fake
    slope = norm(jax.grad(lambda z: score(critic, z).sum())(mixed))  # (B,)
    fake_scores, prior_scores = jnp.split(score(critic, jnp.concatenate([fake, prior])), 2)
    distance = fake_scores.mean() - prior_scores.mean()
    return distance + peers.PENALTY_WEIGHT * ((slope - 1) ** 2).mean()


def ws_loss(vae: Layers, critic: Layers, x: Array, eps: Array) -> Array:
    """Return the VAE's loss of the WS run."""
    z = sample(*encode(vae, x), eps)
    return bce(vae, z, x) - peers.WS_WEIGHT * score(critic, z).mean()


def gather(data: Array, index: Array) -> Array:
    """Return the images of this index as float32 in [0, 1]."""
    return jnp.take(data, index, axis=0, mode="clip").astype(jnp.float32) / 255


def start(layers: list) -> State:
    """Return the training state of these layers: no moments, no steps taken."""
    zeros = partial(jax.tree.map, jnp.zeros_like)
    params = jax.tree.map(jnp.array, layers)
    return params, zeros(params), zeros(params), jnp.zeros(())


def adam(state: State, grads: Layers) -> State:
    """Return the state after one Adam update."""
    params, m, v, t = state
    t = t + 1
    m = jax.tree.map(lambda m, g: peers.BETA1 * m + (1 - peers.BETA1) * g, m, grads)
    v = jax.tree.map(lambda v, g: peers.BETA2 * v + (1 - peers.BETA2) * g * g, v, grads)

    def update(param: Array, m: Array, v: Array) -> Array:
        m_hat, v_hat = m / (1 - peers.BETA1**t), v / (1 - peers.BETA2**t)
        return param - peers.LEARNING_RATE * (m_hat / (jnp.sqrt(v_hat) + peers.ADAM_EPSILON))

    return jax.tree.map(update, params, m, v), m, v, t


def make_jax_step(run: str, sizes: Sizes, images: np.ndarray, threads: int) -> Step:
    """Build the step; see peers.make_step.

    XLA takes as many threads as the process may use processors when JAX is first imported.
    """
    vae, critic = map(start, initial_layers(sizes))
    key = jax.random.key(0, impl="rbg")  # as fast as threefry here or faster
    data = jnp.asarray(images)  # bytes: as fast as resident float32, in a quarter of the memory
    per_latent = (sizes.batch, sizes.latent)

    def kl_step(state, data, index):
        vae, key = state
        key, subkey = jax.random.split(key)
        x = gather(data, index)
        loss, grads = jax.value_and_grad(kl_loss)(vae[0], x, jax.random.normal(subkey, per_latent))
        return (adam(vae, grads), key), loss

    def ws_step(state, data, index):
        vae, critic, key = state
        key, *subkeys = jax.random.split(key, 5)
        updates = sizes.critic_updates
        eps = jax.random.normal(subkeys[0], (updates, *per_latent))
        prior = jax.random.normal(subkeys[1], (updates, *per_latent))
        alpha = jax.random.uniform(subkeys[2], (updates, sizes.batch, 1))
        vae_eps = jax.random.normal(subkeys[3], per_latent)
        x = gather(data, index)
        mu, logvar = encode(vae[0], x)

        def update_critic(critic, noise):
            return adam(critic, jax.grad(critic_loss)(critic[0], mu, logvar, noise)), None

        # Unrolled is faster on two threads, a loop on one.
        critic, _ = jax.lax.scan(update_critic, critic, (eps, prior, alpha), unroll=threads > 1)
        # The compiler sees that the encode in this loss is the one above and does it once.
        loss, grads = jax.value_and_grad(ws_loss)(vae[0], critic[0], x, vae_eps)
        return (adam(vae, grads), critic, key), loss

    state = {"kl": (vae, key), "ws": (vae, critic, key)}[run]
    compiled = jax.jit({"kl": kl_step, "ws": ws_step}[run], donate_argnums=0)

    def step(index: np.ndarray) -> Array:
        nonlocal state
        state, loss = jax.block_until_ready(compiled(state, data, index.astype(np.int32)))
        return loss

    return step
