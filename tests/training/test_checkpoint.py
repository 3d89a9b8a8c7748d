"""Checkpoints: what is saved comes back bit for bit, and anything else is refused in one line."""

import json

import numpy as np
import pytest
from data_helpers import FUZZ, error_line, mutations, npy, npy_of, small_run, zip_of
from hypothesis import given
from hypothesis import strategies as st
from own_runs import bits

from npvae.errors import UserError
from npvae.training.checkpoint import load_checkpoint, save_checkpoint


@pytest.fixture
def path(tmp_path):
    save_checkpoint(tmp_path / "checkpoint.npz", small_run())
    return tmp_path / "checkpoint.npz"


def arrays_and_meta(path):
    with np.load(path) as file:
        return dict(file), json.loads(str(file["meta"]))


def rewrite(path, words=None, options=None, **changes):
    """Write the file again with words of `meta`, options and arrays replaced; None: taken out."""
    arrays, meta = arrays_and_meta(path)
    meta |= {"options": meta["options"] | (options or {})} | (words or {})
    arrays |= {"meta": np.array(json.dumps(meta))} | changes
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})


@pytest.mark.parametrize("kind", ["kl", "ws", "sw"])
def test_a_run_comes_back_as_it_was_and_one_of_an_older_version_with_defaults(kind, tmp_path):
    saved, path = small_run(kind), tmp_path / "checkpoint.npz"
    save_checkpoint(path, saved)
    found, (_, meta) = load_checkpoint(path), arrays_and_meta(path)
    assert (found.options, found.image_shape, found.data) == (saved.options, (3, 2), "toys")
    assert (found.fingerprint, found.critic is None) == ("f1", kind != "ws")
    assert bits(found) == bits(saved)
    assert meta["options"]["run"] == kind  # as it always was
    del meta["fingerprint"], meta["options"]["directions"], meta["options"]["sigma"]
    rewrite(path, meta=np.array(json.dumps(meta)))
    found = load_checkpoint(path)
    assert (found.fingerprint, found.options) == ("", saved.options)


def lie(path):
    """Write a bias again whose header promises terabytes, with a few bytes."""
    with np.load(path) as file:
        members = {name: npy(array) for name, array in file.items()}
    path.write_bytes(zip_of(members | {BIAS: npy_of((2**40,), descr="'<f4'")}))


def flip_a_bit(path):
    weights = small_run().vae.w.W1.tobytes()
    path.write_bytes(path.read_bytes().replace(weights, bytes([weights[0] ^ 1]) + weights[1:]))


BIAS, FIT, ROWS = "decoder.hidden.bias", "do not fit its arrays", [{"epoch": 1}, {"epoch": 2}]
DAMAGE = {  # what is done to the file, or replaced in it, and words of the line
    "gone": (lambda path: path.unlink(), "no such checkpoint"),
    "a directory": (lambda path: (path.unlink(), path.mkdir()), "cannot be read ("),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "cannot be read ("),
    "a bit": (flip_a_bit, "cannot be read (Bad CRC-32"),
    "a promise": (lie, ""),  # told as damage, or as too large for the memory
    "shape": ({BIAS: np.zeros(5, "f4")}, f"array {BIAS} is not float32(2,)"),
    "type": ({BIAS: np.zeros(2)}, f"array {BIAS} is not float32(2,)"),
    "objects": ({BIAS: np.array([{}, {}])}, "Object arrays"),
    "missing": ({BIAS: None}, f"array {BIAS} is missing"),
    "NaN": ({BIAS: np.full(2, np.nan, "f4")}, f"{BIAS} holds NaN"),
    "infinity": ({BIAS: np.full(2, -np.inf, "f4")}, "or infinity"),
    "extra": ({"zebra": np.zeros(3)}, "array zebra is missing, or does not belong there"),
    "no meta": ({"meta": None}, "no array `meta`"),
    "another JSON": ({"meta": np.array("[]")}, "cannot be read ("),
    "endless JSON": ({"meta": np.array("[" * 100_000)}, "cannot be read ("),
    "the future": ({"words": {"format": 99}}, "format 99, and this version of npvae reads 1"),
    "another kind": ({"options": {"run": "gan"}}, "cannot be read ('gan'"),
    "another option": ({"options": {"speed": 1}}, "'speed'"),
    "a large network": ({"options": {"hidden_dim": 2**60}}, FIT),
    "a large code": ({"options": {"latent_dim": 2**60}}, FIT),
    "another image": ({"words": {"image_shape": [4, 2]}}, FIT),
    "short history": ({"words": {"epoch": 3}}, "the history does not fit"),
    "other columns": ({"words": {"history": ROWS}}, "the history does not fit"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_told_in_one_line(path, damage, words):
    damage(path) if callable(damage) else rewrite(path, **damage)
    line = error_line(path, load_checkpoint)
    assert words in line and len(line) < 500


@FUZZ
@given(data=st.data())
def test_any_damage_gives_a_run_or_a_user_error(path, data):
    """Most changes to a zip only spoil its checksum, so an intact one with a changed array, too."""
    with np.load(path) as file:
        text, whole = str(file["meta"]).encode(), {name: npy(a) for name, a in file.items()}
    texts = mutations(text).map(lambda some: {"meta": npy(np.array(some.decode("latin-1")))})
    arrays = mutations(whole[BIAS]).map(lambda some: {BIAS: some})
    content = mutations(path.read_bytes()) | (texts | arrays).map(lambda one: zip_of(whole | one))
    damaged = path.with_name("damaged.npz")
    damaged.write_bytes(data.draw(content))
    try:
        run = load_checkpoint(damaged)
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 500
    else:
        assert np.isfinite(run.vae.theta).all() and len(run.history) == run.epoch
