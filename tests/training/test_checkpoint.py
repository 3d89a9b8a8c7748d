"""Checkpoints: what is saved comes back bit for bit, and anything else is refused in one line."""

import json
import struct
import zipfile
from itertools import product

import numpy as np
import pytest
from data_helpers import FUZZ, error_line, mutations, small_run
from hypothesis import given
from hypothesis import strategies as st

from npvae.errors import UserError
from npvae.training.checkpoint import load_checkpoint, save_checkpoint
from npvae.training.kinds import KINDS


@pytest.fixture
def path(tmp_path):
    save_checkpoint(tmp_path / "checkpoint.npz", small_run())
    return tmp_path / "checkpoint.npz"


def rewrite(path, **changes):
    """Write the file again with some arrays replaced, or taken out where None is given."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files} | changes
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})


def meta_of(path):
    with np.load(path) as file:
        return json.loads(str(file["meta"]))


def rewrite_meta(path, **changes):
    rewrite(path, meta=np.array(json.dumps(meta_of(path) | changes)))


@pytest.mark.parametrize("name", ["kl", "ws", "sw"])
def test_a_run_comes_back_as_it_was(name, tmp_path):
    saved = small_run(name)
    save_checkpoint(tmp_path / "checkpoint.npz", saved)
    found = load_checkpoint(tmp_path / "checkpoint.npz")
    assert (found.options, found.image_shape, found.data) == (saved.options, (3, 2), "toys")
    assert (found.epoch, found.steps, found.history) == (2, 10, saved.history)
    assert (found.critic is None) == (name != "ws")
    for network, before in zip((found.vae, found.critic), (saved.vae, saved.critic), strict=True):
        if before is not None:
            for flat in ("theta", "m", "v"):
                views = (n.views(getattr(n, flat)) for n in (network, before))
                assert all(np.array_equal(a, b) for a, b in zip(*views, strict=True))
    assert meta_of(tmp_path / "checkpoint.npz")["options"]["run"] == name  # as it always was


def test_checkpoints_of_older_versions_load(path):
    meta = meta_of(path)
    assert meta.pop("fingerprint") == load_checkpoint(path).fingerprint == "f1"
    del meta["options"]["directions"], meta["options"]["sigma"]
    rewrite(path, meta=np.array(json.dumps(meta)))
    found = load_checkpoint(path)
    assert (found.fingerprint, found.options.directions, found.options.sigma) == ("", 50, None)


def replace_member(path, name, npy):
    """Write the file again with the bytes `npy` as one of its arrays."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for n, content in (members | {f"{name}.npy": npy}).items():
            archive.writestr(n, content)


def lying(shape):
    """An array of a few bytes, whose header promises as many numbers as `shape` says."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(99)


def flip_a_bit(path):
    weights = small_run().vae.w.W1.tobytes()
    path.write_bytes(path.read_bytes().replace(weights, bytes([weights[0] ^ 1]) + weights[1:]))


def change(**options):
    return lambda path: rewrite_meta(path, options=meta_of(path)["options"] | options)


BIAS = "decoder.hidden.bias"
DAMAGE = {  # what is done to the file, and words of the line
    "gone": (lambda path: path.unlink(), "no such checkpoint"),
    "a directory": (lambda path: (path.unlink(), path.mkdir()), "cannot be read ("),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "cannot be read ("),
    "a bit": (flip_a_bit, "cannot be read (Bad CRC-32"),
    "shape": (
        lambda path: rewrite(path, **{BIAS: np.zeros(5, "f4")}),
        "float32(5,), not float32(2",
    ),
    "type": (lambda path: rewrite(path, **{BIAS: np.zeros(2)}), "is float64(2,), not float32(2,)"),
    "objects": (lambda path: rewrite(path, **{BIAS: np.array([{}, {}])}), "Object arrays"),
    "missing": (lambda path: rewrite(path, **{BIAS: None}), f"array {BIAS} is missing"),
    "NaN": (lambda path: rewrite(path, **{BIAS: np.full(2, np.nan, "f4")}), f"{BIAS} holds NaN"),
    "infinity": (lambda path: rewrite(path, **{BIAS: np.full(2, -np.inf, "f4")}), "or infinity"),
    "extra": (lambda path: rewrite(path, zebra=np.zeros(3)), "array zebra does not belong there"),
    "no meta": (lambda path: rewrite(path, meta=None), "no array `meta`"),
    "the future": (lambda path: rewrite_meta(path, format=99), "checkpoint format 99"),
    "a promise": (lambda path: replace_member(path, BIAS, lying(f"({2**40},)")), ""),
    "a large network": (change(hidden_dim=2**14, latent_dim=2**12), "not float32("),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_told_in_one_line(path, damage, words):
    damage(path)
    assert words in error_line(path, load_checkpoint)


def rows(**last):
    row = dict.fromkeys(KINDS["kl"].columns, 1.0)
    return [row, row | {"epoch": 2} | last]


BAD_META = [  # texts, other arrays, and fields in the place of the right ones
    *map(np.array, [3, ["{}", "{}"], b"{}", "{", "[]", "{}", "[" * 100_000]),
    np.array('{"format": ' + "1" * 10_000 + "}"),
    *({name: bad} for name in ("epoch", "steps") for bad in (-1, 1.5, True, "2", None)),
    *({"image_shape": bad} for bad in ([3], [3, 2, 1], [0, 6], [-3, -2], "32", None, 6)),
    *({name: bad} for name in ("data", "fingerprint") for bad in (None, 3)),
    *({"options": bad} for bad in (None, [], "kl", {}, {"run": "gan"}, {"run": "kl", "speed": 1})),
    *({"history": bad} for bad in (None, [], {}, [1, 2], [{"epoch": 1}, {"epoch": 2}], "ab")),
    *({"history": rows(seconds=bad)} for bad in (float("nan"), "1", None, 10**400)),
]


@pytest.mark.parametrize("meta", BAD_META, ids=lambda meta: str(meta)[:40])
def test_a_meta_that_does_not_describe_a_run(path, meta):
    rewrite_meta(path, **meta) if isinstance(meta, dict) else rewrite(path, meta=meta)
    assert "`meta` does not describe a run" in error_line(path, load_checkpoint)


BAD_OPTIONS = [
    *product(["latent_dim", "epochs"], [0, -1, 2**62, 1.0, True, None, "2"]),
    *product(["lr", "beta"], [-1.0, 1e31, float("nan"), None, "1", []]),
    *[("lr", 0.0), ("limit", 0), ("limit", "all"), ("sigma", 0.0), ("sigma", "0.1")],
]


@pytest.mark.parametrize("option, value", BAD_OPTIONS)
def test_an_option_that_the_programs_would_refuse(path, option, value):
    change(**{option: value})(path)
    assert f"({option}: " in error_line(path, load_checkpoint)


def loads_or_is_refused(path):
    try:
        run = load_checkpoint(path)
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 500
        return
    assert np.isfinite(run.vae.theta).all() and len(run.history) == run.epoch


@FUZZ
@given(data=st.data())
def test_any_damage_gives_a_run_or_a_user_error(tmp_path, data):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, small_run())
    path.write_bytes(data.draw(mutations(path.read_bytes())))
    loads_or_is_refused(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
)


@FUZZ
@given(data=st.data())
def test_any_meta_gives_a_run_or_a_user_error(tmp_path, data):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, small_run())
    meta = meta_of(path)
    inside = data.draw(st.sampled_from([meta, meta["options"], *meta["history"]]))
    inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(JSON)
    rewrite(path, meta=np.array(json.dumps(meta)))
    loads_or_is_refused(path)
