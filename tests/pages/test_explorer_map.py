"""The explorer's map of the codes in a browser: clicks, views, marks and lines between images."""

import re

import numpy as np
import pytest
from explorers import READ, decoded, numbers, on_map, picture
from page_helpers import Drawing, choose, same, scored


@pytest.mark.parametrize("m, key", [(0, "kl"), (1, "ws")])
def test_a_click_on_the_map_decodes_the_place_in_the_plane(page, made, m, key):
    assert [page.input_value(f"#axis-{name}") for name in "ij"] == ["0", "1"]
    page.select_option("#axis-i", "2")
    page.select_option("#axis-j", "4")
    page.mouse.move(*on_map(page, key, (0, 0)))
    page.mouse.down()
    page.mouse.move(*on_map(page, key, (1.5, -0.5)))  # z follows the mouse
    expected = page.evaluate("(m) => [...explorer.page.models[m].mean]", m)
    expected[2], expected[4] = 1.5, -0.5
    assert numbers(page) == pytest.approx(expected, abs=0.04)  # a pixel
    assert picture(page, "#map-decoded canvas", m) == decoded(page, m)
    extent = page.evaluate("explorer.map.extent()")
    page.mouse.move(*on_map(page, key, (1.02 * extent, -0.5)))  # beyond the edge, too
    assert numbers(page)[2] > extent
    page.mouse.move(*on_map(page, key, (1.5, -0.5)))
    page.mouse.up()
    page.mouse.move(*on_map(page, key, (1, 1)))  # and stays
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert numbers(page)[2] == pytest.approx(1.4, abs=0.04)
    assert numbers(page)[4] == pytest.approx(0, abs=0.04)


def test_a_click_takes_the_nearest_code(page, made):
    choose(page, "click", "nearest")
    choose(page, "code", "mu")
    mu = made.models[0].mu
    page.mouse.click(*on_map(page, "kl", mu[11, :2]))
    assert numbers(page) == pytest.approx(mu[11], abs=2e-3)
    choose(page, "code", "z")
    choose(page, "view", "tsne")
    assert "no plane" in page.text_content("#maps figcaption")
    page.mouse.click(*on_map(page, "ws", made.embeddings[1].points[23]))
    assert numbers(page) == pytest.approx(made.models[1].mu[23], abs=2e-3)
    kl, ws, _ = page.evaluate("explorer.map.maps.map(explorer.map.crossOf)")
    assert kl is None and ws == page.evaluate("explorer.map.maps[1].marks[23]")
    page.click("#zero")
    assert page.evaluate("explorer.map.crossOf(explorer.map.maps[1])") is None


def test_principal_components_are_those_of_the_codes(page, made):
    choose(page, "view", "components")
    assert page.is_hidden("#axes") and page.text_content("#maps figcaption") == ""
    page.mouse.click(*on_map(page, "ws", (1, 2)))
    model = made.models[1]
    axes = np.array(page.evaluate("[...explorer.page.models[1].components.data]")).reshape(2, -1)
    vectors = np.linalg.svd(model.mu - model.mu.mean(axis=0), full_matrices=False)[2]
    assert np.abs((axes * vectors[:2]).sum(axis=1)) == pytest.approx([1, 1], abs=1e-3)
    assert (axes.max(axis=1) == np.abs(axes).max(axis=1)).all()  # so their signs are decided
    assert numbers(page) == pytest.approx(model.z.mean(axis=0) + axes[0] + 2 * axes[1], abs=0.04)
    cross = page.evaluate("explorer.map.crossOf(explorer.map.maps[1])")
    assert cross == pytest.approx([1, 2], abs=0.04)
    choose(page, "code", "mu")
    marks = np.array(page.evaluate("explorer.map.maps[1].marks"))
    assert np.abs(marks - (model.mu - model.z.mean(axis=0)) @ axes.T).max() < 5e-3


def test_the_marks_are_where_the_codes_are(page, made):
    choose(page, "code", "mu")
    codes = [model.mu[:, :2] for model in made.models]
    for view, places in (("dimensions", codes), ("tsne", [e.points for e in made.embeddings])):
        choose(page, "view", view)
        marks = page.evaluate("explorer.map.maps.map((map) => map.marks)")
        assert np.abs(np.array(marks) - places).max() < 0.05
    choose(page, "view", "dimensions")
    choose(page, "code", "z")
    found = np.array(page.evaluate("explorer.map.maps[0].marks"))
    noise = (found - made.models[0].mu[:, :2]) / np.exp(made.models[0].logvar[:, :2] / 2)
    assert np.std(noise) == pytest.approx(1, abs=0.3)
    assert np.mean(noise) == pytest.approx(0, abs=0.3)


def test_layers_views_and_marks_are_drawn(page, made):
    drawn = '[...document.querySelectorAll("canvas.map")].map((c) => c.toDataURL()).join()'
    pictures = {page.evaluate(drawn)}
    drawing = Drawing(
        page,
        """() => { const { maps, extent, crossOf, show } = explorer.map;
            show();
            const hex = (n) => Math.round(n).toString(16).padStart(2, "0");
            const ink = (n) => `#${npvaePictures.rgb(`class-${n}`).map(hex).join("")}`;
            return [maps.map(({ marks }) => marks), maps.map(crossOf), [0, 1, 2, 3].map(ink),
                    maps[0].canvas.clientWidth, extent()]; }""",
    )
    places, cross, classes, size, extent = drawing.result
    on_screen = lambda at: (np.array(at) * (1, -1) / extent + 1) / 2 * size  # noqa: E731
    labels = made.data.test_labels
    inks = [call["ink"] for call in drawing.calls if call["name"] == "fillText"]
    assert inks == [classes[n] for n in [*labels] * 3]
    texts = np.array(drawing.all("fillText"))
    assert texts[:, 0].tolist() == [*labels] * 3
    same(texts[:, 1:] - (0, 3), on_screen(places).reshape(-1, 2), 1e-6)
    unit = size / 2 / extent  # the rings are the prior's
    arcs = [(size / 2, size / 2, radius * unit) for radius in (1, 2, 3)] * 3
    assert np.array(drawing.all("arc"))[:, :3] == pytest.approx(np.array(arcs))
    arms = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])  # of a cross, with a gap in the middle
    arms = np.stack([5 * arms, 14 * arms], axis=1).reshape(-1, 2)
    assert drawing.lines("kl", "ws", "sw").reshape(-1, 2) == pytest.approx(
        np.concatenate([at + arms for at in np.repeat(on_screen(cross), 2, axis=0)])
    )
    changes = ["code mu", "layer score", "layer slope", "view components", "view tsne"]
    for name, value in map(str.split, changes):
        choose(page, name, value)
        if name == "layer":
            page.wait_for_selector(f"canvas[data-model=ws][data-layer={value}]")
        pictures.add(page.evaluate(drawn))
    assert len(pictures) == 6
    assert page.text_content("#maps figcaption").startswith("t-SNE")
    assert page.locator("canvas.map").first.get_attribute("role") == "application"
    choose(page, "view", "dimensions")
    notes = page.locator("#maps figcaption")
    for n, label in ((0, "KL"), (2, "SW")):
        assert notes.nth(n).text_content() == f"{label} was trained without a critic."
    page.wait_for_selector("canvas[data-model=ws][data-layer=slope]")
    corners = page.locator("canvas.map").evaluate_all(
        f"(maps) => {{ {READ} return maps.map((canvas) => read(canvas)[3]); }}"
    )
    assert corners == [0, 255, 0]  # only where there is a critic, the plane is filled
    low, high = page.evaluate(
        "((s) => [Math.min(...s), Math.max(...s)].map((x) => npvaePictures.format(x, 2)))"
        "(explorer.map.maps[1].critic.slope)"
    )
    told = page.locator("#maps figcaption").nth(1).text_content()
    assert told.startswith(f"slope from {low} (pale) to {high} (strong)")


def test_the_line_between_two_picked_images(page, made):
    page.locator("#picker button").nth(2).click()
    page.click("#use-A")
    page.locator("#picker button").nth(5).click()
    page.click("#use-B")
    a, b = (page.evaluate(f"[...explorerNetworks.row(explorer.image.tests, {n})]") for n in (2, 5))
    assert page.evaluate("[[...explorer.lines.state.A], [...explorer.lines.state.B]]") == [a, b]
    assert picture(page, "#end-B") == np.round(255 * np.array(b)).tolist()
    code, highest = "explorerNetworks.encode(model, explorer.lines.state.B).mu", []
    for m, row in enumerate((".kl", ".ws", ".sw")):
        assert picture(page, f"#lines {row} .line canvas", 8) == decoded(page, m, code)
        steps, length, direct, text = page.evaluate(
            """(m) => { const { A, B } = explorer.lines.state, format = npvaePictures.format;
                const { steps, length, direct } = explorerLines.line(explorer.page.models[m], A, B);
                return [steps, length, direct, steps.map((x) => format(x, 2)).join(", ")]; }""",
            m,
        )
        canvas = page.locator(f"#lines {row} .steps")
        assert canvas.get_attribute("aria-label") == f"Steps: {text}"
        told = re.findall(r"\d+\.\d+", page.text_content(f"#lines {row} p"))
        expected = [length, direct, length / direct, 8 * max(steps) / length]
        assert [float(x) for x in told] == pytest.approx(expected, rel=0.01, abs=0.006)
        names = page.locator(f"#lines {row} .line figcaption").all_text_contents()
        assert names == ["A", *[""] * 7, "B"]
        bars = [size for *_, size in Drawing(page, "explorer.lines.show").all("fillRect")]
        bars, high = bars[8 * m : 8 * m + 8], canvas.evaluate("(e) => e.clientHeight") - 18
        highest.append(max(bars) / high)
        assert np.array(bars) / max(bars) == pytest.approx(np.array(steps) / max(steps))
    assert max(highest) == pytest.approx(1)  # one scale for all models
    page.focus("#pad")
    page.keyboard.press("Space")
    page.click("#clear")
    assert page.evaluate("[...explorer.lines.state.B]") == b


def test_the_critics_arrows_are_its_gradient_in_the_plane(page, made):
    strokes = """(async () => {
        const found = [], { arrow } = npvaeField, size = explorer.map.maps[1].canvas.clientWidth;
        npvaeField.arrow = (ctx, from, to) => found.push([...from, ...to]);
        const until = async (done) => {
            for (let n = 0; n < 900 && !done(); n++) await new Promise(requestAnimationFrame); };
        explorer.map.change({ code: "mu", layer: "score" });
        explorer.map.change({ i: 2 }); // the answer to the first question is not shown,
        await until(() => explorer.map.maps[1].critic);
        found.length = 0;
        explorer.map.change({ i: 1, j: 3 }); // nor that of another plane
        await until(() => found.length);
        npvaeField.arrow = arrow;
        return [found, size, explorer.map.extent()]; })()"""
    found, size, extent = page.evaluate(strokes)
    ends = np.array(found).reshape(-1, 2, 2)[::2]  # each is drawn twice: its edge and itself
    ends = (ends / size * 2 - 1) * extent * (1, -1)
    model = made.models[1]
    assert ends[:, 0] == pytest.approx(model.mu[:, [1, 3]], abs=5e-3)
    z = np.tile(model.z.mean(axis=0).astype(np.float64), (len(ends), 1))
    z[:, [1, 3]] = model.mu[:, [1, 3]]
    pull = scored(model.run.critic.w, z).dz[:, [1, 3]]
    gap = np.abs(ends[:, 1] - ends[:, 0] - 0.6 * pull).max(axis=1)
    assert np.median(gap) < 0.01 and np.abs(pull).max() > 0.1  # a few gates open at other places
