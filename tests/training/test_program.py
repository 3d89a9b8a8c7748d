"""The command lines of the training programs: which kind they train, and which options it has."""

from pathlib import Path

import pytest

from npvae.training.options import Options, read_command_line


def test_the_distance_decides_what_is_trained_and_where_it_goes():
    options, settings = read_command_line("ws", "", ["--distance", "sliced", "--directions", "7"])
    assert (options, settings.out) == (Options("sw", directions=7), Path("runs/sw"))
    options, settings = read_command_line("ws", "", ["--distance", "critic", "--out", "here"])
    assert (options, settings.out) == (Options("ws"), Path("here"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--distance sliced --critic-steps 6", "--critic-steps belongs to --distance critic"),
        ("--gp-weight 10 --distance sliced", "--gp-weight belongs to --distance critic"),
        ("--directions 50", "--directions belongs to --distance sliced"),
        ("--distance sliced --directions 0", "--directions: '0' is not a whole number from 1"),
        ("--distance near", "--distance: invalid choice: 'near'"),
        ("kl --distance sliced", "unrecognized arguments: --distance sliced"),
    ],
)
def test_an_option_of_the_other_distance_is_refused_even_at_its_default(words, message, capsys):
    with pytest.raises(SystemExit) as stop:
        program, *words = words.split() if words.startswith("kl") else ("ws", *words.split())
        read_command_line(program, "", words)
    out, err = capsys.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    assert message in err
