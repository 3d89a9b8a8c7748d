"""Train the VAE with the KL divergence as the regulariser of its latent space (loss: BCE + KL)."""

from npvae.cli import run_program
from npvae.training.options import parse_training, training_parser


def main() -> None:
    """Read the options and train."""
    options = parse_training(training_parser("kl", __doc__), "kl")
    from npvae.training.train import train

    train(*options)


if __name__ == "__main__":
    run_program(main)
