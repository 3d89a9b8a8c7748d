"""Where the images come from: MNIST, the user's own files, the sample of 5,000 digits."""
