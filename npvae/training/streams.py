"""Random streams: whatever draws random numbers has a stream of its own.

NumPy makes a stream from a key of whole numbers, and fills a short key up with zeros: s, [s] and
[s, 0] are one stream. So each key here has a second number that no other use has:

    [seed, 0]              a training's initial weights
    [seed, n]              epoch n = 1, 2, .. of a training: the order of the images, the noise
    [seed, 2^31]           the noise of z for given images (`models.inference.sample`)
    [seed, USE, ...]       every other use, with its number from the table below

No epoch has a number above 2^31 - 1. What follows USE tells several draws of one use apart.
"""

FIRST = 2**31 + 1

(
    LIBRARY_SAMPLES,  # `Model.sample`
    PICTURED_SAMPLES,  # the decoded draws in the report's picture
    PRIOR_DRAWS,  # number 0, 1, .. of the draws of N(0, I)
    CHOSEN_ROWS,  # which images or codes are used, where not all are
    ASSIGNED_CODES,  # which codes are paired with draws of the prior
    SAMPLER_ORDER,  # the order of draws from a fitted density
    DIRECTIONS,  # of sliced W1
    IMAGE_PAIRS,  # to interpolate between
    BOOTSTRAP,  # the images of each bootstrap sample
    LIKELIHOOD_NOISE,  # of the draws from each image's proposal
    TSNE_IMAGES,  # which images are on the map
) = range(FIRST, FIRST + 11)
