import gzip
import multiprocessing
import os
import random
import struct
import tracemalloc
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnbook import fetch, files, mnist
from cnnbook.errors import InputError

DATA = mnist.data_folder()
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array):
    """Write an array as IDX, by the format's description alone."""
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(">HBB", 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def header(*sizes):
    return struct.pack(f">HBB{len(sizes)}I", 0, 0x08, len(sizes), *sizes)


def own_set(folder, train=30, test=20):
    """Write a small set of the reader's own and return its images."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (train + test, 28, 28), np.uint8)
    labels = rng.integers(0, 10, train + test).astype(np.uint8)
    parts = (images[:train], labels[:train], images[train:], labels[train:])
    for name, part in zip(fetch.FILES, parts, strict=True):
        (folder / name).write_bytes(gzip.compress(idx(part), 1))
    return images, labels


def rewrite(folder, position, array):
    path = folder / list(fetch.FILES)[position]
    path.write_bytes(gzip.compress(idx(array), 1))


@pytest.fixture(scope="module")
def data():
    return mnist.load()


def test_the_split_is_the_articles(data):
    images = mnist.read_idx(DATA / "train-images-idx3-ubyte.gz")
    labels = mnist.read_idx(DATA / "train-labels-idx1-ubyte.gz")
    for part, first, last in ((data.validation, 0, 5_000), (data.train, 5_000, 60_000)):
        assert len(part) == last - first
        assert part.images.shape == (last - first, 28, 28, 1)
        assert (part.images[..., 0] == images[first:last] / np.float32(255)).all()
        assert (part.labels == labels[first:last]).all()
    assert data.test.images.shape == (10_000, 28, 28, 1)


def test_the_numbers_known_of_mnist(data):
    everything = (data.train, data.validation, data.test)
    assert {part.images.dtype for part in everything} == {np.dtype(np.float32)}
    assert {part.labels.dtype for part in everything} == {np.dtype(np.int64)}
    assert all(part.images.min() == 0 and part.images.max() == 1 for part in everything)
    assert data.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = np.bincount(data.train.labels) + np.bincount(data.validation.labels)
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    pixels = [part.images.ravel() for part in (data.train, data.validation)]
    mean = sum(part.sum(dtype=np.float64) for part in pixels) / (60_000 * 784)
    square = sum(np.vdot(part, part) for part in pixels) / (60_000 * 784)
    assert mean == pytest.approx(0.13066, abs=5e-6)
    assert np.sqrt(square - mean**2) == pytest.approx(0.30811, abs=5e-6)


def test_verify_reports_the_four_files():
    report = mnist.verify()
    assert report.ok
    assert [file.examples for file in report.files] == [60_000, 60_000, 10_000, 10_000]
    assert str(report).count("SHA-256 right") == 4


def test_verify_reports_what_is_wrong(tmp_path):
    own_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    report = mnist.verify(tmp_path)
    assert not report.ok
    assert [file.examples for file in report.files] == [30, 30, 20, None]
    assert [file.replaceable for file in report.files] == [False, False, False, True]
    assert "does not hold MNIST's contents" in report.files[0].problem
    assert "python -m cnnbook data" in str(report)


def test_the_folder_given_goes_first(monkeypatch):
    monkeypatch.setenv("CNNBOOK_DATA", "/elsewhere")
    assert mnist.data_folder("~/here") == Path.home() / "here"
    assert mnist.data_folder() == Path("/elsewhere")
    monkeypatch.setenv("CNNBOOK_DATA", "")
    assert mnist.data_folder() == Path(files.__file__).resolve().parents[2] / "data" / "mnist"


def test_outside_a_checkout_it_is_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("CNNBOOK_DATA", raising=False)
    monkeypatch.setattr(files, "__file__", str(tmp_path / "lib" / "cnnbook" / "files.py"))
    monkeypatch.chdir(tmp_path)
    assert mnist.data_folder() == tmp_path / "data" / "mnist"


def test_own_set_loads_when_asked_for(tmp_path):
    images, labels = own_set(tmp_path)
    data = mnist.load(tmp_path, verify=False, validation=10)
    assert (len(data.train), len(data.validation), len(data.test)) == (20, 10, 20)
    np.testing.assert_array_equal(data.train.labels, labels[10:30])
    np.testing.assert_array_equal(data.test.images[..., 0], images[30:] / np.float32(255))


def test_own_set_is_refused_otherwise(tmp_path):
    own_set(tmp_path)
    with pytest.raises(InputError, match=r"SHA-256 is .* expected ba8910.*verify=False"):
        mnist.load(tmp_path)


def test_plain_files_are_taken_too(tmp_path):
    own_set(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert len(mnist.load(tmp_path, verify=False, validation=0).train) == 30


@pytest.mark.parametrize("validation", [30, -1])
def test_validation_must_leave_something(tmp_path, validation):
    own_set(tmp_path)
    with pytest.raises(InputError, match=r"holds 30 images, of which .* cannot be set aside"):
        mnist.load(tmp_path, verify=False, validation=validation)


@pytest.mark.parametrize(
    ("position", "array", "message"),
    [
        (0, np.zeros((29, 28, 28), np.uint8), "29 images and .* 30 labels"),
        (3, np.zeros(21, np.uint8), "20 images and .* 21 labels"),
        (1, np.full(30, 10, np.uint8), "has the label 10 at position 0"),
        (3, np.eye(20, dtype=np.uint8)[7] * 255, "has the label 255 at position 7"),
        (0, np.zeros((30, 32, 32), np.uint8), r"shape \(30, 32, 32\), expected uint8"),
        (2, np.zeros(20, np.uint8), r"shape \(20,\), expected uint8 of shape \(images"),
        (3, np.zeros((20, 28, 28), np.uint8), r"expected uint8 of shape \(labels,\)"),
        (1, np.zeros(30, np.int32), "holds int32"),
        (0, np.zeros((30, 28, 28), np.float32), "holds float32"),
    ],
)
def test_files_that_do_not_fit(tmp_path, position, array, message):
    own_set(tmp_path)
    rewrite(tmp_path, position, array)
    with pytest.raises(InputError, match=message):
        mnist.load(tmp_path, verify=False, validation=10)


def test_a_missing_folder_says_what_to_run(tmp_path):
    with pytest.raises(InputError, match=r"is not there\. Run `python -m cnnbook data`"):
        mnist.load(tmp_path / "nowhere")


@settings(max_examples=120, deadline=None)
@given(
    array=st.sampled_from(sorted(CODES)).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=6, min_side=0))
    ),
    zipped=st.booleans(),
)
def test_read_idx_gives_back_what_was_written(tmp_path_factory, array, zipped):
    path = tmp_path_factory.getbasetemp() / "any.idx"
    path.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    read = mnist.read_idx(path)
    assert read.dtype == array.dtype and read.dtype.isnative
    assert read.shape == array.shape
    assert read.tobytes() == array.tobytes()


def test_read_idx_takes_numpys_highest_rank(tmp_path):
    path = tmp_path / "deep.idx"
    path.write_bytes(idx(np.ones((1,) * 64, np.uint8)))
    assert mnist.read_idx(path).shape == (1,) * 64


def test_read_idx_takes_gzip_in_several_members(tmp_path):
    contents = idx(np.arange(1000, dtype=np.int32))
    path = tmp_path / "members.gz"
    path.write_bytes(b"".join(gzip.compress(contents[i : i + 700]) for i in range(0, 4012, 700)))
    np.testing.assert_array_equal(mnist.read_idx(path), np.arange(1000))


GOOD = idx(np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4))
ZIPPED = gzip.compress(GOOD)
BAD_FILES = {
    "empty": (b"", "is empty or ends inside its header"),
    "magic cut": (GOOD[:3], "ends inside its header"),
    "header cut": (GOOD[:9], "ends inside its header"),
    "zipped header cut": (gzip.compress(GOOD[:9]), "ends inside its header"),
    "body cut": (GOOD[:-1], "is cut: .* 24 bytes of numbers and 23 are there"),
    "zipped body cut": (gzip.compress(GOOD[:-1]), "is cut: .* 24 bytes of numbers and 23"),
    "bytes left over": (GOOD + b"!", "goes on after the 24 bytes"),
    "zipped bytes left over": (gzip.compress(GOOD + b"!"), "goes on after the 24 bytes"),
    "gzip cut": (ZIPPED[:-9], "is cut: its gzip data has no end"),
    "gzip checksum cut": (ZIPPED[:-1], "is cut: its gzip data has no end"),
    "gzip header only": (ZIPPED[:2], "is cut: its gzip data has no end"),
    "garbage after gzip": (ZIPPED + b"garbage", "has bytes left over after its gzip data"),
    "one byte after gzip": (ZIPPED + b"\0", "has bytes left over after its gzip data"),
    "a bit turned": (ZIPPED[:-6] + bytes([ZIPPED[-6] ^ 1]) + ZIPPED[-5:], "is damaged gzip"),
    "not gzip": (b"PK\3\4 and so on", "is not an IDX file: .* 50 4b 03 04"),
    "wrong type": (b"\0\0\x0a\1" + GOOD[4:], "is not an IDX file: .* 00 00 0a 01"),
    "wrong start": (b"\1" + GOOD[1:], "is not an IDX file"),
    "a web page": (b"<!DOCTYPE html><p>Sign in", "looks like a web page"),
    "a web page, zipped": (gzip.compress(b"\n<html>"), "looks like a web page"),
    "rank 65": (header(*(1,) * 65) + b"1", "rank 65; NumPy goes up to 64"),
    "rank 255": (header(*(1,) * 255) + b"1", "rank 255"),
    "too wide for NumPy": (header(2**32 - 1, 2**32 - 1, 0), "dimensions that NumPy cannot hold"),
    "2^31 images": (header(2**31, 28, 28) + bytes(784), "promises 2,147,483,648 x 28 x 28"),
    "2^31 images, zipped": (
        gzip.compress(header(2**31, 28, 28) + bytes(784)),
        "promises 2,147,483,648 x 28 x 28 .* more than a file of its size can hold",
    ),
    "a bomb": (
        gzip.compress(header(1, 28, 28) + bytes(1 << 24)),
        "goes on after the 784 bytes of numbers",
    ),
    "an honest bomb": (
        gzip.compress(header(1 << 29) + random.Random(0).randbytes(600_000)),
        "over the limit of 268,435,456",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files_are_refused_in_a_sentence_and_little_memory(tmp_path, kind):
    contents, message = BAD_FILES[kind]
    path = tmp_path / "bad.gz"
    path.write_bytes(contents)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message) as caught:
            mnist.read_idx(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
    text = str(caught.value)
    assert text.startswith(str(path)) and text.endswith(".") and "\n" not in text


def test_the_limit_can_be_raised_and_lowered(tmp_path):
    path = tmp_path / "good.idx"
    path.write_bytes(GOOD)
    assert mnist.read_idx(path, max_bytes=24).shape == (2, 3, 4)
    with pytest.raises(InputError, match="over the limit of 23"):
        mnist.read_idx(path, max_bytes=23)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(InputError, match="is a folder; expected an IDX file"):
        mnist.read_idx(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a regular file"):
        mnist.read_idx(tmp_path / "pipe")


def _refusal(path, results):
    if os.geteuid() == 0:
        os.setuid(65534)  # root may read everything; nobody may not
    try:
        results.put(repr(mnist.read_idx(path)))
    except InputError as error:
        results.put(error)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs the permissions of POSIX")
def test_no_permission(tmp_path):
    path = tmp_path / "closed.idx"
    path.write_bytes(GOOD)
    path.chmod(0)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_refusal, args=(path, results))
    child.start()
    error = results.get(timeout=20)
    child.join(20)
    assert isinstance(error, InputError)
    assert "permission denied" in str(error)


def numbered(count):
    numbers = np.arange(count)
    return mnist.Examples(numbers.astype(np.float32).reshape(-1, 1, 1, 1), numbers)


streams = st.integers(1, 40).flatmap(
    lambda count: st.tuples(st.just(count), st.integers(1, count), st.integers(0, 2**64))
)


@settings(max_examples=60, deadline=None)
@given(stream=streams, epochs=st.integers(1, 4))
def test_every_example_comes_exactly_once_an_epoch(stream, epochs):
    count, size, seed = stream
    steps = -(-count // size)
    stream = mnist.batches(numbered(count), size, seed=seed)
    for _ in range(epochs):
        epoch = list(islice(stream, steps))
        assert [len(labels) for _, labels in epoch[:-1]] == [size] * (steps - 1)
        assert sorted(np.concatenate([labels for _, labels in epoch])) == list(range(count))
        assert all((images.ravel() == labels).all() for images, labels in epoch)


@settings(max_examples=60, deadline=None)
@given(stream=streams, start=st.integers(0, 60))
def test_starting_late_equals_replaying(stream, start):
    count, size, seed = stream
    replayed = islice(mnist.batches(numbered(count), size, seed=seed), start, start + 5)
    entered = mnist.batches(numbered(count), size, seed=seed, start=start)
    for (_, expected), (_, labels) in zip(replayed, entered, strict=False):
        np.testing.assert_array_equal(labels, expected)


def test_orders_differ_between_epochs_and_seeds():
    def order(**options):
        return next(mnist.batches(numbered(50), 50, **options))[1].tolist()

    assert order() == order(seed=0, start=0)
    assert len({str(order(seed=seed, start=epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        (0, {}, "batch_size is 0, expected at least 1"),
        (11, {}, "batch_size is 11, expected 1 to the 10 examples"),
        (2.0, {}, "batch_size is 2.0, expected an integer"),
        (2, {"seed": -1}, "seed is -1"),
        (2, {"seed": None}, "seed is None"),
        (2, {"start": -1}, "start is -1"),
    ],
)
def test_batches_checks_its_arguments_at_once(size, options, message):
    with pytest.raises(ValueError, match=message):
        mnist.batches(numbered(10), size, **options)


def test_batches_wants_a_label_an_image():
    with pytest.raises(ValueError, match="3 images and 2 labels"):
        mnist.batches(mnist.Examples(np.zeros((3, 1, 1, 1)), np.zeros(2, int)), 1)


def test_one_hot():
    rows = mnist.one_hot([2, 0], classes=3)
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert mnist.one_hot(np.zeros((4, 5), np.uint8), dtype=np.float64).shape == (4, 5, 10)
    assert mnist.one_hot(np.array([], int)).shape == (0, 10)


@pytest.mark.parametrize("labels", [[10], [-1], [1.0], [True], ["1"]])
def test_one_hot_refuses_other_labels(labels):
    with pytest.raises(ValueError, match=r"expected (integers|0 to 9)"):
        mnist.one_hot(labels)
