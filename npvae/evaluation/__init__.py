"""What is measured of a trained model, and how sure the numbers are."""
