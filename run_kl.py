"""Train the VAE with the KL divergence as the regulariser of its latent space (loss: BCE + KL)."""

from npvae.experiment.options import parse_training, run_program, training_parser


def main() -> None:
    """Read the options and train."""
    options = parse_training(training_parser("kl", __doc__), "kl")
    from npvae.experiment.train import train

    train(*options)


if __name__ == "__main__":
    run_program(main)
