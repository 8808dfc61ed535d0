"""The article's network and a hundred test digits as one script, which a page adds on use.

A page that is opened from a folder may fetch no data, but may add a script. So the numbers come as
strings in one: a character for each. The 95 characters that UTF-8 keeps in one byte stand for the
numbers near zero, which are most, and the file is 3.9 MB for 3.3 million weights.
"""

import json
from pathlib import Path

import numpy as np

from cnnbook import mnist
from cnnbook import weights as weights_file
from cnnbook.files import book_folder, replacing

WEIGHTS = "results/article/weights.npz"  # in the book's folder
LEVELS = 80
"""Each weight is one of -80 to 80 times a scale of its own filter or unit."""

ONE_BYTE = 95  # characters from U+0020 to U+007E; those after them begin at U+00A1
EASY = 5  # digits of each class: the first of the test set
HARD = (
    (4065, 6597, 6651, 7216, 8325),
    (2182, 3073, 3906, 6572, 6783),
    (583, 659, 2488, 4176, 8094),
    (938, 3943, 4740, 5955, 5973),
    (115, 1242, 2043, 2130, 9669),
    (1393, 2597, 3558, 5937, 9729),
    (1014, 2135, 2654, 3422, 3520),
    (1039, 1226, 1260, 3808, 6576),
    (1319, 1530, 2896, 3727, 6625),
    (1232, 1247, 1901, 2293, 2387),
)
"""By class, the five test images of which the network gives the right class the least."""


def rounded(array):
    """Round weights to whole multiples of one scale for each filter or unit.

    Parameters
    ----------
    array : ndarray, shape (..., F)

    Returns
    -------
    counts : ndarray of int, shape (..., F)
        From -80 to 80.
    scale : ndarray, shape (F,)
        The weights are about `counts * scale`.
    """
    array = np.asarray(array, np.float64)
    largest = np.abs(array).max(axis=tuple(range(array.ndim - 1)))
    scale = np.round(largest / LEVELS, 8)
    return np.clip(np.rint(array / scale), -LEVELS, LEVELS).astype(int), scale


def text_of(counts):
    """Write whole numbers from 0 on as text, a character for each."""
    codes = np.where(counts < ONE_BYTE, 32 + counts, 161 - ONE_BYTE + counts)
    return codes.astype("<u2").tobytes().decode("utf-16-le")


def hundred_digits():
    """Return the numbers of the hundred test images: ten of each class, the five hard ones last."""
    labels = mnist.load().test.labels
    rows = []
    for digit, hard in enumerate(HARD):
        first = [k for k in np.flatnonzero(labels == digit)[: 2 * EASY] if k not in hard][:EASY]
        rows.append([*(int(k) for k in first), *hard])
    return rows


def script():
    """Return the script's text.

    It sets `cnnbookDigitNetwork` to the rounded weights, the biases, and the hundred digits with
    their labels.
    """
    stored = weights_file.load(book_folder() / WEIGHTS)
    weights, biases = {}, {}
    for name, array in stored.items():
        if name.endswith("_b"):
            biases[name] = [round(float(value), 6) for value in array]
            continue
        counts, scale = rounded(array)
        folded = np.where(counts < 0, -2 * counts - 1, 2 * counts)  # 0, −1, 1, −2, 2 ... in order
        weights[name] = {"text": text_of(folded.ravel()), "scale": scale.tolist()}
    test, numbers = mnist.load().test, hundred_digits()
    images = np.rint(test.images[np.ravel(numbers)] * 255).astype(int)
    digits = {"text": text_of(images.ravel()), "numbers": numbers, "easy": EASY}
    data = {"weights": weights, "biases": biases, "digits": digits}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"globalThis.cnnbookDigitNetwork = {text};\n"


def keep(path):
    """Write the script to a file unless it is there and newer than what it is made of."""
    sources = (Path(__file__), book_folder() / WEIGHTS)
    if path.is_file() and path.stat().st_mtime > max(each.stat().st_mtime for each in sources):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(script().encode("utf-8"))
