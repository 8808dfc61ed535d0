"""IDX, the format of the MNIST files: a header that gives type and shape, then the numbers.

http://yann.lecun.com/exdb/mnist/ described it: two zero bytes, a type code, the rank, one
big-endian 32-bit size for each dimension, and then the entries, the last dimension fastest,
most significant byte first. The files are usually compressed with gzip (RFC 1952).
"""

import hashlib
import math
import os
import stat
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from cnnbook.errors import InputError

TYPES = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
MAX_BYTES = 1 << 28  # five times MNIST
MAX_RANK = 64  # NumPy's own limit

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_RATIO = 1032  # DEFLATE cannot do better: 258 bytes for two bits
_COMPRESSED_PIECE = 1 << 18
_PIECE = 1 << 20
_REPLACE = "Replace it by a whole copy; `python -m cnnbook data` fetches MNIST's."


class IdxError(InputError):
    """An IDX file that is not taken; `finding` is what was found, without the file's name."""

    def __init__(self, name, finding, advice=_REPLACE):
        super().__init__(name, finding, advice)
        self.finding = finding

    def __str__(self):
        return "{} {}. {}".format(*self.args)


class DamagedError(IdxError):
    """A file that could be read and is not one whole IDX file."""


def read_idx(path, *, max_bytes=MAX_BYTES):
    """Read one IDX file.

    Parameters
    ----------
    path : str or Path
        The file, compressed with gzip or plain: its first two bytes tell.
    max_bytes : int
        Refuse a file whose header promises more than this, before any memory is set aside.

    Returns
    -------
    ndarray
        Of the shape in the header (any rank, 0 included), in this machine's byte order.

    Raises
    ------
    InputError
        If the file is missing, unreadable, cut, too long, or not IDX.
    """
    return read_with_digest(path, max_bytes=max_bytes)[0]


def read_with_digest(path, *, name=None, max_bytes=MAX_BYTES):
    """Read one IDX file as `read_idx` does and hash its contents on the way.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str, optional
        What to call the file in messages, if not by its path.
    max_bytes : int
        As in `read_idx`.

    Returns
    -------
    array : ndarray
        The numbers.
    digest : str
        SHA-256 of the uncompressed bytes, 64 hexadecimal digits.
    """
    path = Path(path)
    name = str(name or path)
    digest = hashlib.sha256()
    with _opened(path, name) as file:
        compressed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        read = _gunzip(file, name) if compressed else file.read

        dtype, shape = _read_header(read, digest, name)
        promised = math.prod(shape) * dtype.itemsize
        size = os.fstat(file.fileno()).st_size
        _check_promise(promised, shape, size * _GZIP_RATIO if compressed else size, max_bytes, name)

        body = np.empty(promised, np.uint8)
        filled = 0
        while filled < promised:
            piece = read(min(_PIECE, promised - filled))
            if not piece:
                raise DamagedError(
                    name,
                    f"is cut: its header promises {promised:,} bytes of numbers and "
                    f"{filled:,} are there",
                )
            digest.update(piece)
            body[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        if read(1):
            raise DamagedError(
                name, f"goes on after the {promised:,} bytes of numbers that its header promises"
            )
    array = body.view(dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False), digest.hexdigest()


def _read_header(read, digest, name):
    """Return the dtype (big-endian) and the shape that the header gives."""
    magic = _read_exactly(read, 4, name)
    digest.update(magic)
    code, rank = magic[2], magic[3]
    if magic[:2] != b"\0\0" or code not in TYPES:
        page = b"<" in magic.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        raise DamagedError(
            name,
            f"{'looks like a web page' if page else 'is not an IDX file'}: it starts with the "
            f"bytes {magic.hex(' ')}, where IDX has 00 00, a type code (08, 09, 0b to 0e) and the "
            f"rank, inside gzip or not",
        )
    if rank > MAX_RANK:
        raise DamagedError(name, f"gives an array of rank {rank}; NumPy goes up to {MAX_RANK}")
    sizes = _read_exactly(read, 4 * rank, name)
    digest.update(sizes)
    return TYPES[code], tuple(int(n) for n in np.frombuffer(sizes, ">u4"))


def _read_exactly(read, count, name):
    data = b""
    while len(data) < count:
        piece = read(count - len(data))
        if not piece:
            raise DamagedError(name, "is empty or ends inside its header")
        data += piece
    return data


def _check_promise(promised, shape, room, max_bytes, name):
    """Refuse a promise that the file cannot keep, or that is too large, before allocating."""
    text = " x ".join(f"{n:,}" for n in shape) or "one number"
    if promised > room:
        raise DamagedError(
            name,
            f"is cut: its header promises {text} ({promised:,} bytes), more than a file of its "
            f"size can hold",
        )
    if promised > max_bytes:
        raise IdxError(
            name,
            f"promises {text} ({promised:,} bytes), over the limit of {max_bytes:,}",
            "If it is what you want, read it with read_idx and a larger max_bytes.",
        )
    if math.prod(n or 1 for n in shape) > np.iinfo(np.intp).max // 8:
        raise DamagedError(name, f"has dimensions that NumPy cannot hold: {text}")


def _gunzip(file, name) -> Callable[[int], bytes]:
    """Return a `read(count)` for the uncompressed bytes, of bounded memory whatever the file."""
    decoder = zlib.decompressobj(wbits=31)
    pending = file.read(_COMPRESSED_PIECE)

    def read(count):
        nonlocal decoder, pending
        piece = b""
        while pending and not piece:
            try:
                piece = decoder.decompress(pending, count)
            except zlib.error as error:
                raise DamagedError(name, f"is damaged gzip ({error})") from error
            if not decoder.eof:
                pending = decoder.unconsumed_tail or file.read(_COMPRESSED_PIECE)
                continue
            pending = decoder.unused_data + file.read(_COMPRESSED_PIECE)
            if pending and not pending.startswith(_GZIP_MAGIC):
                raise DamagedError(name, "has bytes left over after its gzip data")
            if pending:  # a second gzip member: RFC 1952, section 2.2
                decoder = zlib.decompressobj(wbits=31)
        if not piece and not decoder.eof:
            raise DamagedError(name, "is cut: its gzip data has no end")
        return piece

    return read


@contextmanager
def _opened(path, name):
    """Open a regular file for reading; what the system refuses becomes a sentence."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise InputError(f"{name} is {what}; expected an IDX file. Give the file itself.")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise InputError(
            f"{name} is not there. Run `python -m cnnbook data` to fetch MNIST, or check the path."
        ) from error
    except PermissionError as error:
        raise InputError(
            f"{name} cannot be read: permission denied. Give yourself the right to read it, "
            f"or copy it where you have it."
        ) from error
    except OSError as error:
        raise InputError(
            f"{name} cannot be read: {error.strerror or error}. Check the path and the disk."
        ) from error
