"""Every speed and memory figure of the book, each a ratio within this one run.

    python benchmarks/run.py [NAME ...]

Prints them and exits with 1 if one is past its limit. On a busy machine the figures say little.
"""

import argparse
import importlib
import sys

NAMES = ("loading", "tf_step", "layers", "numpy_step", "digit")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}")
    names = parser.parse_args().names or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        parser.error(f"{unknown[0]!r} is no benchmark, expected any of {', '.join(NAMES)}")

    past = []
    for name in names:
        benchmark = importlib.import_module(name)
        results = benchmark.measure()
        for result in results if isinstance(results, list) else [results]:
            print(benchmark.summary(result), flush=True)
            if not result["ok"]:
                past.append(result["name"])
        print()
    for name in past:
        print(f"past its limit: {name}")
    return 1 if past else 0


if __name__ == "__main__":
    sys.exit(main())
