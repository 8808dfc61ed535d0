"""Writing files so that nobody ever finds half of one."""

import contextlib
import os
import tempfile
from pathlib import Path

from .errors import InputError


@contextlib.contextmanager
def replacing(path):
    """Open a new file beside `path` for writing, and put it in the place of `path` at the end.

    The bytes are on the disk before the name changes hands, so whoever opens `path`, whenever the
    power fails, finds the old file or the new one. If anything goes wrong the new file is removed.

    Parameters
    ----------
    path : str or Path
        The file to write or to replace. Its folder must exist.

    Yields
    ------
    file
        Open for binary writing.

    Raises
    ------
    InputError
        If the system refuses to write: no space, no permission, no such folder.
    """
    path = Path(path)
    part = None
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if part is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)


def cannot_write(path, error):
    """Make the `InputError` for an `OSError` met while writing `path`."""
    reason = (error.strerror or str(error)).lower()
    return InputError(
        f"{path} could not be written ({reason}); make room or choose another place, "
        "and run the same command again."
    )


def _umask():
    """Return the umask, which the system only tells to those who set it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def book_folder():
    """Return the folder of the book: the checkout the package runs from, else the current one."""
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
