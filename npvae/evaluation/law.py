"""One law: what the average KL divergence to the prior consists of, in nats.

    E_x KL(q(z|x) || p)  =  I(x; z)  +  KL(q(z) || p)              q(z) = E_x q(z|x), all codes
    KL(q(z) || p)        =  KL(N(m, C) || p)  +  J                 m, C: mean, covariance of q(z)
    average KL           =  information  +  scale  +  shape

scale    (tr C + |m|^2 - L - log det C) / 2: codes too wide, too narrow, or off the centre
shape J  KL(q(z) || N(m, C)): how far q(z) is from the Gaussian of its own mean and covariance.
         No invertible affine map changes it. q(z) is known by samples only, so J is bounded from
         below:
         E_q log g(z) <= E_q log q(z) for every density g, here a mixture of Gaussians, fitted to
         codes of training images and evaluated at codes of test images.
I(x; z)  what a code tells about its image: the rest, so an upper bound where J is a lower one. It
         grows without limit as sigma goes to 0, and means nothing for a deterministic encoder.

Sources: Hoffman & Johnson 2016, ELBO surgery (the first line); Comon 1994, Independent component
analysis (negentropy, J).
"""

import numpy as np

from npvae.evaluation.densities import Density, fit_density

COMPONENTS = 30  # of g


def average_kl(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Return KL(N(mu, e^logvar) || N(0, I)) of each row of mu and logvar (N, L); returns (N,)."""
    mu, logvar = mu.astype(np.float64), logvar.astype(np.float64)
    return (mu**2 + np.exp(logvar) - 1 - logvar).sum(axis=1) / 2


def scale_part(z: np.ndarray) -> float:
    """Return KL(N(m, C) || N(0, I)), with the mean m and the covariance C of codes z (N, L).

    It is infinite where C is singular: codes on a plane have no density.
    """
    m, C, log_det = moments(z)
    return float(np.trace(C) + m @ m - len(m) - log_det) / 2


def shape_part(z: np.ndarray, log_g: np.ndarray) -> float:
    """Return the lower bound of J for codes z (N, L) with log g(z) (N,), g from other codes.

    The mean of -log N(z; m, C) over the z that made m and C is (log det C + L log 2 pi + L) / 2.
    It is NaN where C is singular: there is no density, and so no shape.
    """
    m, _, log_det = moments(z)
    if np.isinf(log_det):
        return np.nan
    return float(log_g.mean() + (log_det + len(m) * (np.log(2 * np.pi) + 1)) / 2)


def moments(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the mean m (L,) and the covariance C (L, L) of codes z (N, L), and log det C.

    That is -inf where C is singular up to rounding, as where one dimension never varies.
    """
    z = z.astype(np.float64)
    m = z.mean(axis=0)
    C = (z - m).T @ (z - m) / len(z)
    variances = np.linalg.eigvalsh(C)
    rounding = len(m) * np.finfo(np.float64).eps * (np.trace(C) + m @ m)
    return m, C, float(np.log(variances).sum()) if variances[0] > rounding else -np.inf


def shape_shortfall(g: Density, fitted: int, tested: int) -> float:
    """Return by how much `shape_part` falls below J where J is known: for draws of g itself.

    A mixture is fitted to `fitted` draws, as g was to codes, and evaluated at `tested` others.
    """
    draws = g.draw(fitted + tested)
    again = fit_density(draws[:fitted], COMPONENTS)
    return float((g.log(draws[fitted:]) - again.log(draws[fitted:])).mean())
