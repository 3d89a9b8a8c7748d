"""Data, training, checkpoints, metrics, pictures and the report."""
