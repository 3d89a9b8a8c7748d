"""Train the VAE with the KL divergence as the regulariser of its latent space (loss: BCE + KL)."""

from npvae.training.program import training_program

if __name__ == "__main__":
    training_program("kl", __doc__)
