"""Blocks of images: every image once, in order, whatever the number of threads."""

import os
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from cnnbook.layers import (
    _blocks,
    conv2d_backward,
    conv2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)
from cnnbook.layers._blocks import BLOCK_BYTES, matmul, over_blocks


@pytest.mark.parametrize("images", [0, 1, 2, 5, 100, 1000])
@pytest.mark.parametrize("share", [1000, 11, 3, 1, 0.3])
def test_every_image_comes_once_and_in_order(images, share):
    seen = []
    over_blocks(lambda block: block, images, int(BLOCK_BYTES / share), seen.append)
    numbers = [n for block in seen for n in range(block.start, block.stop)]
    assert numbers == list(range(images))
    sizes = [block.stop - block.start for block in seen]
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert max(sizes, default=0) <= max(1, share)
    if images <= share:
        assert len(seen) <= 1
    else:
        assert len(seen) % 4 == 0 or len(seen) == images


@pytest.mark.parametrize(
    "shape", [(100, 300, 200), (200, 300, 100), (3, 2, 1), (0, 5, 4), (4, 0, 3)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_matmul_is_the_matrix_product(shape, dtype, order):
    rng = np.random.default_rng(2)
    rows, inner, columns = shape
    a = np.asarray(rng.normal(size=(rows, inner)), dtype, order=order)
    b = np.asarray(rng.normal(size=(inner, columns)), dtype, order=order)
    found = matmul(a, b)
    assert found.dtype == dtype and found.shape == (rows, columns) and found.flags.c_contiguous
    np.testing.assert_allclose(found, a @ b, atol=300 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    "shape,strips",
    [((100, 300, 200), 4), ((200, 300, 100), 4), ((100, 300, 100), 1), ((3, 1 << 20, 2), 3)],
)
def test_matmul_cuts_the_longer_side_of_a_product_worth_it(shape, strips, monkeypatch):
    cuts = []
    monkeypatch.setattr(_blocks, "_run", lambda work, blocks: cuts.append(blocks))
    rows, inner, columns = shape
    matmul(np.empty((rows, inner)), np.empty((inner, columns)))
    (blocks,) = cuts
    assert len(blocks) == strips
    assert blocks[0].start == 0 and blocks[-1].stop == max(rows, columns)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_as_many_threads_work_as_are_asked_for(threads, monkeypatch):
    monkeypatch.setenv("CNNBOOK_THREADS", str(threads))
    together, idents = threading.Barrier(threads, timeout=20), set()

    def work(block):
        idents.add(threading.get_ident())
        together.wait()

    over_blocks(work, 12, BLOCK_BYTES)
    assert len(idents) == threads
    assert threading.get_ident() in idents


@pytest.mark.parametrize("processors,threads", [(3, 3), (1, 1), (None, 1)])
def test_uses_every_processor_unless_told_otherwise(processors, threads, monkeypatch):
    monkeypatch.delenv("CNNBOOK_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert _blocks._threads() == threads


def test_threads_change_no_bit(monkeypatch):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(101, 14, 14, 8)).astype(np.float32)
    w = rng.normal(size=(5, 5, 8, 16)).astype(np.float32)
    runs = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("CNNBOOK_THREADS", threads)
        out, cache = conv2d_forward(x, w, w[0, 0, 0].copy(), padding="same")
        pooled, pool_cache = max_pool2d_forward(out, size=2)
        dout = max_pool2d_backward(pooled, pool_cache)
        product = matmul(pooled.reshape(101, -1), pooled.reshape(101, -1).T)
        runs.append((pooled, product, *conv2d_backward(dout, cache)))
    for run in runs[1:]:
        for first, again in zip(runs[0], run, strict=True):
            np.testing.assert_array_equal(first, again)


def test_blas_gets_its_threads_back_even_after_an_error():
    def threads():
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before, during = threads(), []

    def work(block):
        during.append(threads())
        raise RuntimeError("from the work")

    with pytest.raises(RuntimeError, match="from the work"):
        over_blocks(work, 8, BLOCK_BYTES)
    assert threads() == before
    assert all(count == 1 for counts in during for count in counts)


@pytest.mark.parametrize("value", ["0", "-1", "two", ""])
def test_refuses_a_number_of_threads_that_is_none(monkeypatch, value):
    monkeypatch.setenv("CNNBOOK_THREADS", value)
    with pytest.raises(ValueError, match=f"CNNBOOK_THREADS is '{value}', expected an int"):
        over_blocks(lambda block: None, 8, BLOCK_BYTES)
