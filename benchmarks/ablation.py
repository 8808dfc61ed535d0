"""What each part of the fast schedule buys: leave one out, train again, measure.

    python benchmarks/ablation.py [--seeds 3] [--out results/ablation.jsonl]

One line a run, appended as it ends; runs already in the file are not made again. Accuracies are on
the validation images, so that nothing here is chosen by looking at the test set.
"""

import argparse
import dataclasses
import json
from pathlib import Path

from parts import without

from cnnbook import mnist, trainer
from cnnbook.tf_train import TensorFlowEngine, repeatable

FAST = trainer.SCHEDULES["fast"]
VARIANTS = {
    "fast": FAST,
    "no warm-up": dataclasses.replace(FAST, warmup_steps=0),
    "no decay": dataclasses.replace(FAST, decay="none"),
    "article's start": dataclasses.replace(FAST, start="article"),
    "article's rate": dataclasses.replace(FAST, peak_rate=1e-4, warmup_steps=0, decay="none"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="runs of each variant (default: 3)")
    parser.add_argument("--out", type=Path, default=Path("results/ablation.jsonl"))
    arguments = parser.parse_args()

    done = set()
    if arguments.out.exists():
        records = map(json.loads, arguments.out.read_text().splitlines())
        done = {(record["variant"], record["seed"]) for record in records}
    repeatable()
    data = without(mnist.load(), "test")
    for seed in range(arguments.seeds):
        for variant, schedule in VARIANTS.items():
            if (variant, seed) in done:
                continue
            engine = TensorFlowEngine(trainer.start(schedule, seed))
            result = trainer.train(engine, data, schedule, seed=seed)
            last = result.metrics[-1]
            record = {
                "variant": variant,
                "seed": seed,
                "steps": schedule.steps,
                "validation_accuracy": last["validation_accuracy"],
                "validation_loss": last["validation_loss"],
                "first_loss": result.metrics[0]["loss"],
            }
            print(json.dumps(record), flush=True)
            with open(arguments.out, "a") as file:
                file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
