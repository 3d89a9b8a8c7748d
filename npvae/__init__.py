"""npvae: a variational autoencoder and a Wasserstein critic by hand, in NumPy and Numba."""
