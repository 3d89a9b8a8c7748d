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


def _rows(section: str, text: str) -> list[Metric]:
    """Read lines `key | name | unit | better | meaning`."""
    lines = (line.split("|") for line in text.strip().splitlines())
    return [Metric(k.strip(), section, *(part.strip() for part in rest)) for k, *rest in lines]


METRICS = [
    *_rows(
        "reconstruction",
        """
sse_mu | SSE, z = μ | | lower | sum over pixels of (reconstruction − image)², mean over images, decoding the posterior mean
sse_z | SSE, z sampled | | lower | the same, decoding one draw from the posterior
sse_mu_median | SSE, z = μ, median | | lower | the median over images
sse_z_median | SSE, z sampled, median | | lower | the median over images
sse_mu_spread | SSE, z = μ, spread | | lower | standard deviation over images
sse_z_spread | SSE, z sampled, spread | | lower | standard deviation over images
sse_mu_mode | SSE, z = μ, mode | | lower | centre of the fullest histogram bin of width 1
sse_z_mode | SSE, z sampled, mode | | lower | centre of the fullest histogram bin of width 1
bce_mu | BCE, z = μ | nats | lower | cross-entropy of the grey pixels, summed over pixels, mean over images
bce_z | BCE, z sampled | nats | lower | the same, decoding one draw from the posterior
sharpness_mu | sharpness, z = μ | | 1 | mean absolute difference of neighbouring pixels, relative to the originals
gap_bce_mu | generalisation gap | nats | lower | BCE with z = μ, test images minus as many training images
""",
    ),
    *_rows(
        "likelihood",
        """
elbo | ELBO | nats | higher | −BCE (z sampled) − KL(q(z given x), N(0, I)): a lower bound of log p(x)
iwae_1 | importance bound, 1 sample | nats | higher | log of the mean of p(x given z) p(z) / q(z given x) over the samples, z from q
iwae_16 | importance bound, 16 samples | nats | higher | tighter the more samples there are
iwae_256 | importance bound, 256 samples | nats | higher | tighter still
proposal_scale | width s of the proposal | | – | standard deviation of the widened proposal N(μ, s²I), chosen on training images
wide_1 | widened, 1 sample | nats | higher | the same bound with the widened proposal
wide_16 | widened, 16 samples | nats | higher | the same bound with the widened proposal
wide_256 | widened, 256 samples | nats | higher | the fairest figure here: it judges the decoder, not the encoder's noise
""",
    ),
    *_rows(
        "latent",
        """
w1_exact | W₁ to the prior | | lower | exact Wasserstein distance of 2,000 draws of q(z) to 2,000 of N(0, I), mean of 3 draws
w1_sliced | sliced W₁ | | lower | mean over 500 directions of the distance along each
w1_dimension | W₁ per dimension | | lower | mean over the latent dimensions of the distance in each
mmd | MMD² | | lower | unbiased, inverse multiquadric kernel; can fall slightly below 0
centre | distance of the means from 0 | | 0 | mean over dimensions of the absolute mean of z
width | standard deviation of z | | 1 | mean over dimensions
width_error | distance of the widths from 1 | | 0 | mean over dimensions of abs(standard deviation of z − 1)
skewness | skewness | | 0 | mean over dimensions, absolute
kurtosis | excess kurtosis | | 0 | mean over dimensions, absolute
correlation | correlation of dimensions | | 0 | mean absolute correlation over pairs of dimensions
active | active dimensions | | – | dimensions whose μ varies over the images by more than 0.01 (variance)
mean_sigma | posterior σ | | – | mean over images and dimensions: 0 is a deterministic encoder, 1 an idle one
critic_w1 | the critic's W₁ | | – | mean score(prior) − mean score(z), test images
critic_slope | the critic's slope, mean | | 1 | norm of its input gradient on mixtures of z and prior
critic_slope_99 | the critic's slope, 99th percentile | | 1 | the same; 1-Lipschitz means never above 1
critic_slope_data | the critic's slope on z, mean | | 1 | norm of its input gradient on the codes themselves
critic_slope_data_99 | the critic's slope on z, 99th percentile | | 1 | the same
""",
    ),
    *_rows(
        "structure",
        """
knn | nearest neighbours | % | higher | test digits recognised by the 5 nearest of the training images' μ
probe | linear probe | % | higher | test digits recognised by logistic regression on μ
silhouette | silhouette by digit | | higher | in latent space: 1 is tight and far apart, 0 overlapping
trustworthiness | trustworthiness of t-SNE | | higher | share of the picture's neighbours that are neighbours in latent space
""",
    ),
    *_rows(
        "samples",
        """
frechet | Fréchet distance, prior | | lower | of decoded draws from N(0, I) to the test images, in the classifier's feature space
precision | precision, prior | | higher | share of decoded draws that lie among real images
recall | recall, prior | | higher | share of real images that lie among decoded draws
frechet_refit | Fréchet distance, refitted | | lower | draws from a Gaussian with q(z)'s mean and covariance instead of N(0, I)
precision_refit | precision, refitted | | higher | for those draws
recall_refit | recall, refitted | | higher | for those draws
frechet_mu | Fréchet distance, reconstructions | | lower | of the test images' own reconstructions: what the decoder could do
""",
    ),
    *_rows(
        "interpolation",
        """
path | path length | | 1 | length of the decoded path in feature space over the distance of its ends
jump | largest jump | | lower | largest of the path's steps over their mean
confidence | confidence on the way | | higher | the classifier's largest probability, mean over the path
confidence_least | least confidence | | higher | the same at the path's weakest point
""",
    ),
]
BY_KEY = {metric.key: metric for metric in METRICS}
