"""Explorers of three small untrained runs, and how the tests use the page."""

import numpy as np

from npvae.data.dataset import Dataset
from npvae.evaluation.encoded import encode_run
from npvae.evaluation.intervals import Measurement
from npvae.evaluation.results import Comparison
from npvae.evaluation.structure import Embedding
from npvae.report.explorer import explorer_page
from npvae.training.options import Options
from npvae.training.run import new_run

IMAGES = 60
KEYS = ("kl", "ws", "sw")

# JavaScript: the numbers of a canvas, [red, green, blue, alpha, red, ..].
READ = """const read = (canvas) => {
    const { width, height } = canvas, copy = document.createElement("canvas");
    Object.assign(copy, { width, height });
    const ctx = copy.getContext("2d", { willReadFrequently: true });
    ctx.drawImage(canvas, 0, 0);
    return ctx.getImageData(0, 0, width, height).data; };"""
GREY = f"(canvas) => {{ {READ} return [...read(canvas)].filter((_, n) => n % 4 === 0); }}"


class Explorer:
    """What a page was made of, and where it is."""

    def __init__(
        self, directory, *, latent=5, shape=(8, 6), hidden=24, labels=True, name="digits", keys=KEYS
    ):
        rng = np.random.default_rng(latent)
        self.shape, self.latent, self.hidden = shape, latent, hidden
        images = rng.integers(0, 256, (IMAGES, shape[0] * shape[1])).astype(np.uint8)
        images[:, ::3] = 0
        marks = np.arange(IMAGES) % 4 if labels else None
        self.data = Dataset(images, marks, images, marks, shape, name, is_sample=False)
        self.models = [self.trained(kind, rng) for kind in keys]
        self.embeddings = [
            Embedding(np.arange(IMAGES), 30 * rng.standard_normal((IMAGES, 2))) for _ in keys
        ]
        values = {"kl": {"width": 1.25, "mean_sigma": 0.5}, "ws": {"width": 1.5, "mean_sigma": 0}}
        values["ws"] |= {"critic_w1": 2.5, "critic_slope": 1.5}
        measured = {m.key: [Measurement(values=values.get(m.key, {}))] for m in self.models}
        comparison = Comparison(measured, {})
        self.text = explorer_page(self.models, self.embeddings, comparison, self.data)
        self.path = directory / "explorer.html"
        self.path.write_text(self.text, encoding="utf-8")
        self.url = self.path.as_uri()

    def trained(self, kind, rng):
        """A run whose weights are spread as those of a trained one: images of black and white."""
        run = new_run(Options(kind, latent_dim=self.latent, hidden_dim=self.hidden), self.shape)
        for W in run.vae.w:
            W *= 1.5
        run.vae.w.b2[self.latent :] -= 2 if kind == "kl" else 31  # sigma: about 0.4 and 2e-7
        run.vae.w.W2[:, : self.latent] *= 6  # mu
        for b in (run.vae.w.b2[: self.latent], run.vae.w.b4):
            b += 0.2 * KEYS.index(kind)  # so that no model can stand for another
        for W in run.critic.w if run.critic else ():
            W *= 3
        return encode_run(run, self.data.test_images, 0)


def numbers(page):
    """The numbers of the sliders."""
    return page.evaluate("[...explorer.latent.state.numbers]")


def mode(page):
    """What the sliders set: "z" or "eps"."""
    return page.evaluate("explorer.latent.state.mode")


def picture(page, selector, n=0):
    """The grey values of an image on the page."""
    return page.locator(selector).nth(n).evaluate(GREY)


def image_of(page):
    """The pixels on the pad."""
    return np.array(page.evaluate("[...explorer.image.state.x]"))


def decoded(page, m, code="explorer.latent.codeOf(model)"):
    """The grey values of what model m makes of its code."""
    return page.evaluate(
        f"""(m) => {{ const model = explorer.page.models[m];
            const {{ image }} = explorerNetworks.decode(model, {code});
            return [...image].map((value) => Math.round(255 * value));
        }}""",
        m,
    )


def on_map(page, key, place):
    """Where a place of the map is on the screen."""
    canvas = page.locator(f"canvas.map[data-model={key}]")
    canvas.evaluate("(e) => e.scrollIntoView({ behavior: 'instant', block: 'center' })")
    box, extent = canvas.bounding_box(), page.evaluate("explorer.map.extent()")
    place = [float(at) for at in place]
    x, y = (0.5 + 0.5 * place[0] / extent), (0.5 - 0.5 * place[1] / extent)
    return box["x"] + x * box["width"], box["y"] + y * box["height"]
