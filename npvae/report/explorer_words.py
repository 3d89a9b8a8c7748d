"""The explorer's five tasks: what to do, and what the report found, in words made from its numbers.

`key` names what the page sets up when the reader presses "Set it up" (js/explorer.js).
"""

from npvae.evaluation.comparison import Comparison
from npvae.report.markdown import number


def tasks(c: Comparison) -> list[dict[str, str]]:
    """Return the tasks, each with its key, title, what to do, and what to expect."""
    return [
        {
            "key": "draws",
            "title": "Which model's draws look real?",
            "do": "Draw from the prior a few times. Then let the sliders set ε instead: the same"
            " numbers are given the shape of each model's own codes. Which model's images change?",
            "expect": _values(c, "frechet", "Fréchet distance of samples from the prior")
            + _values(c, "frechet_gauss", "The same for a Gaussian fitted to training codes")
            + "A model whose images improve has codes that do not match the prior.",
        },
        {
            "key": "again",
            "title": "Who wobbles?",
            "do": "Pick a test image and press “Sample again” several times. Watch the"
            " reconstructions “z sampled”, and compare the bars of σ.",
            "expect": _values(c, "mean_sigma", "Mean σ of the posterior")
            + _values(c, "sse_mu", "Squared error at z = μ")
            + _values(c, "sse_z", "The same at z sampled")
            + "A wide posterior decodes noise, and the noise costs.",
        },
        {
            "key": "histograms",
            "title": "Do the codes match N(0, 1)?",
            "do": "Compare the bars of each dimension with the dashed curve. Then look at the"
            " map: the rings are the prior's.",
            "expect": _values(c, "width", "Mean standard deviation of z")
            + _values(c, "w1_sliced", "Mean W₁ along a random direction")
            + "The prior has standard deviation 1 and W₁ 0.",
        },
        {
            "key": "line",
            "title": "Is the way between two images even?",
            "do": "Compare the bars above the images: each is as tall as the change from one image"
            " to the next. Choose other images A and B with the two buttons under the picture.",
            "expect": _values(c, "path", "Path length in the classifier's features, 1 is straight")
            + _values(c, "jump", "Largest step over the mean step")
            + "The page measures in pixels, the report in features, so the numbers differ.",
        },
        {
            "key": "critic",
            "title": "Where does the critic see a difference?",
            "do": "Look at the critic's score behind the codes of the WS model, then at its slope."
            " The critic wants codes to move to where the score is higher.",
            "expect": _values(c, "critic_w1", "The critic's estimate of W₁")
            + _values(c, "w1_low", "W₁ is at least")
            + _values(c, "critic_slope", "Mean slope between codes and prior")
            + "The plane shows the slope elsewhere, too, where no training took place.",
        },
    ]  # fmt: skip


def _values(c: Comparison, key: str, what: str) -> str:
    """Return a sentence with the models' numbers, or one that says why there is none."""
    kl, ws = c.value("kl", key), c.value("ws", key)
    found = [f"{name} {number(v)}" for name, v in (("KL", kl), ("WS", ws)) if v is not None]
    if not found:
        return f"{what}: not measured, because the data has no labels. "
    return f"{what}: {', '.join(found)}. "
