"""The training loop that both engines share: schedules, checkpoints, going on where it stopped.

An engine (`cnnbook.tf_train.TensorFlowEngine`, `cnnbook.numpy_train.NumPyEngine`) knows how to take
one step. Everything random, the start, the order of the examples, the dropout masks, is drawn here
by NumPy from the seed and the number of the step. So two engines can walk the same path, and a run
that was stopped and started again takes the very steps it would have taken.
"""

import json
import math
import platform
import time
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from . import __version__, mnist
from . import weights as weights_file
from .errors import InputError
from .files import cannot_write, replacing
from .layers.dropout import dropout_mask
from .losses import softmax_cross_entropy

HIDDEN_UNITS = weights_file.SHAPES["fc1_b"][0]
EVALUATION_BATCH = 500


@dataclass(frozen=True)
class Schedule:
    """How a network is trained, but for the seed.

    Parameters
    ----------
    name : str
    steps : int
        Minibatches in all.
    start : {"article", "he"}
        The random start, see `cnnbook.weights.initial`.
    peak_rate : float
        Adam's learning rate, at its highest.
    warmup_steps : int
        Steps over which the rate rises in a straight line to its peak.
    decay : {"none", "cosine"}
        Whether the rate then stays, or falls to zero at the last step along half a cosine [1]_.
    keep_prob : float
        The probability that dropout keeps a hidden unit.
    batch_size : int
        Examples in a minibatch.
    validate_every : int
        Steps from one look at the validation set to the next.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
       ICLR 2017, equation 5.
    """

    name: str
    steps: int
    start: str
    peak_rate: float
    warmup_steps: int = 0
    decay: str = "none"
    keep_prob: float = 0.5
    batch_size: int = 100
    validate_every: int = 500

    def learning_rate(self, step):
        """Return the rate of the step before which `step` steps were taken."""
        if step < self.warmup_steps:
            return self.peak_rate * (step + 1) / self.warmup_steps
        if self.decay == "none":
            return self.peak_rate
        done = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        return self.peak_rate * 0.5 * (1 + math.cos(math.pi * done))


SCHEDULES = {
    "article": Schedule("article", steps=20_000, start="article", peak_rate=1e-4),
    "fast": Schedule(
        "fast",
        steps=1_100,
        start="he",
        peak_rate=3e-3,
        warmup_steps=100,
        decay="cosine",
        validate_every=250,
    ),
}
"""The article's own schedule, and a modern one that is through in two epochs."""

REPORT_EVERY = 50


@dataclass
class Result:
    """What a training run leaves: its summary, a record a report, the trained weights."""

    summary: dict
    metrics: list
    weights: dict


def evaluate(engine, examples):
    """Measure a network on examples it does not learn from.

    Parameters
    ----------
    engine : engine
        Anything with a method `logits`.
    examples : object with images and labels
        For example `cnnbook.mnist.load().test`.

    Returns
    -------
    accuracy, loss : float
        The share of examples whose largest logit is the right one, and the mean cross-entropy in
        nats. No examples at all give NaN for both.
    """
    count = len(examples.labels)
    if not count:
        return math.nan, math.nan
    logits = np.concatenate(
        [
            engine.logits(examples.images[first : first + EVALUATION_BATCH])
            for first in range(0, count, EVALUATION_BATCH)
        ]
    )
    accuracy = np.mean(logits.argmax(axis=1) == examples.labels)
    loss, _ = softmax_cross_entropy(logits, examples.labels)
    return float(accuracy), loss


def train(
    engine,
    data,
    schedule,
    *,
    seed=0,
    out=None,
    report=None,
    tick=None,
    should_stop=None,
    weights_dtype="float32",
    checkpoint_seconds=20.0,
):
    """Train a network from where its folder says it is to the last step of the schedule.

    Parameters
    ----------
    engine : engine
        Fresh from `start(schedule, seed)`.
    data : object with train, validation and test
        From `cnnbook.mnist.load`.
    schedule : Schedule
    seed : int
    out : str or Path, optional
        Folder for `checkpoint.npz`, `metrics.jsonl`, `weights.npz` and `summary.json`. If it holds
        a checkpoint of the same run, the run goes on from there. Without it nothing is written.
    report : callable, optional
        Called with each new record of the metrics.
    tick : callable, optional
        Called with the number of steps taken, after each.
    should_stop : callable, optional
        Asked before each step; where it answers True the run writes a checkpoint and returns None.
    weights_dtype : {"float32", "float16"}
        What the weights are stored as.
    checkpoint_seconds : float
        Time from one checkpoint to the next.

    Returns
    -------
    Result or None
        None if the run was told to stop.

    Raises
    ------
    InputError
        If the loss is no longer finite, if `out` holds another run or something damaged, or if the
        disk refuses.
    """
    run = _Run(engine, data, schedule, seed, out)
    run.open()
    last_checkpoint = time.monotonic()
    while run.step < schedule.steps:
        if should_stop is not None and should_stop():
            run.save()
            return None
        run.take_step()
        if run.step % REPORT_EVERY == 0 or run.step == schedule.steps:
            record = run.report()
            if report is not None:
                report(record)
        if tick is not None:
            tick(run.step)
        if time.monotonic() - last_checkpoint > checkpoint_seconds:
            run.save()
            last_checkpoint = time.monotonic()
    run.save()
    return run.finish(weights_dtype)


def start(schedule, seed, dtype=np.float32):
    """Return the weights a run of `schedule` with `seed` starts from."""
    return weights_file.initial(schedule.start, seed=seed, dtype=dtype)


class _Run:
    """One training run: the engine, how far it is, and its folder."""

    def __init__(self, engine, data, schedule, seed, out):
        self.engine, self.data, self.schedule, self.seed = engine, data, schedule, seed
        self.out = None if out is None else Path(out)
        self.step = 0
        self.seconds = 0.0
        self.recent_loss = self.recent_accuracy = 0.0
        self.metrics = []
        self.dtype = next(iter(engine.weights().values())).dtype
        self.batches = None
        self.resumed_at = time.monotonic()

    def identity(self):
        """Return what two runs must share for the second to go on with the first."""
        return {
            "backend": self.engine.name,
            "schedule": asdict(self.schedule),
            "seed": self.seed,
            "data": zlib.crc32(self.data.train.labels, zlib.crc32(self.data.train.images)),
        }

    def open(self):
        """Go to where the folder's checkpoint is, or to the start."""
        if self.out is not None:
            try:
                self.out.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(self.out, error) from error
            if (self.out / "checkpoint.npz").exists():
                self._load()
            elif (self.out / "summary.json").exists():
                raise InputError(
                    f"{self.out} already holds a finished run and no checkpoint to go on from; "
                    "give another folder with --out."
                )
            self._rewrite_metrics()
        self.batches = mnist.batches(
            self.data.train, self.schedule.batch_size, seed=self.seed, start=self.step
        )
        self.resumed_at = time.monotonic() - self.seconds

    def take_step(self):
        """Take one step, and refuse to go on from a loss that is not finite."""
        images, labels = next(self.batches)
        mask = dropout_mask(
            (len(images), HIDDEN_UNITS),
            keep_prob=self.schedule.keep_prob,
            seed=self.seed,
            step=self.step,
            dtype=self.dtype,
        )
        rate = self.schedule.learning_rate(self.step)
        loss, accuracy = self.engine.step(
            images.astype(self.dtype, copy=False), labels, mask, self.step, rate
        )
        if not math.isfinite(loss):
            raise InputError(
                f"the loss of step {self.step + 1} is {loss}, expected a finite number; the "
                f"learning rate ({rate:g}) is too high for these weights, or the data is damaged."
            )
        self.step += 1
        self.recent_loss += loss
        self.recent_accuracy += accuracy

    def report(self):
        """Make the record of the steps since the last report, and write it down."""
        steps = self.step - (self.metrics[-1]["step"] if self.metrics else 0)
        epoch_steps = math.ceil(len(self.data.train.labels) / self.schedule.batch_size)
        record = {
            "step": self.step,
            "epoch": round(self.step / epoch_steps, 3),
            "learning_rate": self.schedule.learning_rate(self.step - 1),
            "loss": self.recent_loss / steps,
            "accuracy": self.recent_accuracy / steps,
        }
        self.recent_loss = self.recent_accuracy = 0.0
        if self.step % self.schedule.validate_every == 0 or self.step == self.schedule.steps:
            accuracy, loss = evaluate(self.engine, self.data.validation)
            record |= {"validation_loss": loss, "validation_accuracy": accuracy}
        self.seconds = time.monotonic() - self.resumed_at
        record["seconds"] = round(self.seconds, 2)
        self.metrics.append(record)
        if self.out is not None:
            path = self.out / "metrics.jsonl"
            try:
                with open(path, "a") as file:
                    file.write(json.dumps(record) + "\n")
            except OSError as error:
                raise cannot_write(path, error) from error
        return record

    def save(self):
        """Write a checkpoint: the engine's state and where the run is."""
        if self.out is None:
            return
        self.seconds = time.monotonic() - self.resumed_at
        progress = {
            "identity": self.identity(),
            "step": self.step,
            "seconds": self.seconds,
            "recent_loss": self.recent_loss,
            "recent_accuracy": self.recent_accuracy,
            "metrics": self.metrics,
        }
        text = np.frombuffer(json.dumps(progress).encode(), np.uint8)
        with replacing(self.out / "checkpoint.npz") as file:
            np.savez(file, progress=text, **self.engine.state())

    def _load(self):
        """Read the checkpoint, if it is one of this run."""
        path = self.out / "checkpoint.npz"
        try:
            with np.load(path) as archive:
                progress = json.loads(archive["progress"].tobytes())
                state = {name: archive[name] for name in archive.files if name != "progress"}
        except Exception as error:  # whatever a damaged file makes NumPy, zipfile or json raise
            raise InputError(
                f"{path} is damaged or not a checkpoint ({error}); delete it to start again."
            ) from error
        self._require_same_run(progress)
        self.engine.load_state(state)
        self.step = progress["step"]
        self.seconds = progress["seconds"]
        self.recent_loss = progress["recent_loss"]
        self.recent_accuracy = progress["recent_accuracy"]
        self.metrics = progress["metrics"]

    def _require_same_run(self, progress):
        """Refuse a checkpoint whose steps so far are not those this run would have taken."""
        theirs, ours = progress["identity"], self.identity()
        their_schedule = Schedule(**theirs["schedule"])
        done = range(progress["step"])
        same = (
            {**theirs, "schedule": None} == {**ours, "schedule": None}
            and replace(their_schedule, steps=self.schedule.steps) == self.schedule
            and progress["step"] <= self.schedule.steps
            and all(their_schedule.learning_rate(i) == self.schedule.learning_rate(i) for i in done)
        )
        if not same:
            raise InputError(
                f"{self.out} holds a run of {_describe(theirs)}, stopped at step "
                f"{progress['step']}, and cannot go on as {_describe(ours)}; "
                "give another folder with --out, or the same settings."
            )

    def _rewrite_metrics(self):
        """Bring the file in line with the checkpoint, which may be older than its last lines."""
        with replacing(self.out / "metrics.jsonl") as file:
            for record in self.metrics:
                file.write((json.dumps(record) + "\n").encode())

    def finish(self, weights_dtype):
        """Look at the test set, once, and write down what the run came to."""
        weights = self.engine.weights()
        accuracy, loss = evaluate(self.engine, self.data.test)
        summary = {
            "command": (
                f"python -m cnnbook train --backend {self.engine.name} "
                f"--schedule {self.schedule.name} --steps {self.step} --seed {self.seed} "
                f"--weights-dtype {weights_dtype} --out {self.out}"
            ),
            "backend": self.engine.name,
            "schedule": self.schedule.name,
            "steps": self.step,
            "seed": self.seed,
            "test_accuracy": accuracy,
            "test_loss": loss,
            "validation_accuracy": self.metrics[-1]["validation_accuracy"],
            "weights_dtype": weights_dtype,
            "seconds": round(self.seconds, 1),
            "versions": {
                "python": platform.python_version(),
                "numpy": np.__version__,
                self.engine.name: self.engine.version,
                "cnnbook": __version__,
            },
        }
        if np.dtype(weights_dtype).itemsize < self.dtype.itemsize:
            rounded = {name: value.astype(weights_dtype) for name, value in weights.items()}
            stored = type(self.engine)(
                {name: value.astype(self.dtype) for name, value in rounded.items()}
            )
            summary["stored_test_accuracy"], summary["stored_test_loss"] = evaluate(
                stored, self.data.test
            )
        if self.out is not None:
            weights_file.save(self.out / "weights.npz", weights, dtype=weights_dtype)
            with replacing(self.out / "summary.json") as file:
                file.write((json.dumps(summary, indent=2) + "\n").encode())
        return Result(summary, self.metrics, weights)


def _describe(identity):
    """Name a run in a few words."""
    schedule = identity["schedule"]
    return (
        f"{schedule['name']} ({identity['backend']}, {schedule['steps']} steps, "
        f"seed {identity['seed']}, data {identity['data']:08x})"
    )
