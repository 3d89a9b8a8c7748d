"""Every number of the comparison: its key, name, unit, direction and definition, in one table.

`measure.py` computes them under these keys; the report prints what stands here beside them.
"""

from typing import NamedTuple


class Metric(NamedTuple):
    """A number and what it means."""

    key: str
    section: str
    name: str
    unit: str
    goal: str  # "lower", "higher", or the value that a perfect model has
    meaning: str


METRICS = [
    Metric("sse_mu", "reconstruction", "SSE (z = μ)", "", "lower", "sum over pixels of (reconstruction − image)², mean over images, decoding the posterior mean"),
    Metric("sse_z", "reconstruction", "SSE (z sampled)", "", "lower", "the same, decoding one draw from the posterior"),
    Metric("sse_mu_spread", "reconstruction", "spread of SSE (z = μ)", "", "lower", "standard deviation over images"),
    Metric("sse_z_spread", "reconstruction", "spread of SSE (z sampled)", "", "lower", "standard deviation over images"),
    Metric("sse_mu_mode", "reconstruction", "mode of SSE (z = μ)", "", "lower", "centre of the fullest histogram bin of width 1"),
    Metric("sse_z_mode", "reconstruction", "mode of SSE (z sampled)", "", "lower", "centre of the fullest histogram bin of width 1"),
    Metric("bce_mu", "reconstruction", "BCE (z = μ)", "nats", "lower", "cross-entropy of the grey pixels, summed over pixels, mean over images"),
    Metric("bce_z", "reconstruction", "BCE (z sampled)", "nats", "lower", "the same, decoding one draw from the posterior"),
    Metric("gap_bce_mu", "reconstruction", "generalisation gap", "nats", "lower", "BCE with z = μ, test images minus as many training images"),
    Metric("blur", "reconstruction", "blur of reconstructions", "pixels", "0", "standard deviation of the Gaussian blur that makes the originals as smooth as the reconstructions (z = μ)"),
    Metric("w1_sliced", "latent", "sliced W₁ to the prior", "", "lower", "mean over 500 directions of the Wasserstein distance of z to N(0, I) along each"),
    Metric("w1_low", "latent", "W₁ to the prior, at least", "", "–", "the best of functions that are certainly 1-Lipschitz, chosen on one half of the codes and evaluated on the other, in turn"),
    Metric("w1_high", "latent", "W₁ to the prior, at most", "", "–", "assignment of 2,000 draws of z to 2,000 of N(0, I), mean of 3: above W₁ on average"),
    Metric("critic_w1", "latent", "the critic's W₁", "", "–", "mean score(prior) − mean score(z), test images"),
    Metric("critic_slope", "latent", "the critic's mean slope", "", "1", "norm of its input gradient on mixtures of z and prior"),
    Metric("centre", "latent", "distance of the means from 0", "", "0", "mean over dimensions of the absolute mean of z"),
    Metric("width", "latent", "standard deviation of z", "", "1", "root of the mean variance over dimensions; no rotation changes it"),
    Metric("eigen_least", "latent", "least variance of z", "", "1", "the smallest eigenvalue of the covariance"),
    Metric("eigen_most", "latent", "largest variance of z", "", "1", "the largest eigenvalue of the covariance"),
    Metric("mardia_skewness", "latent", "Mardia's skewness", "", "0", "of the codes, with the covariance taken out: no rotation or scale changes it"),
    Metric("mardia_kurtosis", "latent", "Mardia's excess kurtosis", "", "0", "of the codes, relative to d (d + 2), the value of a Gaussian"),
    Metric("mean_sigma", "latent", "posterior σ", "", "–", "mean over images and dimensions: 0 is a deterministic encoder, 1 an idle one"),
    Metric("frechet", "samples", "Fréchet distance (prior)", "", "lower", "of decoded draws from N(0, I) to the test images, in the classifier's feature space"),
    Metric("frechet_gauss", "samples", "Fréchet distance (one Gaussian)", "", "lower", "draws from a Gaussian fitted to the codes of the training images"),
    Metric("frechet_mix", "samples", "Fréchet distance (ten Gaussians)", "", "lower", "draws from a mixture of ten Gaussians fitted to the codes of the training images"),
    Metric("frechet_codes", "samples", "Fréchet distance (training codes)", "", "lower", "decoded codes of training images: no sampler is needed"),
    Metric("bound_prior", "likelihood", "likelihood bound (N(0, I))", "nats", "higher", "lower bound of log p(x) by importance sampling, 256 draws from a Gaussian fitted to each image's posterior"),
    Metric("bound_gauss", "likelihood", "likelihood bound (one Gaussian)", "nats", "higher", "the same, with a Gaussian fitted to training codes as the prior"),
    Metric("bound_mix", "likelihood", "likelihood bound (ten Gaussians)", "nats", "higher", "the same, with a mixture of ten Gaussians fitted to training codes"),
    Metric("knn", "structure", "nearest neighbours", "%", "higher", "test digits recognised by the 5 nearest of the training images' μ"),
    Metric("probe", "structure", "linear probe", "%", "higher", "test digits recognised by logistic regression on μ"),
    Metric("silhouette", "structure", "silhouette by digit", "", "higher", "in latent space: 1 is tight and far apart, 0 overlapping"),
    Metric("tsne_knn", "structure", "nearest neighbours in the t-SNE picture", "%", "higher", "digits recognised by the 5 nearest other points of the picture"),
    Metric("tsne_silhouette", "structure", "silhouette in the t-SNE picture", "", "higher", "the same measure on the points of the picture"),
    Metric("path", "interpolation", "path length", "", "1", "length of the decoded path in feature space over the distance of its ends"),
    Metric("jump", "interpolation", "largest jump", "", "lower", "largest of the path's steps over their mean"),
    Metric("jumpy", "interpolation", "paths that jump", "%", "lower", "share of paths whose largest step is more than twice their mean step"),
    Metric("off_data", "interpolation", "distance to real images", "", "lower", "of the path's points to the nearest training image in feature space, relative to that of test images"),
    Metric("confidence", "interpolation", "confidence on the way", "", "higher", "the classifier's largest probability, mean over the path"),
]  # fmt: skip
BY_KEY = {metric.key: metric for metric in METRICS}
