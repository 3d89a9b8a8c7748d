"""Checkpoints: what is saved comes back bit for bit, and anything else is refused in one line."""

import json
import struct
import tracemalloc
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


@pytest.fixture(params=["kl", "ws", "sw"])
def path(request, tmp_path):
    save_checkpoint(tmp_path / "checkpoint.npz", small_run(request.param))
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
                views = zip(
                    network.views(getattr(network, flat)),
                    before.views(getattr(before, flat)),
                    strict=True,
                )
                assert all(np.array_equal(a, b) for a, b in views)


def test_the_kind_is_called_run_in_the_file_as_it_always_was(path):
    with np.load(path) as file:
        options = json.loads(str(file["meta"]))["options"]
    assert options["run"] == load_checkpoint(path).options.kind and "kind" not in options


def test_a_checkpoint_of_an_older_version_has_no_fingerprint_and_loads(path):
    with np.load(path) as file:
        meta = json.loads(str(file["meta"]))
    assert meta.pop("fingerprint") == load_checkpoint(path).fingerprint == "f1"
    rewrite(path, meta=np.array(json.dumps(meta)))
    assert load_checkpoint(path).fingerprint == ""


def test_an_option_that_older_versions_did_not_have_has_its_default(path):
    options = meta_of(path)["options"]
    del options["directions"]
    rewrite_meta(path, options=options)
    assert load_checkpoint(path).options.directions == 50


def test_missing(tmp_path):
    assert "no such checkpoint" in error_line(tmp_path / "nowhere.npz", load_checkpoint)


def test_a_directory_in_its_place(tmp_path):
    assert "cannot be read" in error_line(tmp_path, load_checkpoint)


@pytest.mark.parametrize("cut", [1, 100, 10_000])
def test_truncated(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    assert "cannot be read (BadZipFile)" in error_line(path, load_checkpoint)


def test_a_flipped_bit_in_a_weight(path):
    weights = small_run().vae.w.W1.tobytes()
    damaged = bytes([weights[0] ^ 1]) + weights[1:]
    path.write_bytes(path.read_bytes().replace(weights, damaged))
    assert "cannot be read (BadZipFile); train again" in error_line(path, load_checkpoint)


BAD_ARRAYS = {
    "wrong shape": (np.zeros(5, np.float32), "is float32(5,), not float32(2,)"),
    "wrong type": (np.zeros(2), "is float64(2,), not float32(2,)"),
    "objects": (np.array([{}, {}], object), "is object(2,)"),
    "missing": (None, "array decoder.hidden.bias is missing"),
    "NaN": (np.full(2, np.nan, np.float32), "decoder.hidden.bias holds NaN"),
    "infinity": (np.full(2, np.inf, np.float32), "decoder.hidden.bias holds NaN or infinity"),
}


@pytest.mark.parametrize("array, problem", BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_bad_arrays(path, array, problem):
    rewrite(path, **{"decoder.hidden.bias": array})
    assert problem in error_line(path, load_checkpoint)


@pytest.mark.parametrize("name", ["extra", "zebra"])  # before and after `meta` in the alphabet
def test_an_extra_array(path, name):
    rewrite(path, **{name: np.zeros(3)})
    assert f"array {name} does not belong there" in error_line(path, load_checkpoint)


def test_no_meta(path):
    rewrite(path, meta=None)
    assert "no array `meta`" in error_line(path, load_checkpoint)


def test_a_future_format(path):
    rewrite_meta(path, format=99)
    assert "format 99" in error_line(path, load_checkpoint)


BAD_META = {
    "a number": np.array(3),
    "two texts": np.array(["{}", "{}"]),
    "bytes": np.array(b"{}"),
    "not JSON": np.array("{"),
    "a list": np.array("[]"),
    "nothing said": np.array("{}"),
    "nested deeply": np.array("[" * 100_000),
    "a long number": np.array('{"format": ' + "1" * 10_000 + "}"),
}


@pytest.mark.parametrize("meta", BAD_META.values(), ids=BAD_META.keys())
def test_bad_meta(path, meta):
    rewrite(path, meta=meta)
    assert "meta" in error_line(path, load_checkpoint).removeprefix(str(path))


ROW = dict.fromkeys(KINDS["kl"].columns, 1.0)
BAD_FIELDS = [
    *product(["epoch", "steps"], [-1, 1.5, True, "2", None, [2]]),
    *product(["image_shape"], [[3], [3, 2, 1], [0, 6], [-3, -2], [3.0, 2.0], "32", None, 6]),
    *product(["data", "fingerprint"], [None, 3, ["toys"]]),
    *product(["options"], [None, [], "kl", {}, {"run": "gan"}, {"run": "kl", "speed": 1}]),
    *product(
        ["history"],
        [None, [], {}, [1, 2], [ROW, ROW], [ROW, {"epoch": 2}], "ab"]
        + [[ROW, ROW | {"epoch": 2, "seconds": bad}] for bad in (float("nan"), "1", None, 10**400)],
    ),
]


@pytest.mark.parametrize("field, value", BAD_FIELDS)
def test_a_field_that_does_not_describe_a_run(tmp_path, field, value):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, small_run())
    rewrite_meta(path, **{field: value})
    assert "`meta` does not describe a run" in error_line(path, load_checkpoint)


BAD_OPTIONS = [
    *product(["latent_dim", "hidden_dim", "epochs"], [0, -1, 2**62, 10**30, 1.0, True, None, "2"]),
    *product(["lr", "critic_lr"], [0.0, -1.0, 1e31, float("nan"), float("inf"), None, "1"]),
    *product(["beta", "gp_weight"], [-1.0, float("nan"), [], {}]),
    *product(["limit"], [0, -1, "all"]),
    *product(["sigma"], [0.0, -1.0, float("nan"), "0.1"]),
]


@pytest.mark.parametrize("option, value", BAD_OPTIONS)
def test_an_option_that_the_programs_would_refuse(tmp_path, option, value):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, small_run())
    rewrite_meta(path, options=meta_of(path)["options"] | {option: value})
    assert f"({option}: " in error_line(path, load_checkpoint)


def test_a_checkpoint_from_before_sigma_could_be_held(path):
    options = meta_of(path)["options"]
    del options["sigma"]
    rewrite_meta(path, options=options)
    assert load_checkpoint(path).options.sigma is None


def replace_member(path, name, npy):
    """Write the file again with the bytes `npy` as one of its arrays."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for n, content in (members | {f"{name}.npy": npy}).items():
            archive.writestr(n, content)


def npy_header(descr, shape):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def peak_memory_of_refusing(path):
    """Return the most bytes that Python and NumPy held while the file was refused."""
    tracemalloc.start()
    try:
        error_line(path, load_checkpoint)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name, descr, shape, problem",
    [
        ("meta", f"<U{2**28}", "()", "99 bytes of data where its header promises"),
        ("decoder.hidden.bias", "<f4", f"({2**28},)", "99 bytes of data where its header promises"),
        (
            "decoder.hidden.bias",
            "<f4",
            f"({2**40},)",
            "promises 4,398,046,511,104 bytes, ",
        ),
    ],
)
def test_a_header_that_claims_too_much_is_refused_before_allocating(
    path, name, descr, shape, problem
):
    replace_member(path, name, npy_header(descr, shape) + bytes(99))
    assert peak_memory_of_refusing(path) < 2**20
    assert problem in error_line(path, load_checkpoint)


def test_options_that_ask_for_gigabytes_are_refused_before_allocating(path):
    large = meta_of(path)["options"] | {"hidden_dim": 2**14, "latent_dim": 2**12}
    rewrite_meta(path, options=large)
    assert peak_memory_of_refusing(path) < 2**22
    assert "not float32(" in error_line(path, load_checkpoint)


def test_a_compressed_bomb_is_not_expanded(path):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    blank = np.array(json.dumps(meta_of(path)) + " " * 2**24)
    np.savez_compressed(path, **(arrays | {"meta": blank}))
    assert peak_memory_of_refusing(path) < 2**20


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
