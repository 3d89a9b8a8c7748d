"""Every number of the comparison: its key, name, unit, direction and definition, in one table."""

from typing import NamedTuple


class Metric(NamedTuple):
    """A number and what it means."""

    key: str
    section: str
    name: str
    unit: str
    goal: str  # "lower", "higher", the value that a perfect model has, or "–" where there is none
    meaning: str


METRICS = [  # of every model
    Metric("sse_mu", "reconstruction", "SSE (z = μ)", "", "lower", "sum over pixels of (reconstruction − image)², mean over images, decoding the posterior mean"),
    Metric("sse_z", "reconstruction", "SSE (z sampled)", "", "lower", "the same, decoding one draw from the posterior"),
    Metric("bce_mu", "reconstruction", "BCE (z = μ)", "nats", "lower", "cross-entropy of the grey pixels, summed over pixels, mean over images"),
    Metric("gap_bce_mu", "reconstruction", "generalisation gap", "nats", "lower", "BCE with z = μ, test images minus as many training images"),
    Metric("sse_z_mode", "reconstruction", "mode of SSE (z sampled)", "", "lower", "the most frequent error: centre of the fullest histogram bin of width 1"),
    Metric("blur", "reconstruction", "blur of reconstructions", "pixels", "0", "standard deviation of the Gaussian blur that makes the originals as smooth as the reconstructions (z = μ)"),
    Metric("mean_sigma", "codes", "posterior σ", "", "–", "mean over images and dimensions: 0 is a deterministic encoder, 1 an idle one"),
    Metric("width", "codes", "width of z", "", "1", "root of the mean variance of z over dimensions; no rotation changes it"),
    Metric("average_kl", "codes", "average KL divergence", "nats", "–", "of each image's posterior to the prior, mean over images: information + scale + shape"),
    Metric("scale", "codes", "scale", "nats", "lower", "KL divergence to the prior of the Gaussian with the mean and covariance of z: codes too wide, too narrow, or off the centre"),
    Metric("shape", "codes", "shape", "nats", "lower", "at least so far is the distribution of z from the Gaussian with its mean and covariance; no affine map changes it"),
    Metric("information", "codes", "information", "nats", "–", "what a code tells about its image, at most: average KL − scale − shape. It means nothing where σ vanishes"),
    Metric("w1_sliced", "codes", "sliced W₁ to the prior", "", "lower", "mean over 500 directions of the Wasserstein distance of z to N(0, I) along each, in units in which a shift by v has the distance |v|"),
    Metric("frechet", "samples", "Fréchet distance (prior)", "", "lower", "of decoded draws from N(0, I) to the test images, in the classifier's feature space"),
    Metric("frechet_gauss", "samples", "Fréchet distance (one Gaussian)", "", "lower", "draws from a Gaussian fitted to the codes of the training images"),
    Metric("frechet_mix", "samples", "Fréchet distance (ten Gaussians)", "", "lower", "draws from a mixture of ten Gaussians fitted to the codes of the training images"),
    Metric("frechet_codes", "samples", "Fréchet distance (training codes)", "", "lower", "decoded codes of training images: no sampler is needed"),
    Metric("pca_mix", "samples", "Fréchet distance in pixels (ten Gaussians)", "", "lower", "of the same draws as with ten Gaussians above, in the first 64 principal components of the training images' pixels"),
    Metric("bound_prior", "likelihood", "likelihood bound (N(0, I))", "nats", "higher", "lower bound of log p(x) by importance sampling, 256 draws from a Gaussian fitted to each image's posterior"),
    Metric("bound_mix", "likelihood", "likelihood bound (ten Gaussians)", "nats", "higher", "the same, with the mixture of ten Gaussians fitted to training codes as the prior"),
    Metric("knn", "structure", "nearest neighbours", "%", "higher", "test digits recognised by the 5 nearest of the training images' μ"),
    Metric("tsne_silhouette", "structure", "silhouette in the t-SNE picture", "", "higher", "by digit: 1 is tight and far apart, 0 overlapping, negative nearer to another digit"),
    Metric("path", "interpolation", "path length", "", "1", "length of the decoded path in feature space over the distance of its ends"),
    Metric("seconds", "training", "training time", "s", "lower", "spent training, on the machine that trained"),
]  # fmt: skip
BESIDE = [  # what some of these are read beside; the last four belong to runs with a critic
    Metric("shape_shortfall", "codes", "shortfall of the shape", "nats", "0", "by how much the bound misses the shape of draws whose shape is known: those of the mixture that was fitted to the training codes"),
    Metric("fade_path", "interpolation", "path length of a fade", "", "1", "the same, fading pixel by pixel between the decoded ends"),
    Metric("critic_w1", "codes", "the critic's W₁", "", "–", "mean score(prior) − mean score(z), mean over the last epoch of training"),
    Metric("critic_slope", "codes", "the critic's slope", "", "1", "norm of its input gradient at mixtures of z and prior, mean over the last epoch of training"),
    Metric("critic_penalty", "codes", "the critic's penalty", "", "0", "(slope − 1)², before its weight, mean over the last epoch of training"),
    Metric("w1_assigned", "codes", "W₁ by assignment", "", "–", "of 2,000 z to 2,000 draws of N(0, I), best pairing, mean of 3: above W₁ on average"),
]  # fmt: skip
BY_KEY = {metric.key: metric for metric in METRICS + BESIDE}
