"""The explorer's five tasks: what to do, and what the report found, in words made from its numbers.

`key` names what npvae/pages/explorer/page.js sets up when the reader presses "Set it up".
"""

from npvae.evaluation.comparison import Comparison
from npvae.evaluation.encoded import MODELS
from npvae.evaluation.metrics import BY_KEY
from npvae.report.claims import value_of


def tasks(c: Comparison) -> list[dict[str, str]]:
    """Return the tasks, each with its key, title, what to do, and what to expect."""
    return [
        {
            "key": "draws",
            "title": "Which model's draws look real?",
            "do": "Draw from the prior a few times. Then let the sliders set ε instead: the same"
            " numbers are given the shape of each model's own codes. Which model's images change?",
            "expect": _values(c, "frechet", "frechet_gauss")
            + "A model whose images improve has codes that do not match the prior.",
        },
        {
            "key": "again",
            "title": "Who wobbles?",
            "do": "Pick a test image and press “Sample again” several times. Watch the"
            " reconstructions “z sampled”, and compare the bars of σ.",
            "expect": _values(c, "mean_sigma", "sse_mu", "sse_z")
            + "A wide posterior decodes noise, and the noise costs.",
        },
        {
            "key": "histograms",
            "title": "Do the codes match N(0, 1)?",
            "do": "Compare the bars of each dimension with the dashed curve. Then look at the"
            " map: the rings are the prior's.",
            "expect": _values(c, "width", "w1_sliced")
            + "The prior has standard deviation 1 and W₁ 0.",
        },
        {
            "key": "line",
            "title": "Is the way between two images even?",
            "do": "Compare the bars above the images: each is as tall as the change from one image"
            " to the next. Choose other images A and B with the two buttons under the picture.",
            "expect": _values(c, "path")
            + "The page measures in pixels, the report in features, so the numbers differ.",
        },
        {
            "key": "critic",
            "title": "Where does the critic see a difference?",
            "do": "Look at the critic's score behind the codes of the WS model, then at its slope."
            " The critic wants codes to move to where the score is higher.",
            "expect": _values(c, "critic_w1", "critic_slope")
            + "The plane shows the slope elsewhere, too, where no training took place.",
        },
    ]  # fmt: skip


def _values(c: Comparison, *keys: str) -> str:
    """Return a sentence for each number with the models' values, or one that says why not."""
    sentences = []
    for key in keys:
        name, known = BY_KEY[key].name, any(c.value(m, key) is not None for m in c.measured)
        told = [f"{MODELS[m]} {value_of(c, m, key)}" for m in MODELS if m in c.measured]
        said = ", ".join(told) if known else "not measured, because the data has no labels"
        sentences.append(f"{name[0].upper()}{name[1:]}: {said}. ")
    return "".join(sentences)
