"""MNIST: 70,000 handwritten digits, as the book's networks take them.

The data set is Yann LeCun's, Corinna Cortes's and Christopher Burges's, derived from NIST's, under
CC BY-SA 3.0 (LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document
recognition, Proceedings of the IEEE 86(11), 1998).
"""

import operator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cnnbook.errors import InputError
from cnnbook.fetch import (
    FILES,
    IMAGE_SHAPE,
    data_folder,
    digest_problem,
    fetch,
    locate,
    verify,
)
from cnnbook.idx import read_idx, read_with_digest

__all__ = [
    "MNIST",
    "Examples",
    "batches",
    "data_folder",
    "fetch",
    "load",
    "one_hot",
    "read_idx",
    "verify",
]

CLASSES = 10


@dataclass(frozen=True)
class Examples:
    """Images with their labels.

    Attributes
    ----------
    images : ndarray, shape (N, 28, 28, 1), float32
        Ink, from 0 (paper) to 1.
    labels : ndarray, shape (N,), int64
        The digits, 0 to 9.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.labels)


@dataclass(frozen=True)
class MNIST:
    """The three parts of the data: `train` (55,000), `validation` (5,000) and `test` (10,000)."""

    train: Examples
    validation: Examples
    test: Examples


def load(data_dir=None, *, verify=True, validation=5_000):
    """Load MNIST, split as the article splits it: the first 5,000 training images validate.

    Parameters
    ----------
    data_dir : str or Path, optional
        The folder with the four files; `data_folder` tells which one is meant if it is left out.
    verify : bool
        Hold the contents to MNIST's checksums. Pass False for another set in the same format,
        such as Fashion-MNIST or your own.
    validation : int
        How many of the first training images to set aside.

    Returns
    -------
    MNIST
        `train`, `validation` and `test`, each with `images` and `labels` (see `Examples`).

    Raises
    ------
    InputError
        If a file is missing or damaged, its contents are not MNIST's (unless `verify` is False),
        or the files do not fit each other.
    """
    folder = data_folder(data_dir)
    paths = [locate(folder, name) for name in FILES]
    with ThreadPoolExecutor(len(paths)) as pool:
        (train_images, train_labels, test_images, test_labels), digests = zip(
            *pool.map(read_with_digest, paths), strict=True
        )
    train_path, train_label_path, test_path, test_label_path = paths
    _check_pair(train_images, train_labels, train_path, train_label_path)
    _check_pair(test_images, test_labels, test_path, test_label_path)
    if verify:
        for path, name, digest in zip(paths, FILES, digests, strict=True):
            if problem := digest_problem(path, name, digest):
                raise InputError(
                    f"{problem} To load another data set of the same format, pass verify=False."
                )
    count = len(train_labels)
    if not 0 <= validation < count:
        raise InputError(
            f"{train_path} holds {count:,} images, of which {validation:,} cannot be set aside for "
            f"validation. Pass a smaller validation=, at least 0."
        )
    train = _examples(train_images, train_labels)
    return MNIST(
        train=Examples(train.images[validation:], train.labels[validation:]),
        validation=Examples(train.images[:validation], train.labels[:validation]),
        test=_examples(test_images, test_labels),
    )


def _check_pair(pixels, labels, image_path, label_path):
    """Check that a file of images and a file of labels are that, and fit each other."""
    if pixels.dtype != np.uint8 or pixels.shape[1:] != IMAGE_SHAPE:
        raise InputError(
            f"{image_path} holds {pixels.dtype} of shape {pixels.shape}, expected uint8 of shape "
            f"(images, 28, 28). Check that the file is the images', not the labels'."
        )
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise InputError(
            f"{label_path} holds {labels.dtype} of shape {labels.shape}, expected uint8 of shape "
            f"(labels,). Check that the file is the labels', not the images'."
        )
    if len(pixels) != len(labels):
        raise InputError(
            f"{image_path} holds {len(pixels):,} images and {label_path} {len(labels):,} labels; "
            f"expected one label an image. Take both files from the same set."
        )
    if labels.size and labels.max() >= CLASSES:
        where = int(np.argmax(labels >= CLASSES))
        raise InputError(
            f"{label_path} has the label {labels[where]} at position {where:,}, expected 0 to "
            f"{CLASSES - 1}. Take the labels of a set with ten classes."
        )


def _examples(pixels, labels):
    """Bring bytes to the network's form."""
    images = pixels[..., np.newaxis] / np.float32(255)
    return Examples(images, labels.astype(np.int64))


def batches(examples, batch_size, *, seed=0, start=0):
    """Yield minibatches for ever, every example once an epoch.

    Each epoch has a permutation of its own, drawn from (seed, epoch) alone, so the stream can be
    entered at any step: a run that is resumed sees what it would have seen.

    Parameters
    ----------
    examples : Examples
        Images and labels of the same length N.
    batch_size : int
        1 to N. Where it does not divide N, the last minibatch of an epoch is shorter.
    seed : int
        At least 0.
    start : int
        The step to begin at, at least 0: `batches(e, n, start=k)` is `batches(e, n)` without its
        first k minibatches.

    Returns
    -------
    iterator of (images, labels)
        Fresh arrays of shapes (batch, 28, 28, 1) and (batch,).

    Raises
    ------
    ValueError
        If an argument is not of these.
    """
    images, labels = examples.images, examples.labels
    count = len(labels)
    if len(images) != count:
        raise ValueError(f"{len(images):,} images and {count:,} labels; expected as many of each.")
    batch_size = _integer("batch_size", batch_size, 1)
    if batch_size > count:
        raise ValueError(
            f"batch_size is {batch_size:,}, expected 1 to the {count:,} examples there are."
        )
    return _batches(
        images, labels, batch_size, _integer("seed", seed, 0), _integer("start", start, 0)
    )


def _batches(images, labels, batch_size, seed, start):
    count = len(labels)
    epoch, step = divmod(start, -(-count // batch_size))
    while True:
        order = np.random.default_rng((seed, epoch)).permutation(count)
        for first in range(step * batch_size, count, batch_size):
            chosen = order[first : first + batch_size]
            yield images[chosen], labels[chosen]
        epoch, step = epoch + 1, 0


def _integer(name, value, least):
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} is {value!r}, expected an integer.") from None
    if number < least:
        raise ValueError(f"{name} is {number}, expected at least {least}.")
    return number


def one_hot(labels, classes=CLASSES, dtype=np.float32):
    """Turn labels into rows of zeros with a one at the label.

    Parameters
    ----------
    labels : array_like of int, any shape
        Each 0 to classes - 1.
    classes : int
        The length of a row.
    dtype : dtype
        Of the result.

    Returns
    -------
    ndarray, shape labels.shape + (classes,)

    Raises
    ------
    ValueError
        If a label is not an integer or is out of range.
    """
    labels = np.asarray(labels)
    classes = _integer("classes", classes, 1)
    if labels.dtype.kind not in "iu":
        raise ValueError(f"The labels are {labels.dtype}, expected integers.")
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"The labels go from {labels.min()} to {labels.max()}, expected 0 to {classes - 1}."
        )
    return np.eye(classes, dtype=dtype)[labels]
