import errno
import gzip
import multiprocessing
import os
import random
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from cnnbook import fetch, mnist
from cnnbook.errors import InputError

NAME = "t10k-labels-idx1-ubyte.gz"
DATA = mnist.data_folder()
RIGHT = (DATA / NAME).read_bytes()
RAW = gzip.decompress(RIGHT)
OTHER = gzip.compress(RAW[:-1] + b"\1")
TOO_LARGE = gzip.compress(
    struct.pack(">HBBI", 0, 8, 1, 1 << 29) + random.Random(0).randbytes(600_000)
)
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and the limits of POSIX")


class Mirrors(BaseHTTPRequestHandler):
    """One behaviour a folder; what it answers and how is the folder's name."""

    answers: ClassVar = {
        "html": b"<!DOCTYPE html><title>Sign in to the network</title>",
        "cut": RIGHT[:2000],
        "garbage": RIGHT + b"garbage",
        "other": OTHER,
        "bomb": gzip.compress(struct.pack(">HBBI", 0, 8, 1, 10_000) + bytes(1 << 26)),
        "large": gzip.compress(struct.pack(">HBBI", 0, 8, 1, 1 << 26) + bytes(1 << 26)),
        "plain": RAW,
    }

    def do_GET(self):
        _, kind, name = self.path.split("/")
        self.server.asked.append(kind)
        if kind == "404":
            self.send_error(404)
        elif kind == "silent":
            self.server.over.wait(10)
        elif kind == "endless":
            self.send_response(200)
            self.end_headers()
            while not self.server.over.is_set():
                self.wfile.write(bytes(1 << 16))
        elif kind == "broken-off":
            self.send_response(200)
            self.send_header("Content-Length", str(len(RIGHT)))
            self.end_headers()
            self.wfile.write(RIGHT[:2000])
        else:
            if kind == "together":
                self.server.barrier.wait(10)
            body = self.answers.get(kind) or (DATA / name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirrors)
    server.over = threading.Event()
    server.barrier = threading.Barrier(2)
    server.asked = []
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mirror(server, monkeypatch):
    """Return the address of a kind of mirror, with the list of what was asked emptied."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.asked.clear()
    return lambda kind: f"http://127.0.0.1:{server.server_port}/{kind}/"


@pytest.fixture
def one_file(monkeypatch):
    """Make the smallest of the four files the only one, for speed."""
    monkeypatch.setattr(fetch, "FILES", {NAME: fetch.FILES[NAME]})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_all_four_files_arrive(mirror, tmp_path, capsys):
    folder = tmp_path / "new" / "folder"
    assert mnist.fetch(folder, mirrors=[mirror("good")]) == tuple(fetch.FILES)
    assert mnist.verify(folder).ok
    assert names(folder) == sorted(fetch.FILES)
    output = capsys.readouterr()
    assert output.out.count(f"is right, from {mirror('good')}") == 4
    assert output.err == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such mode")
def test_the_file_gets_the_rights_of_an_ordinary_one(mirror, tmp_path, one_file):
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    mnist.fetch(tmp_path, mirrors=[mirror("good")])
    assert (tmp_path / NAME).stat().st_mode == ordinary.stat().st_mode


def test_contents_that_come_unpacked_are_taken(mirror, tmp_path, one_file):
    mnist.fetch(tmp_path, mirrors=[mirror("plain")])
    assert mnist.verify(tmp_path).ok


def test_what_is_right_is_not_asked_for(server, mirror, capsys):
    assert mnist.fetch(DATA, mirrors=[mirror("good")]) == ()
    assert "nothing to download" in capsys.readouterr().out
    assert server.asked == []


@pytest.mark.parametrize(
    ("kind", "finding"),
    [
        ("404", "answers 404 Not Found"),
        ("html", "looks like a web page"),
        ("cut", "is cut: its gzip data has no end"),
        ("broken-off", "breaks off after 2,000 of 4,517 bytes"),
        ("garbage", "bytes left over after its gzip data"),
        ("other", "has other contents: SHA-256"),
        ("bomb", "goes on after the 10,000 bytes"),
        ("large", r"promises 67,108,864 .* over the limit of 10,000"),
        ("endless", "sends more than the 75,536 bytes it can need"),
        ("silent", "is silent for 0.3 seconds"),
    ],
)
def test_a_bad_mirror_is_named_and_the_next_one_tried(
    server, mirror, tmp_path, one_file, kind, finding
):
    with pytest.raises(InputError, match=finding) as caught:
        mnist.fetch(tmp_path, mirrors=[mirror(kind)], timeout=0.3)
    assert mirror(kind) in str(caught.value)
    assert "Check the network" in str(caught.value)
    assert names(tmp_path) == []

    mnist.fetch(tmp_path, mirrors=[mirror(kind), mirror("good")], timeout=0.3)
    assert server.asked == [kind, kind, "good"]
    assert (tmp_path / NAME).read_bytes() == RIGHT
    assert names(tmp_path) == [NAME]


def test_a_slow_mirror_is_left(mirror, tmp_path, one_file, monkeypatch):
    monkeypatch.setattr(fetch, "FILE_SECONDS", -1)
    with pytest.raises(InputError, match="is too slow"):
        mnist.fetch(tmp_path, mirrors=[mirror("good")])
    assert names(tmp_path) == []


def test_no_network(tmp_path, one_file):
    with pytest.raises(InputError, match="cannot be reached"):
        mnist.fetch(tmp_path, mirrors=["http://127.0.0.1:9/mnist"], timeout=1)
    assert names(tmp_path) == []


@pytest.mark.parametrize("address", ["ftp://example.org", "file:///etc", "example.org"])
def test_other_addresses_are_refused(tmp_path, address):
    with pytest.raises(InputError, match="is not an http"):
        mnist.fetch(tmp_path, mirrors=[address])


def test_damaged_files_are_replaced(mirror, tmp_path, one_file):
    (tmp_path / NAME).write_bytes(RIGHT[:100])
    assert mnist.fetch(tmp_path, mirrors=[mirror("good")]) == (NAME,)
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_a_damaged_file_outlives_a_bad_mirror(mirror, tmp_path, one_file):
    (tmp_path / NAME).write_bytes(RIGHT[:100])
    with pytest.raises(InputError):
        mnist.fetch(tmp_path, mirrors=[mirror("html")])
    assert (tmp_path / NAME).read_bytes() == RIGHT[:100]


@pytest.mark.parametrize("contents", [OTHER, TOO_LARGE])
def test_other_data_are_never_replaced(server, mirror, tmp_path, one_file, contents):
    (tmp_path / NAME).write_bytes(contents)
    with pytest.raises(InputError, match=r"does not hold MNIST's contents|over the limit"):
        mnist.fetch(tmp_path, mirrors=[mirror("good")])
    assert (tmp_path / NAME).read_bytes() == contents
    assert server.asked == []


def test_a_folder_in_the_files_place_is_left(mirror, tmp_path, one_file):
    (tmp_path / NAME).mkdir()
    with pytest.raises(InputError, match="is a folder"):
        mnist.fetch(tmp_path, mirrors=[mirror("good")])


def test_a_file_in_the_folders_place(mirror, tmp_path, one_file):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        mnist.fetch(tmp_path / "file", mirrors=[mirror("good")])


def test_the_bar_is_drawn_on_request(mirror, tmp_path, one_file, capsys):
    mnist.fetch(tmp_path, mirrors=[mirror("good")], progress=True)
    assert "4.52k/4.52k" in capsys.readouterr().err


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_nothing(mirror, tmp_path, one_file, monkeypatch, code):
    def full(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="there is no room left on its disk"):
        mnist.fetch(tmp_path, mirrors=[mirror("good"), mirror("good")])
    assert names(tmp_path) == []


def test_an_interrupted_run_leaves_nothing(mirror, tmp_path, one_file, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        mnist.fetch(tmp_path, mirrors=[mirror("good")])
    assert names(tmp_path) == []


def test_what_a_killed_run_left_is_swept(mirror, tmp_path, one_file):
    old, fresh = (tmp_path / f".{NAME}.{age}.part" for age in ("old", "fresh"))
    for part in (old, fresh):
        part.touch()
    os.utime(old, (time.time() - 2 * fetch.FILE_SECONDS,) * 2)
    mnist.fetch(tmp_path, mirrors=[mirror("good")])
    assert names(tmp_path) == [fresh.name, NAME]


def _in_child(folder, mirrors, results, prepare):
    prepare()
    try:
        results.put(mnist.fetch(folder, mirrors=mirrors, progress=False))
    except InputError as error:
        results.put(str(error))


def _children(count, folder, mirrors, prepare=lambda: None):
    """Fetch in forked processes at once and return what each came to."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    arguments = (folder, mirrors, results, prepare)
    children = [context.Process(target=_in_child, args=arguments) for _ in range(count)]
    for child in children:
        child.start()
    outcomes = [results.get(timeout=30) for _ in children]
    for child in children:
        child.join(30)
    return outcomes


@posix
def test_two_at_once(server, mirror, tmp_path, one_file):
    outcomes = _children(2, tmp_path, [mirror("together")])
    assert outcomes == [(NAME,), (NAME,)]
    assert (tmp_path / NAME).read_bytes() == RIGHT
    assert names(tmp_path) == [NAME]


@posix
def test_a_limit_on_file_size_reads_as_a_full_disk(mirror, tmp_path, one_file):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    (outcome,) = _children(1, tmp_path, [mirror("good")], limit)
    assert "there is no room left on its disk" in outcome
    assert names(tmp_path) == []


@posix
def test_no_permission_to_write(mirror, tmp_path, one_file):
    def become_nobody():
        if os.geteuid() == 0:
            os.setuid(65534)  # root may write everywhere; nobody may not

    tmp_path.chmod(0o500)
    try:
        (outcome,) = _children(1, tmp_path, [mirror("good")], become_nobody)
    finally:
        tmp_path.chmod(0o700)
    assert "cannot be written: Permission denied" in outcome
    assert names(tmp_path) == []
