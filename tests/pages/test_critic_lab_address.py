"""The critic's laboratory: its address, its checkpoints, its tasks, and the words it finds."""

import re

import numpy as np
import pytest
from page_helpers import CRITIC_LAB, Laboratory, choose, number, settled, until

URL = CRITIC_LAB
CHECKPOINT = "JSON.parse(sessionStorage.getItem('npvae critic_lab') ?? '[0, 0]')[1]"


def test_the_address_holds_everything(lab, watched):
    page = lab.open("#seed=2&codes=bimodal&lr=0.01")
    page.click("#ten")
    page.click("#move")
    for weight in ("0.1", "0"):  # the latter counts
        choose(page, "weight", weight)
    page.click("#one")
    page.focus("#plane")
    page.keyboard.press("Shift+ArrowUp")
    page.click("#ten")
    choose(page, "back", "slope")
    choose(page, "show", "m")
    page.click('button[data-stage="dz"]')
    page.locator("#slow-row").fill("7")
    settled(page)
    expected = lab.state()
    assert expected["t"] == 21 and expected["view"]["at"] == "dz" and expected["view"]["row"] == "7"
    assert "codes:~" in page.url
    again = watched.open(URL + page.get_attribute("#link", "href"))
    assert Laboratory(again).state() == expected and again.is_enabled("#codes")
    for part in ("stage", "numbers", "strip"):
        assert again.text_content(f"#{part}") == page.text_content(f"#{part}")


def test_an_address_that_means_nothing_is_said_to(lab):
    weight, clip, seed = "weight=1000", "clip=7", "seed:3"
    rest = ["codes=~AAAA", "row=64", "speed=3", "constructor=1"]
    page = lab.open("#" + "&".join(["seed=1&bug=none2", weight, *rest, f"did=u5,{seed},{clip}"]))
    settled(page)
    told = page.text_content("#status")
    assert told.startswith("Not understood in the address")
    assert all(part in told for part in [weight, clip, seed, *rest])
    assert lab.state()["t"] == 5
    page.click("#start-over")
    settled(page)
    assert page.text_content("#status") == ""


def test_a_long_address_can_be_stopped_and_goes_on_from_a_checkpoint(lab):
    page = lab.open("#seed=1")
    page.evaluate(
        """() => { const status = document.getElementById("status");
            window.said = [];
            new MutationObserver(() => said.push(status.textContent))
                .observe(status, { childList: true }); }"""
    )
    choose(page, "tool", "draw")
    page.evaluate("location.hash = '#seed=1&weight=1&did=u400,m2,r30,u400000'")
    page.wait_for_selector("body[data-state=replaying]")
    until(page, f"{CHECKPOINT} > 1200")
    assert page.is_disabled("#play") and page.is_disabled("#codes") and page.is_enabled("#stop")
    codes = lab.state()["codes"]
    page.click("#plane")
    page.keyboard.press("Space")
    assert lab.state()["codes"] == codes  # meanwhile nothing can be drawn
    assert re.fullmatch(r"39\d,\d{3} steps left", page.text_content("#left"))
    assert page.evaluate("said.length") == 1  # a screen reader hears it once
    page.click("#stop")
    stopped = lab.state()
    assert page.is_enabled("#play") and page.is_hidden("#replay")
    assert page.url.endswith(f"did=u400,m2,r30,u{stopped['t'] - 550}")
    page.reload()
    first = page.evaluate("criticLab.state().diary[0].value")
    page.wait_for_selector("body[data-state=ready]")
    settled(page)
    assert first == 400 and lab.state() == stopped
    assert 0 < stopped["t"] - page.evaluate(CHECKPOINT) <= stopped["t"]


def test_a_checkpoint_serves_only_what_begins_like_it(lab):
    cases = {
        ("u9,m2,weight:1,u5", "u9,m2,weight:1,u3"): [("u", 2)],
        ("u9,m2", "u9,m2"): [], ("u9,m2", "u9,m3"): None, ("u9,m2", "u8,m2"): None,
        ("u9,weight:1", "u9,weight:0"): None, ("u9", "m9"): None,
        ("r7,u1", "r2"): [("r", 5), ("u", 1)], ("u5", ""): [("u", 5)],
    }  # fmt: skip
    found = lab.ask(
        """const read = (text) => labState.read("#seed=1&did=" + text).diary;
        return given.map(([all, done]) => labState.rest(read(all), read(done))
            ?.map(({ key, value }) => [key, value]));""",
        list(map(list, cases)),
    )
    assert [rest and list(map(tuple, rest)) for rest in found] == list(cases.values())
    begun, links = "seed=1&did=u30,m1,u10", ["seed=1&did=u30,m1,u12", "seed=2&did=u30,m1,u12"]
    links += ["seed=1&lr=0.01&did=u30,m1,u12", begun, f"{begun},m1"]
    resumed = lab.ask(
        """const lab = labModel.open("#seed=1&did=u30,m1,u10");
        labModel.replay(lab, 1e6);
        return given.map((hash) => {
            const other = labModel.open("#" + hash);
            labModel.resume(other, labModel.keep(lab));
            return other.u.t; });""",
        links,
    )
    assert resumed == [40, 0, 0, 0, 0]


def test_a_task_is_set_up_in_sight(lab):
    page = lab.open("#seed=1")
    link = page.get_by_role("link", name="No penalty")
    for _ in range(2):  # a second time, too
        link.click()
        page.wait_for_selector("body[data-state=ready]")
        assert lab.state()["t"] == 300 and lab.state()["settings"]["weight"] == "0"
        until(page, "Math.abs(picture.getBoundingClientRect().top) < 60")
        assert page.evaluate("document.activeElement.id") == "picture-title"
        page.click("#ten")
    for _ in range(2):
        page.go_back()
    until(page, "criticLab.state().settings.weight === '10'")


FAR = "#seed=1&codes=far&judge=classifier&weight=0&show=la&did=u300"
# What the page promises under "what to expect": the link, what a reader then does, the numbers and
# how exactly they are told.
PROMISES = [
    ("#seed=1&weight=1&did=u400", "", {"estimate": (5.6, 0.1)}),
    ("#seed=1&clip=0.1&did=u400", "", {"estimate": (1.2, 0.05)}),
    ("#seed=1&bug=batch&did=u400", "", {"estimate": (0.29, 0.01)}),
    ("#seed=1&bug=sum&did=u400", "", {"estimate": (0.25, 0.005)}),
    ("#seed=1&codes=normal&did=u400", "", {"estimate": (0.35, 0.01), "w1": (0.47, 0.005)}),
    (FAR, "", {"estimate": (0.693, 0.0005), "w1": (4.09, 0.0005), "force": (0.002, 0.0005)}),
    (FAR, ",m20", {"w1": (4.087, 0.005)}),
    ("#seed=1&did=u300", ",m10", {"w1": (1.38, 0.005)}),
    ("#seed=1&speed=10&moves=on&did=u300", ",r20", {"w1": (0.46, 0.005)}),
]


def test_the_tasks_show_what_they_promise(lab):
    page = lab.page
    links = page.locator("#tasks a[href^='#']").evaluate_all("(all) => all.map((a) => a.hash)")
    unknown = lab.ask("return given.flatMap((link) => labState.read(link).unknown);", links)
    assert len(links) == 13 and unknown == []
    for link, doing, promised in PROMISES:
        told = page.locator("#tasks li", has=page.locator(f'a[href="{link}"]'))
        told = told.locator("details").text_content()
        lab.open(link + doing)
        for name, (value, tolerance) in promised.items():
            assert f"{value:g}" in told and abs(number(page, name) - value) < tolerance


# The words, and the number in them, of the estimate e and W1 = w.
VERDICTS = {
    "did=u60": (r"is (\d+) % of W₁\. It falls short", lambda e, w: 100 * e / w),
    "did=u300": (r"It is above, .* = (\S+) times", lambda e, w: 1 + w / 20),
    "did=u300,weight:0,u40": (r"No penalty: .* is (\d+) times W₁", lambda e, w: e / w),
    "clip=0.1&did=u60": (r"clipping: the estimate is (\d+) %", lambda e, w: 100 * e / w),
    "bug=alpha&did=u60": (r"leave the lines .* is (\d+) %", lambda e, w: 100 * e / w),
    "did=u200,m30": (r"is (\S+) % of W₁\. The pull points away", lambda e, w: 100 * e / w),
    "judge=classifier&did=u60": (r"at (\S+) % of its largest", lambda e, w: 100 * e / np.log(2)),
    "codes=PRIOR&did=u1": (r"is (\S+), with W₁ = 0", lambda e, w: e),
}


@pytest.mark.parametrize("address", VERDICTS)
def test_the_verdict_fits_the_state(lab, address):
    verdict, estimate, w1 = lab.ask(
        """const prior = labState.encodeCloud(labState.makeCloud("prior", "normal", 1));
        const lab = labModel.open("#seed=1&" + given.replace("PRIOR", prior));
        labModel.replay(lab, 1e6);
        const measured = labModel.measure(lab);
        return [labWords.verdict(lab, measured), measured.estimate, measured.w1];""",
        address,
    )
    words, expected = VERDICTS[address]
    told = re.search(words, verdict)[1].replace("−", "-")
    assert float(told) == pytest.approx(expected(estimate, w1), rel=0.01, abs=0.5)
