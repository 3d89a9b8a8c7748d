"""Train the VAE with the Wasserstein distance of its latent space to the prior.

The distance is measured by a critic (WGAN-GP), or along random lines (--distance sliced).
"""

from npvae.cli import run_program
from npvae.training.options import read_command_line


def main() -> None:
    """Read the options and train."""
    options, settings = read_command_line("ws", __doc__)
    from npvae.training.train import train  # here: `--help` need not wait for its libraries

    train(options, settings)


if __name__ == "__main__":
    run_program(main)
