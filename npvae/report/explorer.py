"""The latent explorer: the trained models in one page to play with, report/explorer.html.

Weights and codes go into the page in half precision: each array is scaled by a power of two so that
its largest number nearly fills the format, and its 16-bit numbers are written in base64.

    stored = float16(array / scale)        relative error at most 2^-11, except for the tiniest
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from npvae.data.dataset import Dataset
from npvae.evaluation.distances import normal_w1
from npvae.evaluation.encoded import MODELS, EncodedRun
from npvae.evaluation.metrics import BY_KEY
from npvae.evaluation.results import Comparison
from npvae.evaluation.structure import Embedding
from npvae.pages.single_file import page_text
from npvae.report.claims import value_of
from npvae.report.image_grids import pick_images

TASKS = Path(__file__).with_name("explorer.tasks.json")  # the page sets them up by their keys
PICTURES = 40  # test images to pick from
BINS = 60  # of each dimension's histogram
LARGEST_EXPONENT = 15  # float16 ends below 2^16


def explorer_page(
    models: Sequence[EncodedRun],
    embeddings: Sequence[Embedding],
    comparison: Comparison,
    data: Dataset,
) -> str:
    """Return the explorer as an HTML text, made of what the report has computed already."""
    shown, labels = pick_images(data, PICTURES), data.test_labels
    widest = max(float(np.abs(model.z).max()) for model in models)
    tasks = json.loads(TASKS.read_text(encoding="utf-8"))
    for task in tasks:
        task["expect"] = told(comparison, task["numbers"]) + task["expect"]
    pairs = zip(models, embeddings, strict=True)
    content = {
        "name": data.name,
        "shape": list(data.image_shape),
        "reach": float(np.ceil(np.clip(widest, 4, 12))),  # of the sliders
        "images": pack(data.test_images[shown]),
        "labels": None if labels is None else labels[shown].tolist(),
        "tasks": tasks,
        "models": [model_content(model, embedding, labels) for model, embedding in pairs],
    }
    return page_text("explorer", content)


def told(c: Comparison, keys: Sequence[str]) -> str:
    """Return a sentence for each number with the models' values, or one that says why not."""
    sentences = []
    for key in keys:
        values = [f"{MODELS[m]} {value_of(c, m, key)}" for m in c.models]
        if all(c.value(m, key) is None for m in c.measured):
            values = ["not measured: it takes labels of two classes"]
        name = BY_KEY[key].name
        sentences.append(f"{name[0].upper()}{name[1:]}: {', '.join(values)}. ")
    return "".join(sentences)


def model_content(model: EncodedRun, embedding: Embedding, labels: np.ndarray | None) -> dict:
    """Return what the page needs of one model: its networks, its codes and their shape."""
    on_map, z = embedding.index, model.z
    latent = z.shape[1]
    # mean + factor eps, with eps ~ N(0, I), is the Gaussian fitted to the codes.
    factor = np.linalg.cholesky(np.cov(z, rowvar=False) + 1e-9 * np.eye(latent))
    axes = PCA(min(2, latent), svd_solver="full").fit(model.mu).components_
    # The histograms are wide enough for nearly all codes.
    reach = float(np.ceil(np.clip(np.quantile(np.abs(z), 0.999), 4, None)))
    edges = np.linspace(-reach, reach, BINS + 1)
    vae, critic = (
        network and {name: pack(array) for name, array in network.w._asdict().items()}
        for network in (model.run.vae, model.run.critic)
    )
    return {
        "key": model.key,
        "label": model.label,
        "networks": vae,
        "critic": critic,
        "mean": z.mean(axis=0).tolist(),
        "factor": pack(factor),
        "components": pack(axes),
        "mu": pack(model.mu[on_map]),
        "logvar": pack(model.logvar[on_map]),
        "labels": None if labels is None else labels[on_map].tolist(),
        "tsne": pack(embedding.points),
        "edges": [-reach, reach],
        "histogram": [np.histogram(column, edges)[0].tolist() for column in z.T],
        "codes": len(z),
        "w1": normal_w1(z).tolist(),
        "std": z.std(axis=0).tolist(),
    }


def pack(array: np.ndarray) -> dict:
    """Return an array as JSON can hold it: bytes as they are, all else in half precision."""
    kept, scale = array, 1 / 255
    if array.dtype != np.uint8:
        exponent = np.frexp(np.abs(array).max(initial=0))[1] - LARGEST_EXPONENT
        scale = float(np.ldexp(1.0, exponent))
        kept = (array / scale).astype("<f2")
    text = base64.b64encode(np.ascontiguousarray(kept)).decode()
    return {"shape": list(array.shape), "bytes": kept.itemsize, "scale": scale, "base64": text}
