"""The command line, run as a reader runs it."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from cnnbook import cli, mnist, weights

COMMAND = [sys.executable, "-m", "cnnbook"]
STEPS = ["train", "--schedule", "article", "--steps", "60", "--seed", "5"]


def run(*arguments, **options):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options
    )


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    weights.save(path, weights.initial("he"))
    return path


@pytest.mark.parametrize("command", ["data", "train", "evaluate", "predict"])
def test_help_explains_every_flag(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    parser = cli._parser()._subparsers._group_actions[0].choices[command]
    for action in parser._actions:
        assert action.help, action
        assert all(name in text for name in action.option_strings)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "required: COMMAND"),
        (["trane"], "invalid choice: 'trane'"),
        (["train"], "required: --out"),
        (["train", "--out", "x", "--steps", "0"], "whole number of at least 1"),
        (["train", "--out", "x", "--steps", "many"], "'many' was given"),
        (["train", "--out", "x", "--seed", "-1"], "whole number of at least 0"),
        (["train", "--out", "x", "--schedule", "slow"], "invalid choice: 'slow'"),
        (["train", "--out", "x", "--backend", "torch"], "invalid choice: 'torch'"),
        (["predict"], "required: IMAGE"),
        (["data", "--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_a_bad_flag_is_one_sentence_and_exit_2(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate", "none.npz"], "none.npz could not be read"),
        (["evaluate", "text.txt"], "not a whole .npz file"),
        (["predict", "none.png", "--weights", "w.npz"], "none.png"),
        (["predict", "text.txt", "--weights", "w.npz"], "text.txt"),
        (["predict", "blank.png", "--weights", "w.npz"], "blank.png"),
        (["predict", "digit.png", "--weights", "text.txt"], "not a whole .npz file"),
        (["train", "--backend", "numpy", "--out", "text.txt"], "text.txt could not be written"),
        (["train", "--out", "run", "--data-dir", "empty"], "python -m cnnbook data"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(
    arguments, sentence, tmp_path, monkeypatch, capsys, untrained
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "empty").mkdir()
    (tmp_path / "w.npz").write_bytes(untrained.read_bytes())
    Image.new("L", (40, 40), 255).save("blank.png")
    Image.fromarray(np.uint8(255 * (1 - mnist.load().test.images[0, :, :, 0]))).save("digit.png")
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_data_says_that_the_files_are_right():
    done = run("data")
    assert done.returncode == 0
    assert done.stdout.count("SHA-256 right") == 4


def test_evaluate_prints_the_accuracy(untrained):
    done = run("evaluate", untrained, "--backend", "numpy")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("test accuracy ")
    assert done.stdout.endswith("on 10,000 images\n")
    assert 0 < float(done.stdout.split()[2].rstrip("%,")) < 40


def test_predict_shows_the_digit(tmp_path, untrained):
    Image.fromarray(np.uint8(255 * mnist.load().test.images[0, :, :, 0])).save(tmp_path / "d.png")
    plain = run(
        "predict", tmp_path / "d.png", "--weights", untrained, env={**os.environ, "PYTHONUTF8": "1"}
    )
    assert plain.returncode == 0, plain.stderr
    assert "█" in plain.stdout
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run("predict", tmp_path / "d.png", "--weights", untrained, env=ascii_only)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert done.stdout.splitlines()[-1].startswith("This is a ")


def test_killed_and_stopped_it_ends_at_the_same_weights(tmp_path):
    """A run killed with -9, gone on with, stopped with Ctrl-C and gone on with again."""
    whole = run(*STEPS, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr

    started = tmp_path / "broken" / "metrics.jsonl"
    for number in (signal.SIGKILL, signal.SIGINT):
        started.unlink(missing_ok=True)
        process = subprocess.Popen(
            [*COMMAND, *STEPS, "--out", tmp_path / "broken"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 120
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)
        process.send_signal(number)
        out, error = process.communicate(timeout=120)
        assert "Traceback" not in error
        if number == signal.SIGINT and process.returncode:  # it may have been through already
            assert process.returncode == 130
            assert "goes on from here" in out
    done = run(*STEPS, "--out", tmp_path / "broken")
    assert done.returncode == 0, done.stderr

    summaries = [
        json.loads((tmp_path / name / "summary.json").read_text()) for name in ("whole", "broken")
    ]
    assert summaries[0]["test_loss"] == summaries[1]["test_loss"]
    with (
        np.load(tmp_path / "whole" / "weights.npz") as a,
        np.load(tmp_path / "broken" / "weights.npz") as b,
    ):
        for name in weights.SHAPES:
            np.testing.assert_array_equal(a[name], b[name])
