"""Loading MNIST against a bare gunzip of the same four files, in one process, in turn.

    python benchmarks/loading.py

`load` unpacks, hashes, checks, converts to float32 and splits; a bare gunzip only unpacks. Both
read warm files, and both are Python's own: `gzip.decompress` is faster than the gunzip command.
"""

import gzip
import time

from cnnbook import mnist
from cnnbook.fetch import FILES

LIMIT = 1.5


def _gunzip():
    for name in FILES:
        gzip.decompress((mnist.data_folder() / name).read_bytes())


def _seconds(task):
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def measure(rounds=15):
    """Return the least time of each, over rounds that run both: other processes only add to it."""
    for task in (_gunzip, mnist.load):
        task()
    pairs = [(_seconds(_gunzip), _seconds(mnist.load)) for _ in range(rounds)]
    gunzip, load = (min(times) for times in zip(*pairs, strict=True))
    ratio = load / gunzip
    return {
        "name": "loading MNIST against a bare gunzip",
        "ratio": ratio,
        "limit": LIMIT,
        "ok": ratio <= LIMIT,
        "load_seconds": load,
        "gunzip_seconds": gunzip,
        "rounds": rounds,
    }


def summary(result):
    return (
        f"{result['name']}: {result['ratio']:.2f}x (at most {result['limit']}x), "
        f"{result['load_seconds']:.3f} s against {result['gunzip_seconds']:.3f} s, "
        f"best of {result['rounds']} rounds"
    )


if __name__ == "__main__":
    print(summary(measure()))
