"""The four files of MNIST: where they lie, whether they are right, how to get them."""

import errno
import http.client
import math
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from cnnbook.errors import InputError
from cnnbook.files import book_folder
from cnnbook.idx import DamagedError, IdxError, read_with_digest

IMAGE_SHAPE = (28, 28)

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
FILE_SECONDS = 900  # the longest one mirror may take over one file

_PIECE = 1 << 16
_HEADER_ROOM = 1 << 16  # what gzip and IDX may add to the pixels of a file that does not compress


@dataclass(frozen=True)
class FileSpec:
    """What one of the four files must hold: its shape and the SHA-256 of its uncompressed bytes."""

    shape: tuple[int, ...]
    sha256: str


FILES = {
    "train-images-idx3-ubyte.gz": FileSpec(
        (60_000, *IMAGE_SHAPE), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte.gz": FileSpec(
        (60_000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte.gz": FileSpec(
        (10_000, *IMAGE_SHAPE), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte.gz": FileSpec(
        (10_000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}


def data_folder(data_dir=None):
    """Return the folder of the data.

    `data_dir` if given; else the environment variable CNNBOOK_DATA if set; else `data/mnist` of the
    checkout that the package runs from; else `data/mnist` under the current folder.
    """
    data_dir = data_dir or os.environ.get("CNNBOOK_DATA")
    if data_dir:
        return Path(data_dir).expanduser()
    return book_folder() / "data" / "mnist"


def locate(folder, name):
    """Return the path of one of the four files: compressed, or plain where only that is there."""
    path = folder / name
    plain = path.with_suffix("")
    # os.path.exists, unlike Path.exists, answers False where it may not look.
    return plain if os.path.exists(plain) and not os.path.exists(path) else path


@dataclass(frozen=True)
class FileReport:
    """What was found of one file.

    `shape` is None where the file cannot be read, `problem` where it is right; `replaceable` says
    that nothing is lost if another takes its place, because it is missing or damaged.
    """

    name: str
    shape: tuple[int, ...] | None
    problem: str | None
    replaceable: bool = False

    @property
    def examples(self):
        """How many images or labels the file holds, None where it cannot be read."""
        return self.shape[0] if self.shape else None


@dataclass(frozen=True)
class Report:
    """What `verify` found; its text is a table, a line a file."""

    folder: Path
    files: tuple[FileReport, ...]

    @property
    def ok(self):
        """Whether all four files are there and right."""
        return all(file.problem is None for file in self.files)

    def __str__(self):
        lines = [f"MNIST in {self.folder}"]
        for file in self.files:
            if file.problem is None:
                shape = " x ".join(str(n) for n in file.shape[1:]) or "one label each"
                lines.append(f"  {file.name:<28}{file.examples:>7,}  {shape:<15}SHA-256 right")
            else:
                lines.append(f"  {file.name:<28}{file.problem}")
        return "\n".join(lines)


def verify(data_dir=None):
    """Read the four files and hold them to their checksums.

    Parameters
    ----------
    data_dir : str or Path, optional
        As in `data_folder`.

    Returns
    -------
    Report
        With `ok`, `folder` and `files`; a file that is missing or wrong is reported, not raised.
    """
    folder = data_folder(data_dir)
    return Report(folder, tuple(_verify_file(folder, name) for name in FILES))


def _verify_file(folder, name):
    path = locate(folder, name)
    try:
        array, digest = read_with_digest(path)
    except InputError as error:
        missing = not os.path.exists(path)
        return FileReport(name, None, str(error), missing or isinstance(error, DamagedError))
    return FileReport(name, array.shape, digest_problem(path, name, digest))


def digest_problem(path, name, digest):
    """Return None if `digest` is that of MNIST's file `name`, else a sentence that says so."""
    expected = FILES[name].sha256
    if digest == expected:
        return None
    return (
        f"{path} does not hold MNIST's contents: its SHA-256 is {digest}, expected {expected}. "
        f"Move it away and run `python -m cnnbook data` to fetch MNIST's."
    )


def fetch(data_dir=None, *, mirrors=MIRRORS, progress=None, timeout=30.0):
    """Download those of the four files that are missing or damaged.

    Each is written beside its place under a name of its own, held to its checksum, and renamed, so
    that a file that is there is whole, even when two processes fetch at once. A file with other
    contents, such as your own data set, is never replaced.

    Parameters
    ----------
    data_dir : str or Path, optional
        As in `data_folder`; it is created if need be.
    mirrors : sequence of str
        http or https addresses of folders that hold the files, tried in turn.
    progress : bool, optional
        Whether to draw a bar on stderr; by default only where that is a terminal.
    timeout : float
        How many seconds a mirror may be silent.

    Returns
    -------
    tuple of str
        The names of the files that were downloaded, none if all were right.

    Raises
    ------
    InputError
        If no mirror gives a right file, the folder cannot be written, the disk is full, or a file
        is in the way.
    """
    folder = data_folder(data_dir)
    mirrors = tuple(mirrors)
    for mirror in mirrors:
        if not mirror.startswith(("http://", "https://")):
            raise InputError(f"The mirror {mirror!r} is not an http:// or https:// address.")
    if progress is None:
        progress = sys.stderr.isatty()

    wrong = [file for file in verify(folder).files if file.problem]
    if not wrong:
        print(f"The four files in {folder} are right; nothing to download.")
    for file in wrong:
        if not file.replaceable:
            raise InputError(file.problem)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    for file in wrong:
        mirror = _fetch_file(folder, file.name, mirrors, progress, timeout)
        print(f"{file.name} is right, from {mirror}")
    return tuple(file.name for file in wrong)


class _MirrorError(Exception):
    """Why one mirror did not give a file."""


def _fetch_file(folder, name, mirrors, progress, timeout):
    """Put one file in its place and return the mirror that gave it."""
    failures = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{name}"
        part = folder / f".{name}.{uuid.uuid4().hex}.part"
        try:
            with _writing(folder):
                with part.open("xb") as file:
                    for piece in _download(url, name, progress, timeout):
                        file.write(piece)
                    file.flush()
                    os.fsync(file.fileno())
                _check_download(part, name)
                part.replace(folder / name)
            return mirror
        except _MirrorError as error:
            failures.append(f"{url} {error}")
        finally:
            with suppress(OSError):
                part.unlink()
    raise InputError(
        f"{name} could not be fetched: {'; '.join(failures) or 'no mirror is given'}. Check the "
        f"network, or copy MNIST's four files into {folder} yourself."
    )


def _download(url, name, progress, timeout):
    """Yield the bytes at a URL, no more of them and for no longer than the file can need."""
    limit = math.prod(FILES[name].shape) + _HEADER_ROOM
    deadline = time.monotonic() + FILE_SECONDS
    request = urllib.request.Request(url, headers={"User-Agent": "cnnbook"})
    received = 0
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            with tqdm(
                total=total, desc=name, unit="B", unit_scale=True, disable=not progress
            ) as bar:
                while piece := response.read1(_PIECE):
                    received += len(piece)
                    if received > limit:
                        raise _MirrorError(f"sends more than the {limit:,} bytes it can need")
                    if time.monotonic() > deadline:
                        raise _MirrorError(f"is too slow: not done after {FILE_SECONDS} seconds")
                    bar.update(len(piece))
                    yield piece
    except urllib.error.HTTPError as error:
        raise _MirrorError(f"answers {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise _MirrorError(f"is silent for {timeout:g} seconds") from error
        raise _MirrorError(f"cannot be reached ({reason})") from error
    if total is not None and received < total:
        raise _MirrorError(f"breaks off after {received:,} of {total:,} bytes")


def _check_download(part, name):
    spec = FILES[name]
    try:
        _, digest = read_with_digest(part, max_bytes=math.prod(spec.shape))
    except IdxError as error:
        raise _MirrorError(error.finding) from error
    if digest != spec.sha256:
        raise _MirrorError(f"has other contents: SHA-256 {digest}, expected {spec.sha256}")


def _sweep(folder):
    """Remove what a killed run left: a part untouched for so long belongs to no living one."""
    oldest = time.time() - FILE_SECONDS
    for part in folder.glob(".*-ubyte.gz.*.part"):
        with suppress(OSError):
            if part.stat().st_mtime < oldest:
                part.unlink()


@contextmanager
def _writing(folder):
    """Turn what the system refuses while writing into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            found = "there is no room left on its disk"
            advice = "Make room (MNIST takes 12 MB)"
        else:
            found = error.strerror or str(error)
            advice = "Give yourself the right to write there"
        raise InputError(
            f"{folder} cannot be written: {found}. {advice}, or choose another folder."
        ) from error
