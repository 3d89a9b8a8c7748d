"""Train the VAE with the Wasserstein distance of its latent space to the prior.

The distance is measured by a critic (WGAN-GP), or along random lines (--distance sliced).
"""

from npvae.training.program import training_program

if __name__ == "__main__":
    training_program("ws", __doc__)
