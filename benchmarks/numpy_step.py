"""The article's training step in NumPy against TensorFlow: its time, and a run's peak memory.

    python benchmarks/numpy_step.py

The times are of whole steps as the trainer takes them, batch 100, all engines in one process and
in turn. The limit is for TensorFlow as it differentiates by itself; the step with the trainer's
own gradient of a matrix product (`cnnbook.tf_train.matmul`) is told beside it. The memory is that
of two runs of the command line, each a process of its own.
"""

import operator
import statistics
import subprocess
import sys
import tempfile

from tf_step import trainer_chunk

from cnnbook import mnist
from cnnbook.numpy_train import NumPyEngine
from cnnbook.tf_train import TensorFlowEngine
from layers import times_in_turn

CHUNK = 10
TIME_LIMIT, MEMORY_LIMIT = 1.5, 1.0


# The run says itself what it took: what the system tells its parent includes the parent's own size.
CHILD = r"""
import re, resource, sys
from cnnbook.cli import main
main(sys.argv[1:])
try:
    kibibytes = int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
except OSError:
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(kibibytes)
"""


class PlainEngine(TensorFlowEngine):
    """The trainer's engine with TensorFlow's own gradients throughout."""

    def __init__(self, weights):
        super().__init__(weights)
        self.network.matmul = operator.matmul


def _peak_memory(backend):
    """Return the MiB that a short training run of the command line takes at its peak."""
    with tempfile.TemporaryDirectory() as out:
        flags = f"train --backend {backend} --steps 20 --out {out}/run".split()
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *flags], capture_output=True, text=True, check=True
        )
    return float(done.stdout.split()[-1]) / 1024


def measure(rounds=15):
    """Return the results for time and memory."""
    data = mnist.load()
    engines = {"ours": NumPyEngine, "plain": PlainEngine, "trainers": TensorFlowEngine}
    chunks = {name: trainer_chunk(data, CHUNK, engine) for name, engine in engines.items()}
    ours, plain, trainers = times_in_turn(chunks, rounds).values()
    ratio = statistics.median(a / b for a, b in zip(ours, plain, strict=True))
    to_trainers = statistics.median(a / b for a, b in zip(ours, trainers, strict=True))
    ours, plain, trainers = (
        1e3 * statistics.median(each) / CHUNK for each in (ours, plain, trainers)
    )
    numpy_size, tensorflow_size = _peak_memory("numpy"), _peak_memory("tensorflow")
    memory = numpy_size / tensorflow_size
    return [
        {
            "name": "training step, NumPy against TensorFlow",
            "ratio": ratio,
            "limit": TIME_LIMIT,
            "ok": ratio <= TIME_LIMIT,
            "detail": f"{ours:.1f} ms against {plain:.1f} ms; "
            f"{to_trainers:.2f}x the trainer's {trainers:.1f} ms",
        },
        {
            "name": "peak memory of a run, NumPy against TensorFlow",
            "ratio": memory,
            "limit": MEMORY_LIMIT,
            "ok": memory <= MEMORY_LIMIT,
            "detail": f"{numpy_size:.0f} MiB against {tensorflow_size:.0f} MiB",
        },
    ]


def summary(result):
    """Return one line for a result of `measure`."""
    return (
        f"{result['name']}: {result['ratio']:.2f}x (at most {result['limit']:.2f}x), "
        f"{result['detail']}"
    )


if __name__ == "__main__":
    for result in measure():
        print(summary(result))
