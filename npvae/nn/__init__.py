"""The textbook, part one: layers, losses, Adam and the gradient checker, each written by hand.

Reading the shapes here and in npvae/models, with the reference experiment's sizes:

    B   images in a batch        64        L   latent dimensions         10
    P   pixels of an image      784        H   hidden units of the VAE  256
    H1, H2, U   the critic's hidden units and outputs                   512, 256, 10

A gradient of `y` is called `dy`. Matrices W are stored (in, out): `x W` is the forward product.
"""
