"""Train the VAE with the KL divergence as the regulariser of its latent space (loss: BCE + KL)."""

from npvae.cli import run_program
from npvae.training.options import read_command_line


def main() -> None:
    """Read the options and train."""
    options, settings = read_command_line("kl", __doc__)
    from npvae.training.train import train  # here: `--help` need not wait for its libraries

    train(options, settings)


if __name__ == "__main__":
    run_program(main)
