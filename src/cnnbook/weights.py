"""The article's network as eight arrays: their shapes, their first values, their file.

Both engines, TensorFlow and NumPy, start from what `initial` draws and store what `save` writes, so
a network trained by one can be loaded by the other.
"""

import zipfile
import zlib

import numpy as np

from .errors import InputError
from .files import replacing

SHAPES = {
    "conv1_w": (5, 5, 1, 32),
    "conv1_b": (32,),
    "conv2_w": (5, 5, 32, 64),
    "conv2_b": (64,),
    "fc1_w": (3136, 1024),
    "fc1_b": (1024,),
    "fc2_w": (1024, 10),
    "fc2_b": (10,),
}
"""Name and shape of each array; kernels are HWIO, the rows of `fc1_w` are in NHWC order."""

PARAMETERS = sum(int(np.prod(shape)) for shape in SHAPES.values())
"""How many numbers the network learns: 3,274,634."""


def truncated_normal(shape, sigma, rng):
    """Draw normal values and draw again every one further than two sigma from zero.

    Parameters
    ----------
    shape : tuple of int
    sigma : float
        Standard deviation of the normal distribution before it is cut.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float64
    """
    values = rng.standard_normal(shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(np.count_nonzero(outside))
    return sigma * values


def initial(kind, *, seed=0, dtype=np.float32):
    """Draw the weights a training run starts from.

    Parameters
    ----------
    kind : {"article", "he"}
        "article": truncated normal weights with sigma 0.1 and biases of 0.1, whatever the layer.
        "he": truncated normal weights with sigma sqrt(2 / fan-in) and biases of zero [1]_.
    seed : int
    dtype : dtype

    Returns
    -------
    dict of str to ndarray
        The arrays of `SHAPES`.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.
    """
    if kind not in ("article", "he"):
        raise ValueError(f'kind is {kind!r}, expected "article" or "he".')
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in SHAPES.items():
        if name.endswith("_b"):
            values = np.full(shape, 0.1 if kind == "article" else 0.0)
        else:
            fan_in = np.prod(shape[:-1])
            values = truncated_normal(shape, 0.1 if kind == "article" else np.sqrt(2 / fan_in), rng)
        weights[name] = values.astype(dtype)
    return weights


def save(path, weights, *, dtype=np.float32):
    """Write the eight arrays to a compressed `.npz` file, whole or not at all.

    Parameters
    ----------
    path : str or Path
    weights : dict of str to ndarray
        The arrays of `SHAPES`.
    dtype : dtype
        What they are stored as; float16 halves the file.
    """
    arrays = {name: np.asarray(weights[name], dtype) for name in SHAPES}
    with replacing(path) as file:
        np.savez_compressed(file, **arrays)


def load(path):
    """Read the eight arrays that `save` wrote.

    Nothing is unpickled, and no array is read before its shape has been found to be the right one.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to ndarray
        float32 arrays of `SHAPES`; float64 where the file holds float64.

    Raises
    ------
    InputError
        If the file is missing, damaged, not an `.npz`, or holds something else.
    """
    arrays = read_arrays(path, SHAPES)
    for name, array in arrays.items():
        if array.dtype not in (np.float16, np.float32, np.float64):
            raise InputError(f"{path}: {name} is {array.dtype}, expected floating-point weights.")
        if not np.isfinite(array).all():
            raise InputError(f"{path}: {name} holds values that are not finite; train again.")
    return {
        name: array if array.dtype == np.float64 else array.astype(np.float32)
        for name, array in arrays.items()
    }


def read_arrays(path, shapes):
    """Read named arrays of known shapes from an `.npz` file that may be anything at all.

    Parameters
    ----------
    path : str or Path
    shapes : dict of str to tuple of int
        The arrays to read, each with the shape it must have.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    InputError
        If the file cannot be opened, is damaged, or an array is missing, pickled or of another
        shape.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            missing = [name for name in shapes if f"{name}.npy" not in archive.namelist()]
            if missing:
                raise InputError(
                    f"{path} has no array {missing[0]}, expected {', '.join(shapes)}; "
                    "it was not written by this book."
                )
            return {name: _read_array(path, archive, name, shape) for name, shape in shapes.items()}
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} could not be read ({reason}); check the name.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(
            f"{path} is not a whole .npz file ({error}); copy it again or train again."
        ) from error


def _read_array(path, archive, name, shape):
    """Read one array of the archive, looking at its header first."""
    with archive.open(f"{name}.npy") as file:
        try:
            version = np.lib.format.read_magic(file)
            read_header = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            found, fortran, dtype = read_header(file)
        except ValueError as error:
            raise InputError(
                f"{path}: {name} is not a NumPy array ({error}); copy it again or train again."
            ) from error
        if dtype.hasobject:
            raise InputError(
                f"{path}: {name} carries a pickle, which can run code when it is read; "
                "expected plain numbers. Do not use this file."
            )
        if found != tuple(shape):
            raise InputError(
                f"{path}: {name} has shape {found}, expected {tuple(shape)}; "
                "it belongs to another network."
            )
        size = int(np.prod(found)) * dtype.itemsize
        data = file.read(size + 1)  # one more, so that the archive's checksum is reached
    if len(data) != size:
        raise InputError(f"{path}: {name} holds {len(data)} bytes, expected {size}; copy it again.")
    return np.frombuffer(data, dtype).reshape(found, order="F" if fortran else "C").copy()
