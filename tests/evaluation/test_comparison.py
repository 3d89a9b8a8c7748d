"""Averages, intervals and paired differences of made-up measurements, worked out by hand."""

import numpy as np
import pytest

from npvae.evaluation import comparison as comparison_module
from npvae.evaluation.comparison import Comparison, shipped_spread
from npvae.evaluation.measurement import Measurement

T = {2: 12.7062047, 3: 4.3026527, 5: 2.7764451}  # Student's t(0.975) for so many seeds


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    """A table of spreads in place of the one that is shipped."""
    path = tmp_path / "spread.csv"
    path.write_text(
        "# command\nmodel,metric,deviation,seeds\nkl,x,0.5,5\nws,x,2.0,3\nkl,only,1,5\n"
    )
    monkeypatch.setattr(comparison_module, "SEED_SPREAD", path)
    shipped_spread.cache_clear()
    yield path
    shipped_spread.cache_clear()


def runs(*values, key="x"):
    return [Measurement({key: value}) for value in values]


def on_images(*arrays, key="x"):
    """A training for each array of numbers of single images."""
    found = [Measurement() for _ in arrays]
    for measurement, array in zip(found, arrays, strict=True):
        measurement.add_means(**{key: array})
    return found


def compare(kl, ws, **others):
    return Comparison({"kl": kl, "ws": ws, **others}, perfect_match={})


def half(*squares):
    return sum(squares) ** 0.5


def test_values_are_averaged_over_the_seeds():
    c = compare(runs(1.0, 2.0, 6.0), runs(5.0, 7.0, 0.0), ae=runs(3.0, 4.0))
    assert (c.value("kl", "x"), c.value("ws", "x"), c.value("ae", "x")) == (3, 4, 3.5)
    assert c.seeds == 2  # the plain autoencoder has no more
    assert compare(runs(8.0), runs(9.0)).value("ws", "x") == 9


def test_a_single_training_takes_the_spread_of_the_shipped_table():
    c = compare(runs(3.0), runs(9.0))
    assert c.interval("kl", "x").half == pytest.approx(T[5] * 0.5)
    assert c.interval("ws", "x").half == pytest.approx(T[3] * 2.0)
    difference = c.difference("x")
    assert difference.mean == -6
    assert difference.half == pytest.approx(half((T[5] * 0.5) ** 2, (T[3] * 2.0) ** 2))


def test_several_trainings_take_their_own_spread_and_not_the_tables():
    c = compare(runs(1.0, 2.0, 3.0, 4.0, 5.0), runs(4.0, 4.0))
    own = T[5] * (2.5 / 5) ** 0.5  # s = √2.5
    assert c.interval("kl", "x").half == pytest.approx(own)
    assert c.interval("ws", "x") == (4, 4, 4)
    assert c.difference("x").half == pytest.approx(own)
    # One training on one side: its spread comes from the table, the other's from its seeds.
    mixed = compare(runs(1.0, 2.0, 3.0, 4.0, 5.0), runs(4.0))
    assert mixed.difference("x").half == pytest.approx(half(own**2, (T[3] * 2.0) ** 2))


def test_the_images_chance_is_added_to_the_trainings():
    images = np.random.default_rng(0).normal(10, 5, 400)
    c = compare(on_images(images), on_images(images))
    error = 1.959964 * c.measured["kl"][0].replicates["x"].std(ddof=1)
    assert error == pytest.approx(1.96 * 5 / 20, rel=0.25)
    assert c.interval("kl", "x").half == pytest.approx(half(error**2, (T[5] * 0.5) ** 2))
    # Not in the table, and one training: the images alone.
    c = compare(on_images(images, key="y"), on_images(images, key="y"))
    assert c.interval("kl", "y").half == pytest.approx(error)


def test_the_difference_of_two_models_is_taken_image_by_image():
    images = np.random.default_rng(0).normal(10, 5, 50)
    c = compare(on_images(images + 0.5, key="y"), on_images(images, key="y"))
    assert c.difference("y") == pytest.approx((0.5, 0.5, 0.5))
    assert c.difference("y", a="ws", b="kl") == pytest.approx((-0.5, -0.5, -0.5))
    assert c.interval("kl", "y").half > 1


def test_replicates_of_several_trainings_are_those_of_their_mean():
    a, b = np.random.default_rng(1).normal(0, 1, (2, 200))
    c = compare(on_images(a, b, key="y"), on_images((a + b) / 2, key="y"))
    spread = T[2] * np.std([a.mean(), b.mean()], ddof=1) / 2**0.5
    of_the_mean = c.interval("ws", "y").half
    assert c.interval("kl", "y").half == pytest.approx(half(of_the_mean**2, spread**2))
    assert c.difference("y").half == pytest.approx(spread)


def test_what_was_not_measured_is_none():
    c = compare(runs(1.0, key="y"), runs(2.0, key="y"))
    assert c.value("kl", "z") is c.interval("kl", "z") is c.difference("z") is None
    assert c.interval("kl", "y") is c.difference("y") is None  # nothing is known of its chance
    assert c.value("ae", "y") is c.interval("ae", "y") is c.difference("y", b="ae") is None
    images = on_images([1.0, 2.0], key="y")
    c = compare(images, runs(2.0, key="y"))
    assert c.interval("kl", "y") is not None and c.difference("y") is None
    # The table knows of one model alone: the chance of a difference is not known.
    c = compare(runs(1.0, key="only"), runs(2.0, key="only"))
    assert c.interval("kl", "only") is not None and c.difference("only") is None
    several = compare(runs(1.0, 2.0), [Measurement(), Measurement()])
    assert several.interval("kl", "x") is not None and several.difference("x") is None


def test_a_number_made_from_others_has_their_intervals():
    a, b = np.random.default_rng(3).normal(0, 1, (2, 200))
    kl = [Measurement()]
    kl[0].add_means(a=a, b=b, new=a)
    made = compare(kl, runs(2.0, key="new")).with_number("new", lambda of: of["a"] - 3 * of["b"])
    assert made.value("kl", "new") == pytest.approx((a - 3 * b).mean())
    direct = compare(on_images(a - 3 * b), []).measured["kl"][0].replicates["x"]
    np.testing.assert_allclose(made.measured["kl"][0].replicates["new"], direct)
    assert made.value("kl", "a") == a.mean()  # the others stay
    # What cannot be made is not there, and the comparison that it is made from does not change.
    assert made.value("ws", "new") is None
    assert kl[0].values["new"] == a.mean()


def test_differences_cover_the_truth_about_19_times_in_20():
    """Two models that differ by 1: three trainings of one, a single training of the other."""
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(300):
        images = rng.exponential(3, 40)  # far more apart than the models
        # How much harder each image is for WS: the second kind of chance in a difference.
        harder = rng.normal(0, 1.5, 40)
        kl = on_images(*(images + 1 + rng.normal(0, 0.3) for _ in range(3)))
        ws = on_images(images + harder + rng.normal(0, 0.3))
        estimate = rng.normal(0, 0.3, 5)  # the table's seeds
        c = compare(kl, ws)
        shipped_spread()["ws", "x"] = comparison_module.spread_of(estimate)
        found = c.difference("x")
        covered.append(found.low <= 1 <= found.high)
    assert 0.91 <= np.mean(covered) <= 0.99


def test_the_shipped_table_can_be_read(monkeypatch):
    path = comparison_module.Path(comparison_module.__file__).with_name("seed_spread.csv")
    monkeypatch.setattr(comparison_module, "SEED_SPREAD", path)
    shipped_spread.cache_clear()
    assert path.read_text(encoding="utf-8").startswith("# ")
    for (model, _), (deviation, seeds) in shipped_spread().items():
        assert model in ("kl", "ws", "ae") and deviation >= 0 and seeds >= 3


def test_the_table_of_spreads_is_made_from_several_trainings(table):
    kl, ws = runs(1.0, 2.0, 6.0, key="sse_mu"), runs(5.0, key="sse_mu")
    c = compare(kl, ws, ae=runs(2.0, 2.0), **{"a control": kl})  # controls are not in it
    table.write_text(c.spread_table("a command"))
    shipped_spread.cache_clear()
    assert shipped_spread() == {("kl", "sse_mu"): (pytest.approx(7**0.5, rel=1e-3), 3)}
    assert table.read_text().startswith("# a command\n")
