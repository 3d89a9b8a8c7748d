"""The VAE's laboratory in a real browser: opened, played, dragged back, looked at, asked."""

import math

import numpy as np
import pytest
from explorers import GREY, READ
from page_helpers import VAE_LAB, Drawing, resting, same, settled, until

URL = VAE_LAB
T = "vaeLab.present()?.t"
THETA = "JSON.stringify(vaeLab.present().sides.map((side) => [...side.theta, ...side.critic]))"
# The same weights, by the steps that an address tells, done again in the page.
AGAIN = """(hash) => { const state = labState.read(hash);
    const lab = labModel.open(state, labDigits.decode(vaeLab.digits));
    for (let n = lab.t; n < state.t; n++) labModel.step(lab);
    const numbers = ({ vae, critic }) => [...vae.theta, ...critic.theta];
    return JSON.stringify(lab.models.map(numbers)); }"""
# Put the timeline to a step, as a hand does: `input` while it drags, `change` at the end.
DRAG = """([t, event]) => { const time = document.getElementById("time");
    time.value = t;
    time.dispatchEvent(new Event(event)); }"""
HIDE = """(value) => { Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange")); }"""


def wait(page, condition):
    until(page, condition)
    settled(page)


@pytest.fixture(scope="module")
def lab(watcher):
    """One page for the tests that look and do not train long."""
    page = watcher.open(f"{URL}#seed=1&t=12")
    wait(page, f"{T} === 12")
    return page


def test_it_opens_untrained_plays_pauses_and_stops_when_hidden(watched):
    page = watched.open(URL)
    assert resting(page, T) == 0 and page.text_content("#now") == "0"
    page.click("#one")
    wait(page, f"{T} === 1")
    page.click("#play")
    wait(page, f"{T} >= 5")
    until(page, "document.querySelector('.plane').getBoundingClientRect().bottom <= innerHeight")
    assert page.text_content("#play") == "Pause"
    assert page.get_attribute("#play", "aria-pressed") == "true"
    page.evaluate(HIDE, True)
    hidden = resting(page, T)
    page.evaluate(HIDE, False)
    wait(page, f"{T} > {hidden}")
    page.click("#play")
    paused = resting(page, T)
    assert page.url.endswith(f"#seed=1&t={paused}")
    page.select_option("#speed", "1")
    page.click("#play")
    wait(page, f"{T} > {paused}")
    assert page.evaluate(T) == paused + 1
    page.click("#one")  # stops the play
    assert page.text_content("#play") == "Play"
    page.click("#start-over")
    wait(page, f"{T} === 0")
    page.click("#new-seed")
    wait(page, "location.hash === '#seed=2&speed=1'")
    page.evaluate(  # a drawing and a change that come before the first answer of a new start
        """() => { for (const id of ["another", "start-over"]) document.getElementById(id).click();
            const rate = document.querySelector("[data-key=lr]");
            rate.value = "0.001";
            rate.dispatchEvent(new Event("change")); }"""
    )
    wait(page, "location.hash === '#seed=2&lr=0.001&digit=17&speed=1'")


def test_the_past_can_be_seen_again_and_changed(watched):
    page = watched.open(f"{URL}#seed=4&t=24&updates=1")
    wait(page, f"{T} === 24")
    assert page.input_value("[data-key=updates]") == "1"
    page.evaluate(DRAG, [19, "input"])  # the nearest copy before it
    wait(page, f"{T} === 10")
    page.evaluate(DRAG, [19, "change"])
    wait(page, f"{T} === 19")
    assert page.url.endswith("#seed=4&updates=1&t=19")
    assert page.get_attribute("#time", "max") == "24"  # what was reached can be reached again
    assert page.text_content("#now") == "19"
    assert page.evaluate("document.getElementById('link').hash === location.hash")
    then = page.evaluate(AGAIN, "#seed=4&t=19&updates=1")
    assert page.evaluate(THETA) == then
    page.select_option("[data-key=weightRight]", "30")
    wait(page, 'document.getElementById("time").max === "19"')
    assert page.url.endswith("#seed=4&updates=1&t=19&did=weightRight:30@19")
    page.click("#one")
    wait(page, f"{T} === 20")
    changed = page.evaluate(AGAIN, "#seed=4&t=20&updates=1&did=weightRight:30@19")
    assert page.evaluate(THETA) == changed != then
    for t, weight in ((12, "2"), (19, "30"), (20, "30")):  # those of the step shown
        page.evaluate(DRAG, [t, "change"])
        wait(page, f"{T} === {t}")
        assert page.input_value("[data-key=weightRight]") == weight
        assert page.text_content("#right-title").endswith(f"weight {weight}")
    assert page.evaluate(THETA) == changed
    page.evaluate("location.hash = '#seed=4&left=VAE'")
    wait(page, f"{T} === 0")
    assert page.text_content("#status").endswith("left out: left=VAE")


def test_copies_are_thinned_and_any_step_stays_in_reach(lab, watcher):
    copies, exact = lab.evaluate(
        """() => { const state = labState.read("#left=AE&right=AE");
            const lab = labModel.open(state, labDigits.decode(vaeLab.digits));
            const steps = (t) => { for (let n = lab.t; n < t; n++) labModel.step(lab); };
            steps(45);
            const theta = String(lab.models[1].vae.theta);
            for (let t = 1001; t < 1037; t++) lab.kept.push({ ...lab.kept[0], t });
            steps(50);
            labModel.goTo(lab, 45, true);
            return [lab.kept.map(({ t }) => t), String(lab.models[1].vae.theta) === theta]; }"""
    )
    assert copies[:3] == [0, 20, 40] and len(copies) < 40 and exact
    broken = """Promise.race([new Promise((late) => setTimeout(late, 10_000, "no answer")),
        labWorker.start('!')({ do: 'open' }).catch(({ message }) => message)])"""
    assert "atob" in lab.evaluate(broken)  # a question that fails has an answer, too
    heard = (watcher.complaints or lab.wait_for_timeout(20) for _ in range(500))  # it comes later
    assert "atob" in next(filter(None, heard)).pop()


def test_everything_stands_in_the_address(lab):
    text = "#seed=9&left=SW&right=KL&weightLeft=5&weightRight=10&lr=0.001&updates=2&gp=1&sigma=0.3"
    text += "&seeds=other&digit=31&show=ho&speed=10&task=2&t=40&did=left:AE@3,lr:0.01@40"
    found, write, bad, options = lab.evaluate(
        """(text) => { const state = labState.read(text), options = labState.optionsOf;
            const { unknown } = labState.read("#left=VAE&t=x&seed=2&did=seed:3@5,lr:0.01");
            const [two, three] = [2, 3].map((t) => labState.settingsAt(state, t));
            return [state.unknown, labState.write(state), unknown,
                    [options(two, 0), options(three, 0), options(two, 1)]]; }""",
        text,
    )
    assert (found, write) == ([], text)
    assert bad == ["left=VAE", "t=x", "seed:3@5", "lr:0.01"]
    left = {"kind": "SW", "weight": 5, "lr": 0.001, "updates": 2, "gp": 1, "sigma": 0.3, "seed": 9}
    assert options[:2] == [left, left | {"kind": "AE"}]
    assert options[2] == left | {"kind": "KL", "weight": 10, "seed": 1009}
    assert lab.evaluate(
        """() => { const { read, write, change, optionsOf } = labState;
            const state = read("#sigma=0&digit=200&t=5&did=lr:0.01@9,right:AE@3");
            const did = ({ diary }) => diary.map(({ key, t }) => key + t).join();
            return [write(state), state.unknown[0], did(state),
                    did(change(state, 3, "right", "KL")),
                    change(state, 0, "lr", "0.01").start.lr, optionsOf(state.start, 0).sigma]; }"""
    ) == ["#seed=1&sigma=0&t=5&did=right:AE@3", "digit=200", "right3,lr9", "right3", "0.01", 1e-6]


def drawn(page, far=6):
    """A drawing of the left plane, whose codes lie `far` times as far out; and its state."""
    return Drawing(
        page,
        """(far) => {
            const canvas = document.querySelector("[data-side=left] .plane");
            const copy = labForces.makeCopy(), { ruler } = vaeLab;
            labForces.update(copy, vaeLab.present().sides[0]);
            copy.stats = copy.stats.map((x, n) => (n % 4 < 2 ? far * x : x));
            const scene = { show: "hefo", digit: 33, z: [0.4, 0.2], ruler, images: ruler.x };
            labPlane.draw(canvas, copy, scene);
            const { clientWidth: size } = canvas, near = [];
            for (const [x, y] of [[0.2, 0.3], [0.6, 0.5], [0.5, 0.9]]) {
                near.push([x * size, y * size, labPlane.nearest(canvas, copy, x * size, y * size)]);
            }
            return [[...copy.stats], size, near]; }""",
        far,
    )


def test_the_plane_draws_what_is_measured(lab):
    drawing = drawn(lab)
    found, (stats, size, near) = drawing.all("ellipse"), drawing.result
    numerals = [text for text, *_ in drawing.all("fillText")[3:]]
    inks = [call["ink"] for call in drawing.calls if call["name"] == "fillText"]
    rgb = lab.evaluate("['prior', 'ink'].map(npvaePictures.rgb)")
    prior, ink = ("#{:02x}{:02x}{:02x}".format(*one) for one in rgb)
    assert inks == [prior] * 3 + [ink] * 10
    assert numerals == [*"0123456789"] and drawn(lab, 0).all("fillText")[3][0] == "0–9"
    stats, unit = np.reshape(stats, (-1, 4)), size / 7.2
    mu, sigma = stats[:, :2], np.exp(stats[:, 2:] / 2)
    place = (mu * (1, -1) + 3.6) * unit
    assert [ring[2] for ring in found[:3]] == pytest.approx([unit, 2 * unit, 3 * unit])
    posteriors, dots = np.array(found[3:403:2]), np.array(found[4:403:2])
    same(posteriors[:, :4], np.hstack([place, sigma * unit]), 1e-6)
    same(dots[:, :2], place, 1e-6)
    for x, y, nearest in near:
        assert np.hypot(*(place - (x, y)).T).argmin() == nearest
    cov = np.cov(mu.T, bias=True) + np.diag((sigma**2).mean(axis=0))
    x, y, a, b, turn, *_ = found[403]
    axes = np.linalg.eigvalsh(cov)[::-1] ** 0.5 * 2 * unit
    same([x, y, a, b], [*(mu.mean(axis=0) * (1, -1) + 3.6) * unit, *axes], 1e-6)
    main = np.linalg.eigh(cov)[1][:, 1]
    assert abs(main @ [np.cos(turn), -np.sin(turn)]) == pytest.approx(1)
    shafts = drawing.lines()[::3]  # each arrow has two more strokes, for its head
    for n, (x0, y0, x1, y1) in zip([*range(20), 33], shafts[:21], strict=True):
        same([x0, y0], place[n], 1e-6)
        same([x1, y1], place[n] + 0.45 * -mu[n] * (1, -1) * unit, 1e-6)  # KL pulls with beta mu
    same(found[404][:2], place[33], 1e-6)
    far = drawn(lab, 20)
    reach = np.sort(np.abs(np.reshape(far.result[0], (-1, 4))[:, :2]).max(axis=1))[194]
    shown = size / 2 / far.all("ellipse")[0][2]  # 97 of 100 codes are in the picture
    assert 3.6 < reach < shown < 1.7 * reach


def test_the_critics_score_is_the_planes_heat(lab):
    """At the four corners, from the palest to the strongest of the picture."""
    line = np.linspace(-3.6, 3.6, 41)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    score, ends, (empty, corners) = lab.evaluate(
        f"(z) => {{ {READ}"
        """ const copy = labForces.makeCopy(), planes = [...document.querySelectorAll(".plane")];
            labForces.update(copy, vaeLab.present().sides[1]);
            const look = (canvas) => { const data = read(canvas), { width: w } = canvas;
                return [w * (w - 1), w * w - 1, 0, w - 1].map((n) =>
                    [...data.slice(4 * n, 4 * n + 4)]); };
            return [[...labForces.scores(copy, z).score],
                    ["heat-low", "heat-high"].map(npvaePictures.rgb), planes.map(look)]; }""",
        grid.tolist(),
    )
    low, high = np.array(ends)
    share = (np.array(score)[[0, 40, -41, -1], None] - min(score)) / np.ptp(score)
    assert np.array(corners)[:, :3] == pytest.approx(low + share * (high - low), abs=4)
    assert not np.any(empty) and np.ptp(share) > 0.5  # the KL has no critic


def test_pictures_and_curves_show_what_is_measured(lab):
    eps = [[n / 4 - 1, 1 - n / 9] for n in range(10)]
    drawing = Drawing(
        lab,
        f"""(eps) => {{ const grey = {GREY};"""
        """ const copy = labForces.makeCopy(), { ruler } = vaeLab, history = [], strips = {};
            const { sides } = vaeLab.present();
            labForces.update(copy, sides[0]);
            const part = (name) => (strips[name] = document.createElement("canvas"));
            labPictures.draw(part, copy, { ruler, eps });
            for (const name of Object.keys(strips)) strips[name] = grey(strips[name]);
            for (const t of [4, 0, 2, 0, 4]) labCurves.note(history, { t, sides });
            history[0].sigma = [0, 0.5];
            const charts = ["sigma", "bce"].map((name) => {
                const canvas = document.querySelector(`canvas[data-chart=${name}]`);
                labCurves.draw(canvas, name, history, 2);
                const values = [0, 1].map((k) => history.map((entry) => entry[name][k]));
                return [name, values, canvas.clientWidth, canvas.clientHeight]; });
            const read = labCurves.read(sides);
            for (let t = 5; t < 700; t++) labCurves.note(history, { t, sides });
            const now = sides.map(({ bce, sigma, scale, shape, regulariser }) =>
                ({ bce, sigma, scale, shape, regulariser }));
            return [history.map(({ t }) => t), now, charts, read, strips, [...copy.stats],
                    [...ruler.prior.data]]; }""",
        eps,
    )
    steps, sides, charts, read, strips, stats, prior = drawing.result
    mu, logvar = np.reshape(stats, (-1, 2, 2))[:10].transpose(1, 0, 2)
    line = np.linspace(-2.5, 2.5, 11)  # of the plane, from the upper left
    codes = {
        "at-mu": mu,
        "at-z": mu + np.exp(logvar / 2) * eps,
        "samples": np.reshape(prior, (-1, 2))[:10],
        "unrolled": np.stack(np.meshgrid(line, -line), axis=-1).reshape(-1, 2),
    }
    images = lab.evaluate(
        """(codes) => { const copy = labForces.makeCopy(), { sides } = vaeLab.present();
            labForces.update(copy, sides[0]);
            const decoded = codes.map((z) => [...labForces.decode(copy, z)]);
            return [...decoded, [...vaeLab.ruler.x.data.subarray(0, 1960)]]; }""",
        [z.tolist() for z in codes.values()],
    )
    for name, pixels in zip([*codes, "originals"], images, strict=True):
        rows, cols = (11, 11) if name == "unrolled" else (1, 10)
        tiles = np.reshape(pixels, (rows, cols, 14, 14)).transpose(0, 2, 1, 3).ravel()
        assert np.abs(np.array(strips[name]) - 255 * tiles).max() <= 0.5 + 1e-9
    assert steps[0] == 0 and steps == sorted(set(steps)) and steps[-1] == 699 and len(steps) <= 500
    sides[1]["regulariser"] *= 2  # the weight
    assert read == {name: [side[name] for side in sides] for name in sides[0]}
    for name, values, width, height in charts:
        texts = [text for text, *_ in drawing.all("fillText", name)]
        lines = [c for c in drawing.calls if (c["name"], c.get("of")) == ("lineTo", name)]
        values = np.array(values)
        assert ([side[name] for side in sides] == values[:, 1:].T).all()
        low, high = math.floor(values.min()) if name == "bce" else 0, values.max()
        x = 40 + np.array([[0, 2, 4]] * 2) / 20 * (width - 48)
        y = 8 + (1 - (values - low) / (high - low)) * (height - 26)
        dashes = [[0] * 3, [2] * 3]  # the right model's line is dashed
        ends = [[*line["at"], line["dash"]] for line in lines]
        same(ends, np.stack([x, y, dashes], axis=-1).reshape(-1, 3), 1e-6)
        *ticks, last, first = texts
        told = [float(tick) for tick in ticks]
        expected = [low, (low + high) / 2, high] if name == "sigma" else [low, high]  # none twice
        assert told == pytest.approx(expected, 0.02)
        assert (first, last) == ("0 steps", "20")
        assert drawing.all("fillRect", name)[-1][::2] == [round(x[0, 1]), 1]


def test_the_followed_digit_and_its_numbers_are_shown(lab):
    shown, expected = lab.evaluate(
        f"""() => {{ const grey = {GREY};"""
        """ const { ruler } = vaeLab, { format } = npvaePictures, F = labForces;
            const all = (selector) => [...document.querySelectorAll(selector)];
            const texts = (selector) => all(selector).map((e) => e.textContent);
            const bytes = (x) => [...x].map((v) => Math.round(255 * v));
            const image = (n) => bytes(ruler.x.data.subarray(196 * n, 196 * (n + 1)));
            const copies = vaeLab.present().sides.map((side) => {
                const copy = F.makeCopy();
                F.update(copy, side);
                return copy; });
            const facts = labTasks.facts(vaeLab.present()), sides = [facts.left, facts.right];
            const pair = (x) => x.map((v) => format(v)).join("; ");
            return [[all("#picker canvas").map(grey), grey(all("#follow-original")[0]),
                     all("#follow .at-mu").map(grey), texts("dd"),
                     texts("#follow-numbers td:nth-child(-n + 4)"),
                     texts("[data-key=weightLeft] option"), texts(".samples figcaption")[1]],
                    [Array.from({ length: 10 }, (_, n) => image(n)), image(7),
                     copies.map((copy) => bytes(F.decode(copy, [F.muOf(copy, 7)]))),
                     sides.flatMap(({ bce, sigma, width }) =>
                         [bce, sigma, width].map((x) => format(x))),
                     copies.flatMap((copy) => [F.muOf(copy, 7), F.sigmaOf(copy, 7),
                         F.pulls(copy, [7], ruler)[0]].map(pair)),
                     "0 0.3 1 2 5 10 30 100".split(" "), "new: from the prior"]]; }"""
    )
    assert shown == expected


def test_a_digit_is_followed_and_layers_are_chosen(watched):
    page = watched.open(f"{URL}#seed=1&right=SW")
    assert page.get_attribute('[data-kind="7"]', "aria-pressed") == "true"
    page.click('[data-kind="3"]')
    page.click("#another")
    page.keyboard.press("Shift+Tab")
    page.locator('[name="show"][value="e"]').click()
    settled(page)
    assert page.url.endswith("#seed=1&right=SW&digit=13&show=hfo")
    plane, chosen = page.locator("[data-side=right] .plane"), set()
    for x, y in ((10, 10), (200, 250)):
        plane.click(position={"x": x, "y": y})
        settled(page)
        chosen.add(page.evaluate("vaeLab.state().view.digit"))
    assert len(chosen) == 2
    assert page.text_content("#follow-numbers tr:nth-child(3) td").count("; ") == 1
    sigma = "document.querySelectorAll('[data-number=sigma]')[1].textContent"
    before = page.evaluate(sigma)
    page.select_option("[data-key=right]", "AE")
    assert page.text_content("[data-side=right] .loss") == "Loss: BCE"
    until(page, f"{sigma} === '0'")
    assert page.text_content("#right-title") == "Right: no regulariser"
    assert page.text_content("#left-title") == "Left: KL divergenceweight 1"
    assert page.get_attribute("#left-title a", "href").endswith("#kl-divergence")
    assert page.is_disabled("[data-key=weightRight]")
    page.select_option("[data-key=right]", "SW")
    until(page, f"{sigma} === '{before}'")  # as if nothing had been
    page.select_option("[data-key=weightLeft]", "0")
    assert page.text_content("[data-side=left] .about").endswith("does not pull.")
    # The fresh code wobbles: eps' = 0.9 eps + sqrt(0.19) n, which stays N(0, I).
    page.add_init_script("setInterval = (tick) => { window.tick = tick; }")
    page.reload()
    until(page, f"{T} === 0")
    eps, still = page.evaluate(
        """async () => { const eps = [], { draw } = labPlane, next = requestAnimationFrame;
            await new Promise((go) => next(() => next(go)));
            labPictures.draw = labPictures.show = () => null;
            requestAnimationFrame = (draw) => draw();
            labPlane.draw = (canvas, copy, { digit, z }) => {
                const mu = labForces.muOf(copy, digit), sigma = labForces.sigmaOf(copy, digit);
                eps.push(z.map((x, j) => (x - mu[j]) / sigma[j])); };
            for (let n = 0; n < 1000; n++) tick();
            const { length } = eps;
            document.getElementById("wobble").click();
            tick();
            return [eps.filter((_, n) => n % 2 === 0), eps.length - length]; }"""
    )
    eps = np.array(eps)
    noise = eps[1:] - 0.9 * eps[:-1]
    assert noise.std(axis=0) == pytest.approx(np.sqrt(0.19), rel=0.07) and still == 0
    assert eps.std(axis=0) == pytest.approx(1, abs=0.25) and np.abs(noise.mean(axis=0)).max() < 0.06
