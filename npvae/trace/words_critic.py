"""What the trace says of the stages that belong to the critic, in its own updates and the VAE's."""

from dataclasses import replace

from npvae.models.critic import CriticWeights
from npvae.models.objectives import critic_objective, ws_objective
from npvae.models.steps import critic_step
from npvae.trace.stages import Stage, each
from npvae.trace.start import GP_WEIGHT, WASSERSTEIN_WEIGHT
from npvae.trace.words import ADAM_VAE

WEIGHTS, ROWS = " ".join(CriticWeights._fields), "fake prior mixed"

FAKE = Stage(
    "mixing",
    """
    Now the critic's first update. Its batch has six rows: two "fake", two "prior", two "mixed".
    The fake ones are codes of the two images, sampled with the first noise.
    """,
    "z = mu + sigma * eps,   sigma = exp(logvar / 2)",
    ["act.sigma", "fake.z"],
)

PRIOR = Stage(
    "mixing",
    "The prior rows are samples of N(0, I), which are part of the noise.",
    writes=["prior.z"],
    inside=critic_step,
)

MIX = Stage(
    "mixing",
    """
    A mixed row lies on the line from a fake row to a prior row. There the penalty will be taken.
    Each row has one alpha, and all its dimensions share it.
    """,
    "mixed = alpha * prior + (1 - alpha) * z",
    ["mixed.z"],
)

SCORE = Stage(
    "critic",
    "The critic's score of each of the six rows.",
    """
    h1 = relu(a1),  a1 = z W1 + b1         h2 = relu(a2),  a2 = h1 W2 + b2
    units = h2 W3 + b3                     score = mean of the units
    """,
    each(ROWS, "h1 h2 units score"),
)

DISTANCE = Stage(
    "critic",
    "The critic's estimate of the Wasserstein distance between prior and codes.",
    "distance = mean score(prior) - mean score(fake)",
    inside=critic_objective,
    returns="distance",
)

DSCORE = Stage(
    "critic",
    """
    The first backward pass begins. The critic's loss is gp_weight * penalty - distance, in which
    the scores of fake and prior rows make the distance. The mixed rows get 1: from here the pass
    computes the gradient of the score itself, whose length the penalty needs. So the finite
    differences of the mixed rows are those of the score.
    """,
    "fake: dscore = 1 / B        prior: dscore = -1 / B        mixed: dscore = 1",
    each(ROWS, "dscore"),
    of={"mixed": "score"},
    inside=critic_objective,
)

SCORE_BACKWARD = Stage(
    "critic",
    "From the scores back to the first hidden layer, for all six rows.",
    """
    dunits = dscore / U
    da2 = (dunits W3^T) [h2 > 0]
    da1 = (da2 W2^T) [h1 > 0]
    """,
    each(ROWS, "dunits da2 da1"),
    of={"mixed": "score"},
)

SCORE_BACKWARD_INPUT = Stage(
    "penalty",
    "For the mixed rows on to z itself: the score's input gradient.",
    "dz = da1 W1^T",
    ["mixed.dz"],
    of={"mixed": "score"},
)

PENALTY = Stage(
    "penalty",
    "The length of each row of dz, which ought to be 1, and the penalty P.",
    """
    norm = |dz| for each row           P = mean over the batch of (norm - 1)^2
    """,
    ["batch.norm"],
    returns="penalty",
)

PENALTY_BACKWARD = Stage(
    "penalty",
    f"""
    The second backward pass walks the way that led to dz, from its end to its start. It computes
    the gradients of gp_weight * penalty for dz, da1 and da2, with gp_weight = {GP_WEIGHT:g}.
    Where a gate made a number of da1 or da2 0, that of dda1 or dda2 is 0 too.
    Memory is used again: ddz, dda1 and dda2 are written into z, h1 and h2 of the mixed rows, which
    are no longer needed. h1 and h2 serve as gates until they are overwritten themselves.
    """,
    """
    ddz = gp_weight * 2/B (norm - 1) dz / norm
    dda1 = (ddz W1) [h1 > 0]
    dda2 = (dda1 W2) [h2 > 0]
    """,
    each("mixed", "z h1 h2"),
    called={"mixed.z": "ddz", "mixed.h1": "dda1", "mixed.h2": "dda2"},
)

SCORE_BACKWARD_WEIGHTS = Stage(
    "penalty",
    """
    One product for each matrix of weights, over all six rows. Where the fake and prior rows have z,
    h1 and h2, the mixed rows now have ddz, dda1 and dda2. So each product adds up the gradients of
    the distance and of the penalty, and the result is the gradient of the whole loss.
    """,
    """
    dW3 = h2^T dunits    + dda2^T dunits
    dW2 = h1^T da2       + dda1^T da2
    dW1 = z^T da1        + ddz^T da1
          fake, prior      mixed
    """,
    each("critic.dw", "W3 W2 W1"),
)

SCORE_BACKWARD_BIASES = Stage(
    "critic",
    """
    The penalty has no gradient for a bias, so the mixed rows are left out. In db3 the fake and the
    prior rows cancel: b3 moves all scores alike, which no difference of scores can see.
    """,
    "db3 = sum of rows of dunits        db2 = sum of rows of da2        db1 = sum of rows of da1",
    each("critic.dw", "b3 b2 b1"),
)

ADAM_CRITIC = replace(ADAM_VAE, writes=each("critic.w critic.m critic.v", WEIGHTS))

SECOND_UPDATE = Stage(
    "critic",
    """
    The critic's second update does all this again with fresh noise, here in one call. mu and sigma
    are the old ones, z is new. Adam counts on: t = 2.
    """,
    "loss = mean score(z) - mean score(prior) + gp_weight * penalty",
    [
        "batch.norm",
        *each(ROWS, "z h1 h2 units score dscore dunits da2 da1"),
        "mixed.dz",
        *each("critic.dw critic.w critic.m critic.v", WEIGHTS),
        "act.sigma",
    ],
    ["batch.norm", *each("fake prior", "z score"), *each("critic.w", WEIGHTS)],
    returns="distance penalty norm largest",
)

COPY_Z = Stage(
    "critic",
    """
    The VAE's loss is BCE - weight * mean score(z), so the codes go to the critic too. Memory is
    used again: the fake rows, which held the codes of the critic's second update.
    """,
    writes=["fake.z"],
    inside=ws_objective,
)

SCORE_Z = Stage(
    "critic",
    "The score of the codes, by the critic as it is after its two updates.",
    SCORE.equations,
    each("fake", "h1 h2 units score"),
)

DSCORE_Z = Stage(
    "critic",
    f"Back through the critic. The weight is {WASSERSTEIN_WEIGHT:g}.",
    "dscore = -weight / B",
    ["fake.dscore"],
    inside=ws_objective,
)

SCORE_Z_BACKWARD = Stage(
    "critic",
    "The critic's own weights get no gradient: in this update they stay as they are.",
    SCORE_BACKWARD.equations,
    each("fake", "dunits da2 da1"),
)

SCORE_Z_BACKWARD_INPUT = Stage(
    "critic",
    "The score's part of the gradient of z.",
    "dz = da1 W1^T",
    ["fake.dz"],
)
