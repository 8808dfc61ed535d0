"""The four files of MNIST: which they are, where they lie, whether they are right."""

import os
from dataclasses import dataclass
from pathlib import Path

from cnnbook.errors import InputError
from cnnbook.idx import read_with_digest

IMAGE_SHAPE = (28, 28)


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
    checkout = Path(__file__).resolve().parents[2]
    root = checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
    return root / "data" / "mnist"


def locate(folder, name):
    """Return the path of one of the four files: compressed, or plain where only that is there."""
    plain = folder / name.removesuffix(".gz")
    return plain if plain.exists() and not (folder / name).exists() else folder / name


@dataclass(frozen=True)
class FileReport:
    """What was found of one file; `problem` is None where it is right."""

    name: str
    shape: tuple[int, ...] | None
    problem: str | None

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
    try:
        array, digest = read_with_digest(locate(folder, name))
    except InputError as error:
        return FileReport(name, None, str(error))
    wrong = None
    if digest != FILES[name].sha256:
        wrong = f"other contents: SHA-256 {digest}, expected {FILES[name].sha256}"
    return FileReport(name, array.shape, wrong)


def fetch(data_dir=None):
    """Refuse for now: the files come with the checkout."""
    raise InputError("Fetching is not there yet; the files come with the checkout.")
