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
    better: str  # "lower", "higher", or the value that a perfect model has
    meaning: str


METRICS = [
    Metric("sse_mu", "reconstruction", "SSE, z = μ", "", "lower", "sum over pixels of (reconstruction − image)², mean over images, decoding the posterior mean"),
    Metric("sse_z", "reconstruction", "SSE, z sampled", "", "lower", "the same, decoding one draw from the posterior"),
    Metric("sse_mu_median", "reconstruction", "SSE, z = μ, median", "", "lower", "the median over images"),
    Metric("sse_z_median", "reconstruction", "SSE, z sampled, median", "", "lower", "the median over images"),
    Metric("sse_mu_spread", "reconstruction", "SSE, z = μ, spread", "", "lower", "standard deviation over images"),
    Metric("sse_z_spread", "reconstruction", "SSE, z sampled, spread", "", "lower", "standard deviation over images"),
    Metric("sse_mu_mode", "reconstruction", "SSE, z = μ, mode", "", "lower", "centre of the fullest histogram bin of width 1"),
    Metric("sse_z_mode", "reconstruction", "SSE, z sampled, mode", "", "lower", "centre of the fullest histogram bin of width 1"),
    Metric("bce_mu", "reconstruction", "BCE, z = μ", "nats", "lower", "cross-entropy of the grey pixels, summed over pixels, mean over images"),
    Metric("bce_z", "reconstruction", "BCE, z sampled", "nats", "lower", "the same, decoding one draw from the posterior"),
    Metric("sharpness_mu", "reconstruction", "sharpness, z = μ", "", "1", "mean absolute difference of neighbouring pixels, relative to the originals"),
    Metric("gap_bce_mu", "reconstruction", "generalisation gap", "nats", "lower", "BCE with z = μ, test images minus as many training images"),
    Metric("elbo", "likelihood", "ELBO", "nats", "higher", "−BCE (z sampled) − KL(q(z given x), N(0, I)): a lower bound of log p(x)"),
    Metric("iwae_1", "likelihood", "importance bound, 1 sample", "nats", "higher", "log of the mean of p(x given z) p(z) / q(z given x) over the samples, z from q"),
    Metric("iwae_16", "likelihood", "importance bound, 16 samples", "nats", "higher", "tighter the more samples there are"),
    Metric("iwae_256", "likelihood", "importance bound, 256 samples", "nats", "higher", "tighter still"),
    Metric("proposal_scale", "likelihood", "width s of the proposal", "", "–", "standard deviation of the widened proposal N(μ, s²I), chosen on training images"),
    Metric("wide_1", "likelihood", "widened, 1 sample", "nats", "higher", "the same bound with the widened proposal"),
    Metric("wide_16", "likelihood", "widened, 16 samples", "nats", "higher", "the same bound with the widened proposal"),
    Metric("wide_256", "likelihood", "widened, 256 samples", "nats", "higher", "the fairest figure here: it judges the decoder, not the encoder's noise"),
    Metric("w1_exact", "latent", "W₁ to the prior", "", "lower", "exact Wasserstein distance of 2,000 draws of q(z) to 2,000 of N(0, I), mean of 3 draws"),
    Metric("w1_sliced", "latent", "sliced W₁", "", "lower", "mean over 500 directions of the distance along each"),
    Metric("w1_dimension", "latent", "W₁ per dimension", "", "lower", "mean over the latent dimensions of the distance in each"),
    Metric("mmd", "latent", "MMD²", "", "lower", "unbiased, inverse multiquadric kernel; can fall slightly below 0"),
    Metric("centre", "latent", "distance of the means from 0", "", "0", "mean over dimensions of the absolute mean of z"),
    Metric("width", "latent", "standard deviation of z", "", "1", "mean over dimensions"),
    Metric("width_error", "latent", "distance of the widths from 1", "", "0", "mean over dimensions of abs(standard deviation of z − 1)"),
    Metric("skewness", "latent", "skewness", "", "0", "mean over dimensions, absolute"),
    Metric("kurtosis", "latent", "excess kurtosis", "", "0", "mean over dimensions, absolute"),
    Metric("correlation", "latent", "correlation of dimensions", "", "0", "mean absolute correlation over pairs of dimensions"),
    Metric("active", "latent", "active dimensions", "", "–", "dimensions whose μ varies over the images by more than 0.01 (variance)"),
    Metric("mean_sigma", "latent", "posterior σ", "", "–", "mean over images and dimensions: 0 is a deterministic encoder, 1 an idle one"),
    Metric("critic_w1", "latent", "the critic's W₁", "", "–", "mean score(prior) − mean score(z), test images"),
    Metric("critic_slope", "latent", "the critic's slope, mean", "", "1", "norm of its input gradient on mixtures of z and prior"),
    Metric("critic_slope_99", "latent", "the critic's slope, 99th percentile", "", "1", "the same; 1-Lipschitz means never above 1"),
    Metric("critic_slope_data", "latent", "the critic's slope on z, mean", "", "1", "norm of its input gradient on the codes themselves"),
    Metric("critic_slope_data_99", "latent", "the critic's slope on z, 99th percentile", "", "1", "the same"),
    Metric("knn", "structure", "nearest neighbours", "%", "higher", "test digits recognised by the 5 nearest of the training images' μ"),
    Metric("probe", "structure", "linear probe", "%", "higher", "test digits recognised by logistic regression on μ"),
    Metric("silhouette", "structure", "silhouette by digit", "", "higher", "in latent space: 1 is tight and far apart, 0 overlapping"),
    Metric("trustworthiness", "structure", "trustworthiness of t-SNE", "", "higher", "share of the picture's neighbours that are neighbours in latent space"),
    Metric("frechet", "samples", "Fréchet distance, prior", "", "lower", "of decoded draws from N(0, I) to the test images, in the classifier's feature space"),
    Metric("precision", "samples", "precision, prior", "", "higher", "share of decoded draws that lie among real images"),
    Metric("recall", "samples", "recall, prior", "", "higher", "share of real images that lie among decoded draws"),
    Metric("frechet_refit", "samples", "Fréchet distance, refitted", "", "lower", "draws from a Gaussian with q(z)'s mean and covariance instead of N(0, I)"),
    Metric("precision_refit", "samples", "precision, refitted", "", "higher", "for those draws"),
    Metric("recall_refit", "samples", "recall, refitted", "", "higher", "for those draws"),
    Metric("frechet_mu", "samples", "Fréchet distance, reconstructions", "", "lower", "of the test images' own reconstructions: what the decoder could do"),
    Metric("path", "interpolation", "path length", "", "1", "length of the decoded path in feature space over the distance of its ends"),
    Metric("jump", "interpolation", "largest jump", "", "lower", "largest of the path's steps over their mean"),
    Metric("confidence", "interpolation", "confidence on the way", "", "higher", "the classifier's largest probability, mean over the path"),
    Metric("confidence_least", "interpolation", "least confidence", "", "higher", "the same at the path's weakest point"),
]  # fmt: skip
BY_KEY = {metric.key: metric for metric in METRICS}
