"""The options of a run, and the reference experiment: its sizes and defaults, so that none drifts.

The numbers are written out here and are taken from no constant of npvae.
"""

from pathlib import Path

import numpy as np
import pytest

from npvae.training.checkpoint import save_checkpoint
from npvae.training.options import Options, Settings, read_command_line
from npvae.training.run import new_run
from npvae.training.train import STEP_MAKERS

VAE = {  # name: (in, out)
    "encoder.hidden": (784, 256),
    "encoder.output": (256, 20),  # 10 means, 10 log-variances
    "decoder.hidden": (10, 256),
    "decoder.output": (256, 784),
}
CRITIC = {"critic.hidden1": (10, 512), "critic.hidden2": (512, 256), "critic.output": (256, 10)}
LAYERS = {"kl": VAE, "ws": VAE | CRITIC, "sw": VAE}
SHARED = {
    "epochs": 35, "batch_size": 64, "lr": 1e-3, "latent_dim": 10, "hidden_dim": 256, "seed": 0,
    "limit": None, "sigma": None,
}  # fmt: skip
OWN = {
    "kl": {"beta": 1.0},
    "ws": {"wasserstein_weight": 0.1736, "critic_steps": 6, "gp_weight": 10.0, "critic_lr": 1e-3},
    "sw": {"wasserstein_weight": 0.1736, "directions": 50},
}
COMMANDS = {"kl": ("kl",), "ws": ("ws",), "sw": ("ws", "--distance", "sliced")}
IMAGES = np.random.default_rng(0).integers(0, 256, (64, 784), np.uint8)


@pytest.fixture(params=["kl", "ws", "sw"])
def run(request):
    return request.param


def test_networks_have_the_reference_s_sizes_and_start_uniform(run, tmp_path):
    save_checkpoint(tmp_path / "checkpoint.npz", new_run(Options(run), (28, 28)))
    with np.load(tmp_path / "checkpoint.npz") as file:
        shapes = {n: file[n].shape for n in file.files if n != "meta" and "adam" not in n}
        assert shapes == {
            f"{name}.{part}": shape
            for name, (fan_in, fan_out) in LAYERS[run].items()
            for part, shape in (("weight", (fan_in, fan_out)), ("bias", (fan_out,)))
        }
        for name, (fan_in, _) in LAYERS[run].items():
            for part in ("weight", "bias"):
                array = file[f"{name}.{part}"] * np.sqrt(fan_in)
                assert np.abs(array).max() <= 1 + 1e-6
                # The largest of the fewest numbers, 10, is below 0.5 once in a thousand seeds.
                assert np.abs(array).max() > 0.5 and array.min() < 0 < array.max()
                if array.size > 1000:  # 1/sqrt(3) is the standard deviation of uniform(-1, 1)
                    assert abs(array.std() - 3**-0.5) < 0.02 and abs(array.mean()) < 0.02
            assert not file[f"adam.m.{name}.weight"].any()


def test_the_command_line_has_the_reference_s_defaults(run):
    program, *words = COMMANDS[run]
    options, settings = read_command_line(program, "", words)
    assert vars(options) == {"kind": run} | SHARED | OWN["kl"] | OWN["ws"] | OWN["sw"]
    assert settings == Settings(Path("runs", run), data_dir=None, threads=None, resume=False)


def test_every_option_of_a_run_reaches_its_step(run):
    """Another value of any option that a step has gives other weights."""

    def weights(**changes):
        state = new_run(Options(run, **(small | changes)), (28, 28))
        STEP_MAKERS[run](state, IMAGES, 64)(np.arange(64), np.random.default_rng(5))
        return [p.theta.tobytes() for p in (state.vae, state.critic) if p is not None]

    small = {"hidden_dim": 8, "latent_dim": 3, "critic_steps": 2}
    other = {"lr": 2e-3, "seed": 1, "sigma": 0.5, "critic_steps": 3}
    for option in ("lr", "seed", "sigma", *OWN[run]):
        value = other.get(option, 2 * OWN[run].get(option, 0))
        assert weights(**{option: value}) != weights(), option
    # The critic, which moves first, has a rate of its own.
    assert weights(lr=2e-3)[1:] == weights()[1:]


def test_the_distance_decides_what_is_trained_and_where_it_goes():
    options, settings = read_command_line("ws", "", ["--distance", "sliced", "--directions", "7"])
    assert (options, settings.out) == (Options("sw", directions=7), Path("runs/sw"))
    options, settings = read_command_line("ws", "", ["--distance", "critic", "--out", "here"])
    assert (options, settings.out) == (Options("ws"), Path("here"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ws --distance sliced --critic-steps 6", "--critic-steps belongs to --distance critic"),
        ("ws --gp-weight 10 --distance sliced", "--gp-weight belongs to --distance critic"),
        ("ws --directions 50", "--directions belongs to --distance sliced"),
        ("ws --distance sliced --directions 0", "--directions: '0' is not a whole number from 1"),
        ("ws --batch-size 65537", "--batch-size: '65537' is not a whole number from 1 to 65536"),
        ("ws --lr 0", "--lr: '0' is not a number above 0, up to 1e+30"),
        ("ws --gp-weight 2e30", "--gp-weight: '2e30' is not a number from 0 to 1e+30"),
        ("ws --distance near", "--distance: invalid choice: 'near'"),
        ("ws --distance sliced --beta 1", "unrecognized arguments: --beta 1"),
        ("kl --distance sliced", "unrecognized arguments: --distance sliced"),
    ],
)
def test_bad_options_and_those_of_the_other_distance_are_refused(words, message, capsys):
    program, *words = words.split()
    with pytest.raises(SystemExit) as stop:
        read_command_line(program, "", words)
    out, err = capsys.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    assert message in err
