"""What the trace says at its head, and of the stages that belong to the VAE."""

from npvae.models.objectives import ws_objective
from npvae.models.vae import VAEWeights
from npvae.trace.stages import Stage, each
from npvae.trace.start import (
    BATCH,
    BETA,
    CRITIC_HIDDEN,
    CRITIC_STEPS,
    GP_WEIGHT,
    HIDDEN,
    LATENT,
    PIXELS,
    RATE,
    UNITS,
    WASSERSTEIN_WEIGHT,
)

TITLE = "One step of the {run} run in numbers, with the weights, images and noise of seed {seed}."

SIZES = """
    B = {B} images of P = {P} pixels, L = {L} latent dimensions, H = {H} hidden units of the VAE
    """

LOSSES = {
    "kl": """
    loss = BCE + beta * KL                       beta = {beta:g}, learning rate lr = {lr:g}
    """,
    "ws": """
    H1 = {H1} and H2 = {H2} hidden units, and U = {U} units at the end of the critic

    critic   loss = gp_weight * penalty - distance        gp_weight = {gp:g}        {steps} updates
    VAE      loss = BCE - weight * mean score(z)          weight = {weight:g}          then 1 update
    The learning rate lr is {lr:g} for both.
    """,
}

NUMBERS = {
    "B": BATCH,
    "P": PIXELS,
    "L": LATENT,
    "H": HIDDEN,
    "H1": CRITIC_HIDDEN[0],
    "H2": CRITIC_HIDDEN[1],
    "U": UNITS,
    "beta": BETA,
    "gp": GP_WEIGHT,
    "weight": WASSERSTEIN_WEIGHT,
    "lr": RATE,
    "steps": CRITIC_STEPS,
}

HOW_TO_READ = """
    Each stage is one call of a function that trains, in the order of the real step. Its first line
    names the part of the step and the function. Then come the equations, and every array that
    changed, with its shape. Arrays have the names that the code gives them. The gradient of y is
    called dy. All numbers are float64 and shown with four decimals. A plain 0 is a number that is
    0, such as the output of a ReLU that is off, or that would be 0 without rounding errors.

    For the largest entry y of each gradient there is a finite difference of the whole loss:
    (loss(y + h) - loss(y - h)) / 2h, h = 1e-5. There the loss is computed by plain NumPy.
    """

WEIGHTS = " ".join(VAEWeights._fields)

START = Stage(
    "start",
    """
    The images, the noise and the weights, rounded so that a pencil can follow. All other arrays
    hold NaN until they are written, so a number that is read too early would show.
    """,
)

GATHER = Stage("encoder", "The images go into x, one a row.", "x = images[index]", ["act.x"])

ENCODE = Stage(
    "encoder",
    """
    From each image, the mean and the log-variance of its code.
    mu and logvar are the left and the right half of one array, `stats`.
    """,
    """
    h_enc = relu(x W1 + b1)
    [mu | logvar] = h_enc W2 + b2
    """,
    each("act", "h_enc mu logvar"),
)

SAMPLE = Stage(
    "sampler",
    """
    A code for each image. The noise eps is an input like x. So z is a smooth function of mu and
    logvar, and a gradient can pass.
    """,
    "z = mu + sigma * eps,   sigma = exp(logvar / 2)",
    each("act", "sigma z"),
)

DECODE = Stage(
    "decoder",
    "From each code, the logits of its four pixels.",
    """
    h_dec = relu(z W3 + b3)
    logits = h_dec W4 + b4
    """,
    each("act", "h_dec logits"),
)

BCE = Stage(
    "bce",
    """
    The loss of each pixel, and at once its gradient: here the backward pass begins. nll is the sum
    for each image. Memory is used again: the sum is made inside of `terms`. There the second half
    of a row is added to its first half, and the same again with what remains. So the first number
    of a row is now the sum, and only the second half of the row still holds single terms.
    """,
    """
    nll(a, x) = max(a, 0) - a x + log(1 + e^-|a|)           a = logits
    dlogits = (s - x) / B                                   s = sigmoid(a)
    """,
    each("act", "terms nll dlogits"),
    returns="bce",
)

KL = Stage(
    "kl",
    "In nats, the sum over the latent dimensions, and of that the mean over the images.",
    "kl(mu, logvar) = KL(N(mu, sigma^2) || N(0, 1)) = (mu^2 + sigma^2 - 1 - logvar) / 2",
    returns="kl",
)

DECODE_BACKWARD = Stage(
    "decoder",
    """
    The decoder's gradients, from its end to its start. [c] is 1 where c holds and 0 elsewhere.
    a_dec and dh_dec are never stored: the product that makes dh_dec applies the gate and writes
    da_dec. dz is the gradient of the BCE alone.
    """,
    """
    dW4 = h_dec^T dlogits     db4 = sum of rows of dlogits     da_dec = (dlogits W4^T) [h_dec > 0]
    dW3 = z^T da_dec          db3 = sum of rows of da_dec      dz = da_dec W3^T
    """,
    [*each("vae.dw", "W4 b4"), "act.da_dec", *each("vae.dw", "W3 b3"), "act.dz"],
    of={"act": "bce"},
)

SAMPLE_BACKWARD_KL = Stage(
    "sampler",
    "Through the sample to mu and logvar, with the eps of the forward pass: the BCE's part.",
    """
    dmu = dz
    dlogvar = dz * sigma * eps / 2
    """,
    each("act", "dmu dlogvar"),
    of={"act": "bce"},
)

KL_BACKWARD = Stage(
    "kl",
    f"""
    The KL's gradient is added to what the sampler left in dmu and dlogvar. From now on they belong
    to the whole loss, BCE + beta * KL with beta = {BETA:g}.
    """,
    """
    dmu     = dmu     + beta / B * mu
    dlogvar = dlogvar + beta / B * (sigma^2 - 1) / 2
    """,
    each("act", "dmu dlogvar"),
)

ADD_DZ = Stage(
    "sampler",
    "z went two ways, to the decoder and to the critic, so its gradients add up.",
    "dz = dz of the BCE + dz of the score",
    ["act.dz"],
    inside=ws_objective,
)

SAMPLE_BACKWARD_WS = Stage(
    "sampler",
    "Through the sample to mu and logvar, with the same eps.",
    SAMPLE_BACKWARD_KL.equations,
    each("act", "dmu dlogvar"),
)

ENCODE_BACKWARD = Stage(
    "encoder",
    "The encoder's gradients. dstats is [dmu | dlogvar], one array.",
    """
    dW2 = h_enc^T dstats      db2 = sum of rows of dstats      da_enc = (dstats W2^T) [h_enc > 0]
    dW1 = x^T da_enc          db1 = sum of rows of da_enc
    """,
    [*each("vae.dw", "W2 b2"), "act.da_enc", *each("vae.dw", "W1 b1")],
)

ADAM_VAE = Stage(
    "adam",
    f"""
    Adam's first update, with b1 = 0.9, b2 = 0.999 and lr = {RATE:g}. At t = 1 the corrections make
    m_hat = g and v_hat = g^2, where g is the gradient. So each weight moves by lr against the sign
    of g, unless |g| is as small as 1e-8, and not at all where g is 0. `largest` is the largest
    absolute number among g, v and theta: a training stops when it is no longer finite.
    """,
    """
    m = b1 m + (1 - b1) g              m_hat = m / (1 - b1^t)
    v = b2 v + (1 - b2) g^2            v_hat = v / (1 - b2^t)
    theta = theta - lr * m_hat / (sqrt(v_hat) + 1e-8)
    """,
    each("vae.w vae.m vae.v", WEIGHTS),
    returns="largest",
)

END = Stage(
    "end",
    "The losses with the weights of before and after, on the same images and the same noise.",
)
