"""The command line: `python -m cnnbook data | train | evaluate | predict`."""

import argparse
import dataclasses
import importlib.util
import shutil
import signal
import sys
from pathlib import Path

from . import mnist, predict, trainer, weights
from .errors import InputError
from .files import book_folder

PUBLISHED = Path("results") / "article" / "weights.npz"


def main(argv=None):
    """Run one command and return its exit status.

    Parameters
    ----------
    argv : list of str, optional
        The words after the program's name; by default those it was started with.

    Returns
    -------
    int
        0 if all went well, 2 after a mistake (one sentence on stderr says which), 130 if stopped.
    """
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except InputError as error:
        print(f"cnnbook {arguments.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """A parser that answers a mistake with one sentence."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help explains every flag.\n")


def _parser():
    parser = _Parser(
        prog="python -m cnnbook",
        description="Fetch MNIST, train the article's network, measure it, show it a digit.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    data = commands.add_parser("data", help="check the MNIST files, and fetch them if need be")
    data.set_defaults(run=_data)

    train = commands.add_parser(
        "train",
        help="train the article's network",
        description="Train the article's network. Stopped at any moment and started again with the "
        "same flags, it goes on where it was and ends at the same weights.",
    )
    train.set_defaults(run=_train)
    train.add_argument(
        "--backend",
        choices=["tensorflow", "numpy"],
        default="tensorflow",
        help="what computes the steps (default: tensorflow)",
    )
    train.add_argument(
        "--schedule",
        choices=list(trainer.SCHEDULES),
        default="fast",
        help="how it is trained: article, exactly as the article does (20,000 steps), or fast, a "
        "modern schedule (1,100 steps); default: fast",
    )
    train.add_argument(
        "--steps",
        type=_at_least(1),
        metavar="N",
        help="train for N minibatches; the fast schedule's curve is stretched to fit",
    )
    train.add_argument(
        "--seed",
        type=_at_least(0),
        default=0,
        metavar="S",
        help="what the start, the order of the examples and dropout are drawn from (default: 0)",
    )
    train.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for the checkpoint, the metrics, the weights and the summary",
    )
    train.add_argument(
        "--weights-dtype",
        choices=["float32", "float16"],
        default="float32",
        help="what weights.npz stores; float16 halves the file (default: float32)",
    )

    evaluate = commands.add_parser("evaluate", help="measure trained weights on the test images")
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("weights", type=Path, metavar="WEIGHTS.npz", help="what train wrote")
    evaluate.add_argument(
        "--backend",
        choices=["tensorflow", "numpy"],
        default="tensorflow",
        help="what computes the answers (default: tensorflow)",
    )

    for command in (data, train, evaluate):
        command.add_argument(
            "--data-dir",
            type=Path,
            metavar="DIR",
            help="folder of the four MNIST files (default: the book's own)",
        )

    show = commands.add_parser(
        "predict",
        help="say which digit an image file shows",
        description="Bring any image of one digit to MNIST's form and say which digit it is.",
    )
    show.set_defaults(run=_predict)
    show.add_argument("image", type=Path, metavar="IMAGE", help="any image file, of any size")
    show.add_argument(
        "--weights",
        type=Path,
        metavar="WEIGHTS.npz",
        help="the weights to answer with (default: the article's full training)",
    )
    return parser


def _at_least(least):
    """Return an argument type: whole numbers from `least` up."""

    def parse(text):
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or number < least:
            raise argparse.ArgumentTypeError(
                f"{text!r} was given, expected a whole number of at least {least}"
            )
        return number

    return parse


def _engine(backend):
    """Return the class of the engine, importing TensorFlow only if it is asked for."""
    if backend == "numpy":
        from .numpy_train import NumPyEngine

        return NumPyEngine
    if importlib.util.find_spec("tensorflow") is None:
        raise InputError(
            "TensorFlow is not installed; pip install -r requirements.txt, or use --backend numpy."
        )
    from .tf_train import TensorFlowEngine, repeatable

    repeatable()
    return TensorFlowEngine


def _data(arguments):
    mnist.fetch(arguments.data_dir)
    print(mnist.verify(arguments.data_dir))
    return 0


def _train(arguments):
    schedule = trainer.SCHEDULES[arguments.schedule]
    if arguments.steps is not None:
        schedule = dataclasses.replace(schedule, steps=arguments.steps)
    data = mnist.load(arguments.data_dir)
    engine = _engine(arguments.backend)(trainer.start(schedule, arguments.seed))
    with _StopOnSignal() as stop, _Progress(schedule.steps, arguments.out) as progress:
        result = trainer.train(
            engine,
            data,
            schedule,
            seed=arguments.seed,
            out=arguments.out,
            report=progress.report,
            tick=progress.tick,
            should_stop=stop.asked,
            weights_dtype=arguments.weights_dtype,
        )
    if result is None:
        print(f"Stopped; the same command goes on from here. {arguments.out} holds the checkpoint.")
        return 130
    summary = result.summary
    print(
        f"test accuracy {summary['test_accuracy']:.2%}, test loss {summary['test_loss']:.4f}, "
        f"after {summary['steps']:,} steps in {summary['seconds']:.0f} s"
    )
    if "stored_test_accuracy" in summary:
        print(
            f"test accuracy {summary['stored_test_accuracy']:.2%} "
            f"with the weights as stored in {summary['weights_dtype']}"
        )
    return 0


def _evaluate(arguments):
    trained = weights.load(arguments.weights)
    test = mnist.load(arguments.data_dir).test
    accuracy, loss = trainer.evaluate(_engine(arguments.backend)(trained), test)
    print(f"test accuracy {accuracy:.2%}, test loss {loss:.4f}, on {len(test):,} images")
    return 0


def _predict(arguments):
    path = arguments.weights or book_folder() / PUBLISHED
    image, probabilities = predict.predict(arguments.image, weights.load(path))
    encoding = (sys.stdout.encoding or "ascii").lower()
    print(
        predict.describe(
            image,
            probabilities,
            width=shutil.get_terminal_size().columns,
            unicode=encoding.startswith("utf"),
        )
    )
    return 0


class _StopOnSignal:
    """Turn Ctrl-C and a polite kill into a question the trainer asks between two steps."""

    def __enter__(self):
        self.received = False
        self.before = {
            number: signal.signal(number, self._receive)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def _receive(self, number, frame):
        if self.received:
            raise KeyboardInterrupt
        self.received = True

    def asked(self):
        return self.received

    def __exit__(self, *error):
        for number, handler in self.before.items():
            signal.signal(number, handler)


class _Progress:
    """A bar on a terminal, plain lines elsewhere, and TensorBoard's files where it is installed."""

    def __init__(self, steps, out):
        self.steps, self.out = steps, out

    def __enter__(self):
        self.bar = self.board = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=self.steps, unit="step")
        if importlib.util.find_spec("tensorboard") is not None:
            from tensorboard.summary import Writer

            self.board = Writer(str(self.out / "tensorboard"))
        return self

    def tick(self, step):
        if self.bar is not None:
            self.bar.update(step - self.bar.n)

    def report(self, record):
        if self.bar is None or "validation_loss" in record:
            line = f"step {record['step']:6,}  loss {record['loss']:.4f}"
            if "validation_loss" in record:
                line += (
                    f"  validation loss {record['validation_loss']:.4f}"
                    f"  accuracy {record['validation_accuracy']:.2%}"
                )
            if self.bar is None:
                print(line, flush=True)
            else:
                self.bar.write(line)
        if self.bar is not None:
            self.bar.set_postfix_str(f"loss {record['loss']:.4f}")
        if self.board is not None:
            for name in record.keys() - {"step", "epoch", "seconds"}:
                self.board.add_scalar(name, record[name], step=record["step"])

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()
        if self.board is not None:
            self.board.close()
