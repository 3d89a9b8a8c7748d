"""npvae.load: the bits of `models.inference` in the shapes that were asked for; one line if not."""

import warnings

import numpy as np
import pytest

import npvae
from npvae.models import inference
from npvae.models.critic import make_critic_activations, score_forward
from npvae.training import streams
from npvae.training.checkpoint import save_checkpoint
from npvae.training.options import Options
from npvae.training.run import new_run

ROWS, COLUMNS, LATENT, N = 5, 4, 3, 7
SHAPES = {"rows and columns": (ROWS, COLUMNS), "flat": (ROWS * COLUMNS,)}
BYTES = np.random.default_rng(0).integers(0, 256, (N, ROWS, COLUMNS), np.uint8)


def saved(directory, run, shape=(ROWS, COLUMNS)):
    state = new_run(Options(run, latent_dim=LATENT, hidden_dim=16), shape, "toys")
    save_checkpoint(directory / "checkpoint.npz", state)
    return npvae.load(directory)


@pytest.fixture(params=["kl", "ws", "sw"])
def model(request, tmp_path):
    return saved(tmp_path, request.param)


@pytest.fixture
def ws(tmp_path):
    return saved(tmp_path, "ws")


def flat(images):
    return images.reshape(-1, ROWS * COLUMNS)


def same(found, wanted, shape):
    assert found.shape == shape and found.dtype == np.float32
    assert found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.float16, ">f4"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_many_images_which_may_be_a_view_or_read_only_and_are_not_changed(model, shape, dtype):
    images = BYTES if dtype == np.uint8 else (BYTES / 255).astype(dtype)
    w, rows = model.run.vae.w, flat(images if dtype == np.uint8 else images.astype(np.float32))
    mu, logvar = inference.encode(w, rows)
    given = np.repeat(images, 2, axis=0).reshape(-1, *shape)[::2]
    given.flags.writeable = False
    found_mu, found_sigma = model.encode(given)
    same(found_mu, mu, (N, LATENT))
    same(found_sigma, inference.posterior_sigma(logvar), (N, LATENT))
    same(model.decode(mu), inference.decode(w, mu), (N, ROWS, COLUMNS))
    same(model.reconstruct(given), inference.decode(w, mu), (N, ROWS, COLUMNS))
    assert np.array_equal(flat(given), flat(images))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_one_image_has_no_leading_axis_and_an_axis_of_one_channel_means_nothing(ws, shape):
    image, many = BYTES[2].reshape(shape), BYTES[2:3]
    for found, wanted in zip(ws.encode(image), ws.encode(many), strict=True):
        same(found, wanted[0], (LATENT,))
    mu, _ = ws.encode(many)
    same(ws.decode(mu[0]), ws.decode(mu)[0], (ROWS, COLUMNS))
    same(ws.score(mu[0]), ws.score(mu)[0], ())
    for given in (image, BYTES[2][..., None]):
        same(ws.reconstruct(given), ws.reconstruct(many)[0], (ROWS, COLUMNS))
    for given in (BYTES[..., None], BYTES[:, None]):
        same(ws.reconstruct(given), ws.reconstruct(BYTES), (N, ROWS, COLUMNS))


def test_a_single_row_is_one_image(tmp_path):
    of_one_row = saved(tmp_path, "kl", shape=(1, 6))
    for many, shape in ((BYTES[:1, 0, :3], (1, 6)), (BYTES[:2, 0, :3], (2, 1, 6))):
        assert of_one_row.reconstruct(np.tile(many, 2)).shape == shape


def test_images_that_look_like_a_mistake_are_warned_of_at_the_callers_line(model):
    dark = np.where(BYTES > 200, np.uint8(255), np.uint8(0))
    for method in (model.encode, model.reconstruct):
        with pytest.warns(UserWarning, match=r"^images: .* dark ink on white paper") as caught:
            method(255 - dark)
        assert [warning.filename for warning in caught] == [__file__]
        with pytest.warns(UserWarning, match="brightest pixel is 1 where white is 255"):
            method(dark // 255)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            method(dark)
            method(dark[3])


def test_samples_are_decoded_from_the_prior_and_repeat_with_their_seed(model):
    rng = np.random.default_rng([3, streams.LIBRARY_SAMPLES])
    z = rng.standard_normal((N, LATENT), dtype=np.float32)
    same(model.sample(N, seed=3), inference.decode(model.run.vae.w, z), (N, ROWS, COLUMNS))
    assert not np.array_equal(model.sample(N, seed=4), model.sample(N, seed=3))
    same(model.sample(1), model.sample(1, seed=0), (1, ROWS, COLUMNS))
    for n, seed, name in ((0, 0, "n"), (2.0, 0, "n"), (1, -1, "seed")):
        with pytest.raises(npvae.UserError, match=f"^{name}: is .* must be a whole number from"):
            model.sample(n, seed)


def test_scores_are_those_of_the_critic_for_any_number_of_z_and_other_runs_have_none(ws, tmp_path):
    z = np.random.default_rng(0).standard_normal((inference.BATCH + 3, LATENT), np.float32)
    a = make_critic_activations(ws.run.critic.w, len(z))
    a.z[:] = z
    score_forward(ws.run.critic.w, a)
    same(ws.score(z), a.score, (len(z),))
    for label in ("KL", "SW"):
        with pytest.raises(npvae.UserError, match=f"a run of {label} has no critic; load a WS run"):
            saved(tmp_path, label.lower()).score(np.zeros(LATENT))


def test_a_directory_is_named_by_text_too_and_one_without_a_run_is_refused(model, tmp_path):
    assert npvae.load(str(tmp_path)).options == model.options
    assert model.options == Options(model.options.kind, latent_dim=LATENT, hidden_dim=16)
    with pytest.raises(npvae.UserError, match="no such checkpoint; train the model first"):
        npvae.load(tmp_path / "nowhere")


SHAPE = r"images: have shape .*; this model takes \(5, 4\) for one image"
BAD_IMAGES = {
    "a number": (0.5, SHAPE),
    "nothing": (np.zeros((0, ROWS, COLUMNS)), SHAPE),
    "turned": (np.zeros((COLUMNS, ROWS)), SHAPE),
    "colours": (np.zeros((ROWS, COLUMNS, 3)), SHAPE),
    "two channels": (np.zeros((N, 2, ROWS, COLUMNS)), SHAPE),
    "integers": (np.zeros((ROWS, COLUMNS), int), "has type int64; it must be float"),
    "bytes as floats": (np.full((ROWS, COLUMNS), 255.0), r"in \[0, 1\] \(divide bytes by 255\)"),
}
BAD_Z = {
    "no z": (np.zeros((0, LATENT)), "^z: has shape"),
    "too short": (np.zeros(LATENT - 1), r"^z: has shape \(2,\); this model takes \(3,\) for one"),
    "three axes": (np.zeros((1, 1, LATENT)), "^z: has shape"),
    "infinity": (np.full((N, LATENT), -np.inf), "^z: .*finite"),
    "more than float32": (np.full(LATENT, 1e39), "^z: .*finite"),
    "complex": (np.zeros(LATENT, complex), "^z: .*finite"),
}
BAD = BAD_IMAGES | BAD_Z


@pytest.mark.parametrize(("name", "values", "words"), [(k, *v) for k, v in BAD.items()], ids=BAD)
def test_what_does_not_fit_is_refused_in_one_line(ws, name, values, words):
    methods = (ws.encode, ws.reconstruct) if name in BAD_IMAGES else (ws.decode, ws.score)
    for method in methods:
        with pytest.raises(npvae.UserError, match=words) as info:
            method(values)
        assert "\n" not in str(info.value)
