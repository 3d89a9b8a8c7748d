"""A run's options, the reference's sizes and defaults, written out here, the study's trainings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npvae.training.checkpoint import save_checkpoint
from npvae.training.kinds import KINDS
from npvae.training.options import Options, Settings, read_command_line
from npvae.training.run import new_run
from npvae.training.study import directory_of, seed_trainings, study_trainings
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


def test_networks_have_the_reference_s_sizes(run, tmp_path):
    save_checkpoint(tmp_path / "checkpoint.npz", new_run(Options(run), (28, 28)))
    with np.load(tmp_path / "checkpoint.npz") as file:
        shapes = {n: file[n].shape for n in file.files if n != "meta" and "adam" not in n}
    weights = {f"{name}.weight": shape for name, shape in LAYERS[run].items()}
    assert shapes == weights | {f"{name}.bias": (n,) for name, (_, n) in LAYERS[run].items()}


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
    assert message in err and err.endswith("; see --help\n")


KL, WS = Options("kl", epochs=10), Options("ws", epochs=10)
WEIGHTS = [  # kind, weight
    ("kl", 1.0), ("ws", 0.1736), ("ws", 1.0), ("ws", 3.0), ("sw", 0.1736), ("sw", 3.0),
    ("sw", 10.0), ("kl", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("seeds", "short", "long"), [((), 5, 3), ((1,), 1, 1), ((7,), 7, 3)])
def test_the_study_is_each_setting_with_its_seeds_at_both_lengths(seeds, short, long):
    wanted = study_trainings(*seeds)
    found = {(o.kind, o.weight, o.epochs, o.seed) for o in wanted}
    brief = {(*w, 35, seed) for w in WEIGHTS for seed in range(short)}
    lasting = {(*w, 140, seed) for w in WEIGHTS if w != ("ws", 1.0) for seed in range(long)}
    assert found == brief | lasting and len(wanted) == len(found)
    for o in wanted:  # nothing but the weight differs
        assert o == Options(o.kind, o.epochs, seed=o.seed, **{KINDS[o.kind].weight: o.weight})


def test_seeds_are_the_given_one_and_the_first_others():
    assert seed_trainings([KL, WS], 1) == []
    wanted = seed_trainings([KL, replace(WS, seed=1), replace(WS, beta=2.0, seed=9)], 3)
    assert [(o.kind, o.seed) for o in wanted] == [
        ("kl", 1), ("kl", 2), ("ws", 0), ("ws", 2), ("ws", 0), ("ws", 1),
    ]  # fmt: skip
    assert wanted[2:4] == [replace(WS, seed=0), replace(WS, seed=2)]


def test_each_training_has_a_directory_of_its_own():
    held = replace(WS, sigma=0.03, limit=500, seed=2)
    others = replace(KL, hidden_dim=64), replace(KL, lr=0.01), replace(WS, directions=9)
    wanted = [*study_trainings(), KL, WS, held, *others]
    names = [directory_of(o).as_posix() for o in wanted]
    assert len(set(names)) == len(wanted)
    assert {"ws-0.1736-seed0/35", "kl-0-seed1/140", "sw-3-seed2/35"} <= set(names)
    assert "ws-0.1736-limit500-sigma0.03-seed2/10" in names
