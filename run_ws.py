"""Train the VAE and a Wasserstein critic that pulls its latent space to the prior (WGAN-GP)."""

from npvae.cli import run_program
from npvae.training.options import parse_training, training_parser


def main() -> None:
    """Read the options and train."""
    options = parse_training(training_parser("ws", __doc__), "ws")
    from npvae.training.train import train

    train(*options)


if __name__ == "__main__":
    run_program(main)
