"""The layers of the article's network against TensorFlow, the loops and the matrix product.

    python benchmarks/layers.py [--rounds N]

All in one process and in turn, so that what else the machine does meets all alike; float32, as the
network is trained, on as many threads as there are processors, TensorFlow too. A ratio is one of
median times; that of the least times stands beside it, and the two agree on a quiet machine.
"""

import argparse
import time
from itertools import count
from statistics import median

import numpy as np

from cnnbook import naive
from cnnbook.layers import (
    conv2d_backward,
    conv2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)
from cnnbook.quiet_tensorflow import tf

BATCH = 100
BATCHES = (32, 64, 100, 250, 1000)
LOOPS_LIMIT = 1000
SHARE_OF_CONV2 = 14 * 14 * 5 * 5 * 32 * 64 * 2  # floating-point operations for one image


def random(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def conv_tasks(name, rng, size, channels, filters, need_dx):
    """Yield (name, NumPy, TensorFlow) for a 5×5 SAME convolution, each a function to time."""
    x, w, b = (
        random(rng, BATCH, size, size, channels),
        random(rng, 5, 5, channels, filters),
        random(rng, filters),
    )
    dout = random(rng, BATCH, size, size, filters)
    _, cache = conv2d_forward(x, w, b, padding="same")
    tx, tw, tb, tdout = (tf.constant(each) for each in (x, w, b, dout))
    settings = {"strides": [1] * 4, "padding": "SAME", "out_backprop": tdout}

    def dw():
        return tf.raw_ops.Conv2DBackpropFilter(input=tx, filter_sizes=w.shape, **settings)

    def dx():
        return tf.raw_ops.Conv2DBackpropInput(input_sizes=x.shape, filter=tw, **settings)

    @tf.function
    def forward():
        return tf.nn.conv2d(tx, tw, 1, "SAME") + tb

    @tf.function
    def backward():
        rest = dw(), tf.raw_ops.BiasAddGrad(out_backprop=tdout)
        return (dx(), *rest) if need_dx else rest

    yield f"{name} forward", lambda: conv2d_forward(x, w, b, padding="same"), forward
    yield f"{name} backward", lambda: conv2d_backward(dout, cache, need_dx=need_dx), backward
    if need_dx:
        yield f"{name} dw", lambda: conv2d_backward(dout, cache, need_dx=False), tf.function(dw)


def pool_tasks(name, rng, size, channels):
    """Yield (name, NumPy, TensorFlow) for a 2×2 max pool behind a ReLU."""
    x = np.maximum(random(rng, BATCH, size, size, channels), 0)
    out, cache = max_pool2d_forward(x, size=2)
    dout = random(rng, *out.shape)
    tx, tout, tdout = (tf.constant(each) for each in (x, out, dout))
    window = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}

    @tf.function
    def forward():
        return tf.nn.max_pool2d(tx, 2, 2, "VALID")

    @tf.function
    def backward():
        return tf.raw_ops.MaxPoolGrad(orig_input=tx, orig_output=tout, grad=tdout, **window)

    yield f"{name} forward", lambda: max_pool2d_forward(x, size=2), forward
    yield f"{name} backward", lambda: max_pool2d_backward(dout, cache), backward


def loop_tasks(rng):
    """Yield (name, fast, loops): the same arrays, large enough for the fast one to be timed."""
    x, w, b = random(rng, 4, 14, 14, 8), random(rng, 5, 5, 8, 16), random(rng, 16)
    out, cache = conv2d_forward(x, w, b)
    maps = random(rng, 20, 28, 28, 32)
    pool_out, pool_cache = max_pool2d_forward(maps, size=2)
    yield (
        "conv forward against the loops",
        lambda: conv2d_forward(x, w, b),
        lambda: naive.conv2d_forward(x, w, b),
    )
    yield (
        "conv backward against the loops",
        lambda: conv2d_backward(out, cache),
        lambda: (
            naive.conv2d_dx(out, w, x.shape),
            naive.conv2d_dw(out, x, w.shape),
            naive.conv2d_db(out),
        ),
    )
    yield (
        "max-pool forward against the loops",
        lambda: max_pool2d_forward(maps, size=2),
        lambda: naive.max_pool2d_forward(maps, 2, 2),
    )
    yield (
        "max-pool backward against the loops",
        lambda: max_pool2d_backward(pool_out, pool_cache),
        lambda: naive.max_pool2d_backward(pool_out, maps, 2, 2),
    )


def seconds(task, least=0.0):
    """Time one call: the mean of as many as fill `least` seconds."""
    start = time.perf_counter()
    for calls in count(1):
        task()
        taken = time.perf_counter() - start
        if taken >= least:
            return taken / calls


def times_in_turn(tasks, rounds, least=0.0):
    """Time every task in each round, after a round that does not count."""
    times = {name: [] for name in tasks}
    for turn in range(rounds + 1):
        for name, task in tasks.items():
            taken = seconds(task, least)
            if turn:
                times[name].append(taken)
    return times


def ratios(triples, rounds, least=0.0):
    """Time two rivals each; return name → their medians and how often the first goes into both."""
    triples = list(triples)
    tasks = {(name, which): task for name, *both in triples for which, task in enumerate(both)}
    times = times_in_turn(tasks, rounds, least)
    result = {}
    for name, _, _ in triples:
        ours, theirs = times[name, 0], times[name, 1]
        result[name] = {
            "seconds": median(ours),
            "other_seconds": median(theirs),
            "ratio": median(ours) / median(theirs),
            "ratio_of_least": min(ours) / min(theirs),
        }
    return result


def matrix_product_shares(rng, rounds):
    """Speed of conv2's three products over that of a large matrix product, in the same run."""
    a = random(rng, 1536, 1536)
    x, w, b = random(rng, BATCH, 14, 14, 32), random(rng, 5, 5, 32, 64), random(rng, 64)
    out, cache = conv2d_forward(x, w, b, padding="same")
    times = times_in_turn(
        {
            "product": lambda: a @ a,
            "forward": lambda: conv2d_forward(x, w, b, padding="same"),
            "dw": lambda: conv2d_backward(out, cache, need_dx=False),
            "both": lambda: conv2d_backward(out, cache),
        },
        rounds,
    )
    least = {name: min(each) for name, each in times.items()}
    speed = 2 * len(a) ** 3 / least["product"]
    work = BATCH * SHARE_OF_CONV2
    return {
        "matrix_product_gflops": speed / 1e9,
        "forward": work / least["forward"] / speed,
        "dw": work / least["dw"] / speed,
        "dx": work / (least["both"] - least["dw"]) / speed,
    }


def time_per_image(rng, rounds):
    """Milliseconds an image for conv2 forward and backward, by the size of the minibatch."""

    def task(batch):
        x, w, b = random(rng, batch, 14, 14, 32), random(rng, 5, 5, 32, 64), random(rng, 64)

        def step():
            out, cache = conv2d_forward(x, w, b, padding="same")
            conv2d_backward(out, cache)

        return step

    times = times_in_turn({batch: task(batch) for batch in BATCHES}, rounds)
    return {batch: 1e3 * min(each) / batch for batch, each in times.items()}


def measure(rounds=15):
    """Time everything; `rounds` is for the comparison with TensorFlow, the rest takes fewer."""
    rng = np.random.default_rng(1)
    tasks = [
        *conv_tasks("conv1", rng, 28, 1, 32, need_dx=False),
        *conv_tasks("conv2", rng, 14, 32, 64, need_dx=True),
        *pool_tasks("pool1", rng, 28, 32),
        *pool_tasks("pool2", rng, 14, 64),
    ]
    tensorflow = ratios(tasks, rounds)
    loops = ratios(loop_tasks(rng), 3, least=0.05)  # a call after half a second of loops is cold
    counted = [name for name in tensorflow if not name.endswith(" dw")]
    ours, theirs = (
        sum(tensorflow[name][which] for name in counted) for which in ("seconds", "other_seconds")
    )
    speedup = min(1 / row["ratio"] for name, row in loops.items() if name.startswith("conv"))
    return {
        "name": "convolution and pooling against TensorFlow, the loops and the matrix product",
        "batch": BATCH,
        "rounds": rounds,
        "tensorflow": tensorflow,
        "all_layers": {"seconds": ours, "other_seconds": theirs, "ratio": ours / theirs},
        "loops": loops,
        "ratio": speedup,
        "limit": LOOPS_LIMIT,
        "ok": speedup >= LOOPS_LIMIT,
        "matrix_product_shares": matrix_product_shares(rng, max(3, rounds // 2)),
        "milliseconds_per_image": time_per_image(rng, max(3, rounds // 4)),
    }


def summary(result):
    lines = [f"batch {result['batch']}, medians of {result['rounds']} rounds"]
    lines += [f"{'':16}{'NumPy':>10}{'TensorFlow':>12}{'ratio':>8}{'of least':>10}"]
    for name, row in result["tensorflow"].items():
        ours, theirs = 1e3 * row["seconds"], 1e3 * row["other_seconds"]
        columns = f"{ours:7.2f} ms{theirs:9.2f} ms{row['ratio']:8.2f}{row['ratio_of_least']:10.2f}"
        lines.append(f"{name:16}{columns}")
    total = result["all_layers"]
    ours, theirs = 1e3 * total["seconds"], 1e3 * total["other_seconds"]
    lines += [f"{'all, dw once':16}{ours:7.2f} ms{theirs:9.2f} ms{total['ratio']:8.2f}", ""]
    lines += [f"{name}: {1 / row['ratio']:.0f}x faster" for name, row in result["loops"].items()]
    shares = result["matrix_product_shares"]
    lines += [
        "",
        f"matrix product: {shares['matrix_product_gflops']:.0f} GFLOP/s; conv2 of that: "
        + ", ".join(f"{name} {shares[name]:.0%}" for name in ("forward", "dx", "dw")),
        "conv2 forward and backward, ms an image by minibatch: "
        + ", ".join(f"{k}: {v:.3f}" for k, v in result["milliseconds_per_image"].items()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="timings of each (default 15)")
    print(summary(measure(parser.parse_args().rounds)))
