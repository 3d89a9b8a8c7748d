"""What the values of images and labels must be, and which of them are most likely a mistake."""

import numpy as np

from npvae.errors import UserError


def checked_images(where: str, images: np.ndarray) -> np.ndarray:
    """Return images in C order, uint8 or float32; raises UserError for other types or values."""
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    if images.dtype.kind != "f":
        what = "it must be float with values in [0, 1], or uint8 with values in 0..255"
        raise UserError(f"{where}: has type {images.dtype.name}; {what}")
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):  # put so that NaN is refused too
        what = "they must be finite and in [0, 1] (divide bytes by 255)"
        raise UserError(f"{where}: has values from {low:g} to {high:g}; {what}")
    return np.ascontiguousarray(images, np.float32)


def checked_labels(where: str, labels: np.ndarray) -> tuple[np.ndarray, str]:
    """Return labels as int64 (N,), and in words where in rows of several numbers they were.

    That is the place of the only 1 among zeros, or else the first column, as in QMNIST.
    Raises UserError unless they are whole numbers from 0 to 255.
    """
    rows, how = labels.reshape(len(labels), -1), ""
    if rows.shape[1] > 1:
        is_one_hot = ((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all()
        how = "the place of the 1 in " if is_one_hot else "the first column of "
        rows = rows.argmax(axis=1)[:, None] if is_one_hot else rows
    labels = rows[:, 0]
    if not (labels == np.rint(labels)).all() or labels.min() < 0 or labels.max() > 255:
        what = "labels must be whole numbers in 0..255, so number the classes from 0"
        raise UserError(f"{where}: has values from {labels.min()} to {labels.max()}; {what}")
    return labels.astype(np.int64), how


def doubt(images: np.ndarray) -> str:
    """Say what is most likely wrong with images (N, pixels), uint8 or float32; "" if nothing is."""
    some = images[:: max(1, len(images) // 1000)]
    white = 255 if images.dtype == np.uint8 else 1
    if (some == some[:, :1]).all() or (len(some) > 1 and (some == some[0]).all()):
        return "images of one single grey, or all alike, hold nothing that could be learnt"
    if some.max() <= white / 8:
        return (
            f"the brightest pixel is {some.max():.3g} where white is {white}, so all images are"
            " nearly black; if it was meant to be white, divide by it and save floats"
        )
    if (some > 0.8 * white).mean() > 0.5:
        return (
            "the images look like dark ink on white paper, and MNIST is bright on black;"
            f" {white} - images turns one into the other"
        )
    return ""
