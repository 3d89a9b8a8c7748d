"""The tasks of the VAE's laboratory, each played to its end: what it says, and what is true."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from page_helpers import VAE_LAB, settled, until
from scipy.special import entr

# What must be true of the left and the right model when a task is over. `blank` is the error of one
# picture, the mean of all digits, for every image: that of a code which says nothing.
PROMISES = [
    lambda left, right, blank: left.sigma > 0.2 and right.sigma < 0.03 and right.bce < left.bce,
    lambda left, right, blank: right.regulariser < 0.2 and right.sigma > 0.9
    and left.bce + 3 < right.bce and right.bce > 0.97 * blank,
    lambda left, right, blank: right.width > 1.5 * left.width and right.middle > 5 * left.middle,
    lambda left, right, blank: abs(left.bce - right.bce) < 1.5 and left.width < 1.3
    and abs(left.width - right.width) < 0.25 and left.sigma == right.sigma == pytest.approx(0.3),
    lambda left, right, blank: left.places < 0.3 and left.bce > right.bce + 3
    and abs(left.regulariser) > 5 * right.regulariser,
    lambda left, right, blank: abs(left.bce - right.bce) < 1.5 and right.scale < 0.2
    and max(left.sigma, right.sigma) < 0.03,
    lambda left, right, blank: right.bce > 0.97 * blank and left.bce + 3 < blank
    and right.sigma > 0.8 and right.places < 0.3,
    lambda left, right, blank: abs(left.bce - right.bce) < 1.5 and left.apart > 0.5
    and max(left.sigma, right.sigma) < 0.03,
]  # fmt: skip


@pytest.fixture(scope="module")
def phone(watcher):
    """A page for all tasks. It draws rarely, so that it learns sooner."""
    page = watcher.open(f"{VAE_LAB}#seed=8&digit=5", width=390, height=780)
    page.evaluate("() => { requestAnimationFrame = (draw) => setTimeout(draw, 250); }")
    return page


@pytest.mark.parametrize("number", range(1, 9))
def test_a_task_asks_and_then_shows_what_it_promises(phone, number):
    """Played to its end on a phone: what it says stands beside the planes that it speaks of."""
    page = phone
    if page.is_hidden("#task-next"):
        page.click(f"#tasks li:nth-child({number}) button")
    else:
        page.click("#task-next")
    assert page.evaluate("document.activeElement.id") == "task"
    until(page, "scrollY > 0 && document.getElementById('task').getBoundingClientRect().top < 300")
    task = page.evaluate(f"(({{ answer, ...rest }}) => rest)(labTasks.TASKS[{number - 1}])")
    assert page.evaluate("(set) => labState.read(set).unknown", task["set"]) == []
    until(page, f"/digit=5&task={number}$/.test(location.hash)")
    assert page.text_content("#task-title").startswith(f"{number}. ")
    page.locator("#guesses button").nth(0).click()
    until(page, f"vaeLab.present()?.t === {task['steps']} && !vaeLab.playing()")
    settled(page)
    facts, sides, x = page.evaluate(
        """[labTasks.facts(vaeLab.present()), vaeLab.present().sides.map(({ stats, regulariser }) =>
            [[...stats], regulariser]), [...vaeLab.ruler.x.data]]"""
    )
    stats = np.reshape([stats for stats, _ in sides], (2, 200, 4))
    facts["left"]["apart"] = 2 * np.abs(stats[0] - stats[1])[:, :2].mean()
    for side, (_, regulariser) in zip(("left", "right"), sides, strict=True):
        facts[side]["regulariser"] = regulariser
    mean = np.reshape(x, (200, 196)).mean(axis=0)
    left, right = SimpleNamespace(**facts["left"]), SimpleNamespace(**facts["right"])
    assert PROMISES[number - 1](left, right, (entr(mean) + entr(1 - mean)).sum())
    answer, expected = page.text_content("#task-answer"), task["guesses"][task["right"]]
    assert answer.startswith(
        "As you g" if task["right"] == 0 else f"Not quite. Right is “{expected}”."
    )
    assert page.text_content("#guesses [data-right]") == expected
    top, bottom = page.evaluate(
        """[document.getElementById("task-answer").getBoundingClientRect().top,
            document.querySelector(".plane").getBoundingClientRect().bottom]"""
    )
    assert page.locator("#bar").bounding_box()["height"] <= top < bottom <= 780
    assert page.input_value("#speed") == "max" and page.is_disabled("#guesses button:first-child")
    if number == 8:
        assert page.is_hidden("#task-next")
        page.click("#task-close")
        assert page.evaluate("document.activeElement.id") == "play"
        assert page.is_hidden("#task") and "task" not in page.url


# The numbers that the answers tell, in their order.
TOLD = [
    "left.sigma right.sigma", "right.sigma right.bce left.bce",
    "right.middle left.middle right.width left.width right.bce left.bce",
    "left.bce right.bce left.width right.width", "left.places left.sigma left.bce right.bce",
    "left.bce right.bce left.sigma right.sigma", "right.sigma right.places right.bce left.bce",
    "left.bce right.bce left.sigma right.sigma",
]  # fmt: skip
FACTS = {
    "left": {"bce": 31.4, "sigma": 0.111, "width": 0.222, "places": 0.333, "middle": 0.4},
    "right": {"bce": 42.6, "sigma": 1e-5, "width": 0.555, "places": 0.666, "middle": 0.7},
}


def test_the_answers_tell_their_numbers(phone):
    answers = phone.evaluate("(facts) => labTasks.TASKS.map((task) => task.answer(facts))", FACTS)
    for answer, told in zip(answers, TOLD, strict=True):
        expected = [FACTS[side][name] for side, name in (x.split(".") for x in told.split())]
        found = [float(x) for x in re.findall(r"\d+\.\d+", answer)]
        assert found == pytest.approx(expected, abs=5e-4), answer


def test_a_task_stops_at_its_answer_and_keeps_it(watched):
    page = watched.open(f"{VAE_LAB}#seed=1")
    t, answer = "vaeLab.present()?.t", lambda: page.text_content("#task-answer")
    page.click("#tasks li:nth-child(2) button")
    question = answer()
    page.click("#play")
    until(page, f"{t} > 300")
    page.click("#guesses button")  # late: it goes back to the step of the answer
    told = "!!document.querySelector('#guesses [data-right]') && !vaeLab.playing()"
    until(page, told)
    first = answer()
    assert page.evaluate(t) == 300 and first.startswith("Not quite.")
    page.select_option("#sigma", "0.1")
    page.click("#play")
    until(page, f"{t} > 300")
    assert answer() == first  # it says what was
    page.click("#start-over")
    until(page, f"{t} === 0")
    assert answer() == question and page.input_value("#sigma") == "learned"
    pause = "for (const one of ['#guesses button', '#play']) document.querySelector(one).click()"
    assert not page.evaluate(f"() => {{ {pause}; return vaeLab.playing(); }}")
    page.click("#play")
    until(page, told)
    assert page.evaluate(t) == 300 and answer() == first
    page.click("#new-seed")
    until(page, f"{t} === 0")
    assert answer() == question
    for _ in range(2):  # at the start and after a step
        page.select_option("#sigma", "0.3")
        assert answer().startswith("A setting was changed")
        assert page.is_disabled("#guesses button:first-child")
        page.select_option("#sigma", "learned")
        page.click("#one")
        until(page, f"{t} > 0")
