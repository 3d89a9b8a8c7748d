"""Train the VAE and a Wasserstein critic that pulls its latent space to the prior (WGAN-GP)."""

from npvae.training.program import training_program

if __name__ == "__main__":
    training_program("ws", __doc__)
