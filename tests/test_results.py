"""What the long runs left is what it says it is."""

import json
import statistics

import numpy as np
import pytest

from cnnbook import mnist, trainer, weights
from cnnbook.files import book_folder
from cnnbook.numpy_train import NumPyEngine

RESULTS = book_folder() / "results"
RUNS = sorted(path.parent for path in RESULTS.glob("**/summary.json"))


def summary_of(run):
    return json.loads((run / "summary.json").read_text())


def metrics_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_runs_that_the_book_tells_of_are_here():
    assert {path.relative_to(RESULTS).as_posix() for path in RUNS} == {
        "article",
        *(f"fast/seed-{seed}" for seed in range(5)),
        *(f"fast-numpy/seed-{seed}" for seed in range(3)),
    }


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.relative_to(RESULTS).as_posix())
def test_a_run_is_whole_and_of_its_schedule(run):
    summary, metrics = summary_of(run), metrics_of(run)
    schedule = trainer.SCHEDULES[summary["schedule"]]
    assert summary["steps"] == schedule.steps
    assert str(run.relative_to(book_folder())) in summary["command"]
    assert [record["step"] for record in metrics] == list(range(50, schedule.steps + 1, 50))
    for record in metrics:
        assert record["learning_rate"] == schedule.learning_rate(record["step"] - 1)
        due = record["step"] % schedule.validate_every == 0 or record["step"] == schedule.steps
        assert ("validation_loss" in record) == due
    assert summary["validation_accuracy"] == metrics[-1]["validation_accuracy"]
    with np.load(run / "weights.npz") as stored:
        assert {stored[name].dtype for name in stored.files} == {np.dtype("float16")}


@pytest.mark.parametrize(
    "run", ["article", "fast/seed-0", "fast-numpy/seed-0"], ids=lambda run: run
)
def test_the_stored_weights_are_as_good_as_they_say(run):
    summary = summary_of(RESULTS / run)
    engine = NumPyEngine(weights.load(RESULTS / run / "weights.npz"))
    accuracy, loss = trainer.evaluate(engine, mnist.load().test)
    assert accuracy == pytest.approx(summary["stored_test_accuracy"], abs=1.5e-4)
    assert loss == pytest.approx(summary["stored_test_loss"], rel=1e-3)


def test_the_articles_training_reaches_what_it_should():
    assert summary_of(RESULTS / "article")["test_accuracy"] >= 0.992


@pytest.mark.parametrize("folder", ["fast", "fast-numpy"])
def test_the_fast_schedule_reaches_what_it_should(folder):
    runs = [run for run in RUNS if run.parent.name == folder]
    assert statistics.mean(summary_of(run)["test_accuracy"] for run in runs) >= 0.992
    assert {summary_of(run)["seed"] for run in runs} == set(range(len(runs)))


def test_the_readme_quotes_the_accuracies_that_were_measured():
    readme = (book_folder() / "README.md").read_text()
    for runs in (
        ["article"],
        [f"fast/seed-{s}" for s in range(5)],
        [f"fast-numpy/seed-{s}" for s in range(3)],
    ):
        mean = statistics.mean(summary_of(RESULTS / run)["test_accuracy"] for run in runs)
        steps = summary_of(RESULTS / runs[0])["steps"]
        assert f"| {steps:,} | {100 * mean:.2f} % |" in readme


def test_rounding_to_float16_costs_next_to_nothing():
    for run in RUNS:
        summary = summary_of(run)
        assert abs(summary["stored_test_accuracy"] - summary["test_accuracy"]) <= 2e-4


def test_the_ablation_is_whole():
    lines = (RESULTS / "ablation.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    fast = trainer.SCHEDULES["fast"]
    variants = {"fast", "no warm-up", "no decay", "article's start", "article's rate"}
    pairs = {(record["variant"], record["seed"]) for record in records}
    assert pairs == {(variant, seed) for variant in variants for seed in range(3)}
    assert {record["steps"] for record in records} == {fast.steps}
    for record in records:
        if record["variant"] == "fast":
            run = metrics_of(RESULTS / "fast" / f"seed-{record['seed']}")
            assert record["validation_accuracy"] == run[-1]["validation_accuracy"]
