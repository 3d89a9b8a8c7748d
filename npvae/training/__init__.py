"""From options to a trained run on the disk."""
