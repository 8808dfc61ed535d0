"""Work in blocks, over as many threads as there are processors.

A block's arrays are small enough to stay in a processor's cache, and NumPy lets go of Python's lock
while it computes, so that threads do run side by side. BLAS is held to one thread meanwhile: with
threads of its own it would cut every matrix product too fine, and they keep a processor busy for
milliseconds after it, waiting for the next. The environment variable CNNBOOK_THREADS sets another
number of threads. Neither that nor which thread is faster changes a result by a bit: the blocks are
the same, and what they return is collected in their order.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import pairwise

import numpy as np
from threadpoolctl import ThreadpoolController

BLOCK_BYTES = 1 << 21  # the second-level cache of a processor of the 2020s
SHARES = 4  # blocks come in multiples of this, so that two or four threads get equally many
SMALL_PRODUCT = 1 << 22  # multiplications that take less time than starting threads

_one_at_a_time = threading.Lock()


def over_blocks(work, length, bytes_each, collect=lambda result: None):
    """Call `work` for blocks of images, or of whatever else can be worked on apart.

    Parameters
    ----------
    work : callable
        Called with a slice of 0 … length. What it writes must belong to that slice alone.
    length : int
        Number of images.
    bytes_each : int
        Memory that the work on one image fills; a block is to fill about `BLOCK_BYTES`.
    collect : callable, optional
        Called with what `work` returned, for one block after the other in their order.
    """
    count = -(-length * bytes_each // BLOCK_BYTES)
    if count > 1:
        count = min(length, -(-count // SHARES) * SHARES)
    _run(work, _cut(length, count), collect)


def matmul(a, b):
    """Multiply two matrices, a strip of the result's longer side at a time.

    Parameters
    ----------
    a : ndarray, shape (M, K)
    b : ndarray, shape (K, N)

    Returns
    -------
    ndarray, shape (M, N)
    """
    out = np.empty((len(a), b.shape[1]), a.dtype)
    tall = len(a) > b.shape[1]

    def work(strip):
        if tall:
            np.matmul(a[strip], b, out=out[strip])
        else:
            np.matmul(a, b[:, strip], out=out[:, strip])

    length = max(out.shape)
    small = a.size * b.shape[1] < SMALL_PRODUCT
    _run(work, _cut(length, 1 if small else min(length, SHARES)))
    return out


def _cut(length, count):
    """Cut 0 … length into so many slices of the same length, give or take one."""
    bounds = [length * k // count for k in range(count + 1)] if count else []
    return [slice(*each) for each in pairwise(bounds)]


def _run(work, blocks, collect=lambda result: None):
    """Call `work` for each block in one thread or another and `collect`, in order, for the results.

    Every thread, this one among them, takes the next block as soon as it is through with its last.
    """
    results = [None] * len(blocks)
    waiting = iter(range(len(blocks)))

    def take():
        for k in waiting:
            results[k] = work(blocks[k])

    # The limit holds for the whole process, so that two callers must not set and lift it in turns.
    with _one_at_a_time, _blas().limit(limits=1):
        helpers = min(_threads(), len(blocks)) - 1
        taking = [_pool(helpers).submit(take) for _ in range(helpers)]
        try:
            take()
        finally:
            wait(taking)
        for helper in taking:
            helper.result()
    for result in results:
        collect(result)


def _threads():
    """CNNBOOK_THREADS if it is set, the number of processors otherwise."""
    value = os.environ.get("CNNBOOK_THREADS", str(os.cpu_count() or 1))
    if not value.isdecimal() or int(value) < 1:
        raise ValueError(
            f"the environment variable CNNBOOK_THREADS is {value!r}, expected an int of at least "
            f"1; unset it to use every processor."
        )
    return int(value)


@cache
def _pool(threads):
    """Start threads, which takes a tenth of a millisecond each and is therefore done once."""
    return ThreadPoolExecutor(threads)


if hasattr(os, "register_at_fork"):  # a fork copies the pool but not its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


@cache
def _blas():
    """Find NumPy's BLAS, which takes milliseconds and is therefore done once."""
    return ThreadpoolController().select(user_api="blas")
