"""The training loop: schedules, reports, checkpoints, and going on where it stopped."""

import dataclasses
import json
import math
import os

import numpy as np
import pytest

from cnnbook import files, mnist, trainer
from cnnbook.errors import InputError
from cnnbook.numpy_train import NumPyEngine
from cnnbook.tf_train import TensorFlowEngine

ARTICLE, FAST = trainer.SCHEDULES["article"], trainer.SCHEDULES["fast"]
SHORT = dataclasses.replace(FAST, steps=12, batch_size=20, warmup_steps=3, validate_every=5)


@pytest.fixture(scope="module")
def data():
    whole = mnist.load()
    few = {"train": 130, "validation": 40, "test": 60}
    return mnist.MNIST(
        **{
            part: mnist.Examples(
                getattr(whole, part).images[:count], getattr(whole, part).labels[:count]
            )
            for part, count in few.items()
        }
    )


@pytest.fixture(params=[NumPyEngine, TensorFlowEngine], ids=["numpy", "tensorflow"])
def engine_class(request):
    return request.param


@pytest.fixture(autouse=True)
def frequent_reports(monkeypatch):
    monkeypatch.setattr(trainer, "REPORT_EVERY", 5)


def train(engine_class, data, schedule=SHORT, seed=1, **options):
    engine = engine_class(trainer.start(schedule, seed))
    return trainer.train(engine, data, schedule, seed=seed, **options)


def assert_same(result, expected):
    for name, array in expected.weights.items():
        np.testing.assert_array_equal(result.weights[name], array, err_msg=name)
    without = [{k: v for k, v in record.items() if k != "seconds"} for record in expected.metrics]
    assert [
        {k: v for k, v in record.items() if k != "seconds"} for record in result.metrics
    ] == without


def test_the_article_keeps_its_rate():
    assert {ARTICLE.learning_rate(step) for step in (0, 1, 10_000, 19_999)} == {1e-4}


def test_fast_rises_in_a_line_and_falls_along_a_cosine():
    rates = [FAST.learning_rate(step) for step in range(FAST.steps)]
    assert rates[0] == pytest.approx(FAST.peak_rate / FAST.warmup_steps)
    assert rates[FAST.warmup_steps - 1] == FAST.peak_rate == max(rates)
    np.testing.assert_allclose(np.diff(rates[: FAST.warmup_steps]), rates[0])
    middle = (FAST.warmup_steps + FAST.steps) // 2
    assert rates[middle] == pytest.approx(FAST.peak_rate / 2)
    assert (np.diff(rates[FAST.warmup_steps :]) < 0).all()
    assert 0 < rates[-1] < 1e-4 * FAST.peak_rate


def test_evaluate_counts_and_averages():
    class Fixed:
        def logits(self, images):
            return images

    logits = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, -1000.0]])
    accuracy, loss = trainer.evaluate(Fixed(), mnist.Examples(logits, np.array([0, 0, 1])))
    assert accuracy == pytest.approx(1 / 3)
    assert loss == pytest.approx((math.log1p(math.exp(-2)) + math.log1p(math.e) + 1003) / 3)


def test_a_run_learns_and_leaves_what_it_says(engine_class, data, tmp_path):
    schedule = dataclasses.replace(SHORT, steps=40)
    seen, ticks = [], []
    result = train(
        engine_class, data, schedule, out=tmp_path / "run", report=seen.append, tick=ticks.append
    )
    assert sorted(os.listdir(tmp_path / "run")) == [
        "checkpoint.npz",
        "metrics.jsonl",
        "summary.json",
        "weights.npz",
    ]
    assert ticks == list(range(1, 41))
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == seen == result.metrics
    assert [record["step"] for record in seen] == list(range(5, 41, 5))
    assert seen[-1]["loss"] < 0.5 * seen[0]["loss"]
    assert seen[0]["epoch"] == pytest.approx(5 / 7, abs=1e-3)  # 130 examples in batches of 20
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary == result.summary
    assert summary["test_accuracy"] > 0.5
    assert (summary["schedule"], summary["steps"], summary["seed"]) == ("fast", 40, 1)
    with np.load(tmp_path / "run" / "weights.npz") as stored:
        np.testing.assert_array_equal(stored["fc1_w"], result.weights["fc1_w"])


def test_stopped_anywhere_it_ends_where_it_would_have(engine_class, data, tmp_path):
    whole = train(engine_class, data)
    for stop in (0, 7):
        out = tmp_path / f"{engine_class.name}{stop}"
        asked = iter([False] * stop + [True])
        assert train(engine_class, data, out=out, should_stop=lambda a=asked: next(a)) is None
        assert_same(train(engine_class, data, out=out), whole)


def test_killed_between_two_checkpoints_it_ends_where_it_would_have(engine_class, data, tmp_path):
    class Killed(BaseException):
        pass

    def kill_at(step):
        def tick(taken):
            if taken == step:
                raise Killed

        return tick

    whole = train(engine_class, data)
    with pytest.raises(Killed):
        train(engine_class, data, out=tmp_path, tick=kill_at(4), checkpoint_seconds=0.0)
    with pytest.raises(Killed):
        train(engine_class, data, out=tmp_path, tick=kill_at(11))
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"step": 15, "lo')
    assert_same(train(engine_class, data, out=tmp_path), whole)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [5, 10, 12]


def test_a_run_of_constant_rate_can_be_made_longer(data, tmp_path):
    constant = dataclasses.replace(ARTICLE, batch_size=20, steps=5)
    longer = dataclasses.replace(constant, steps=10)
    train(NumPyEngine, data, constant, out=tmp_path)
    result = train(NumPyEngine, data, longer, out=tmp_path)
    expected = train(NumPyEngine, data, longer)
    for name, array in expected.weights.items():
        np.testing.assert_array_equal(result.weights[name], array)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"schedule": dataclasses.replace(SHORT, steps=20)},
        {"schedule": dataclasses.replace(SHORT, steps=5)},
        {"schedule": dataclasses.replace(SHORT, keep_prob=0.75)},
    ],
)
def test_another_run_is_not_gone_on_with(data, tmp_path, other):
    train(NumPyEngine, data, out=tmp_path)
    before = (tmp_path / "weights.npz").read_bytes()
    with pytest.raises(InputError, match="and cannot go on as"):
        train(NumPyEngine, data, out=tmp_path, **other)
    assert (tmp_path / "weights.npz").read_bytes() == before


def test_other_data_are_not_gone_on_with(data, tmp_path):
    train(NumPyEngine, data, out=tmp_path)
    labels = data.train.labels.copy()
    labels[0] = (labels[0] + 1) % 10
    other = dataclasses.replace(data, train=mnist.Examples(data.train.images, labels))
    with pytest.raises(InputError, match="and cannot go on as"):
        train(NumPyEngine, other, out=tmp_path)


def test_a_finished_run_without_its_checkpoint_is_left_alone(data, tmp_path):
    train(NumPyEngine, data, out=tmp_path)
    (tmp_path / "checkpoint.npz").unlink()
    with pytest.raises(InputError, match="already holds a finished run"):
        train(NumPyEngine, data, out=tmp_path)


@pytest.mark.parametrize("size", [0, 1000, 1_000_000])
def test_a_damaged_checkpoint_is_one_sentence(data, tmp_path, size):
    train(NumPyEngine, data, out=tmp_path)
    content = (tmp_path / "checkpoint.npz").read_bytes()
    (tmp_path / "checkpoint.npz").write_bytes(content[:size])
    with pytest.raises(InputError, match=r"is damaged or not a checkpoint .*delete it"):
        train(NumPyEngine, data, out=tmp_path)


def test_a_loss_that_is_not_finite_stops_the_run(engine_class, data, tmp_path):
    weights = trainer.start(SHORT, 1)
    weights["fc2_b"][3] = np.nan
    with pytest.raises(InputError, match="loss of step 1 is nan, expected a finite number"):
        trainer.train(engine_class(weights), data, SHORT, out=tmp_path)
    assert not (tmp_path / "weights.npz").exists()


def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(data, tmp_path, monkeypatch):
    whole = train(NumPyEngine, data)
    flush, calls = os.fsync, []

    def full_at_the_fourth(handle):
        calls.append(handle)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        flush(handle)

    monkeypatch.setattr(files.os, "fsync", full_at_the_fourth)
    with pytest.raises(InputError, match="no space left on device"):
        train(NumPyEngine, data, out=tmp_path, checkpoint_seconds=0.0)
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]
    assert_same(train(NumPyEngine, data, out=tmp_path), whole)


def test_an_out_that_is_a_file_is_one_sentence(data, tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(InputError, match="could not be written"):
        train(NumPyEngine, data, out=tmp_path / "run")


def test_rounded_weights_are_measured_as_they_are_stored(engine_class, data, tmp_path):
    result = train(engine_class, data, out=tmp_path, weights_dtype="float16")
    with np.load(tmp_path / "weights.npz") as stored:
        assert stored["fc1_w"].dtype == np.float16
        reread = engine_class({name: stored[name].astype(np.float32) for name in stored.files})
    accuracy, loss = trainer.evaluate(reread, data.test)
    assert result.summary["stored_test_accuracy"] == accuracy
    assert result.summary["stored_test_loss"] == pytest.approx(loss, rel=1e-12)
    assert result.summary["stored_test_loss"] != result.summary["test_loss"]
