"""The VAE, the critic, their objectives and their training steps."""
