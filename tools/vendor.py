"""Renew what the book's pages and tests take from npm: MathJax, the fonts, axe-core.

Every file comes from one pinned version of one package and is stored with the package's licence, so
that a page asks no other site for anything. The manifest, `book/_static/vendor/manifest.json`,
records version and SHA-256 of each file; `tests/test_vendor.py` compares the files with it.

    python tools/vendor.py           fetch the pinned versions (needs npm and the network)
    python tools/vendor.py --check   compare the stored files with the manifest (needs neither)
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATIC = Path("book/_static/vendor")
MANIFEST = ROOT / STATIC / "manifest.json"


def _font(package, stem, styles, subsets=("latin", "greek")):
    """Return one entry of PACKAGES for a variable font of Fontsource."""
    folder = STATIC / "fonts"
    files = {
        f"files/{stem}-{subset}-wght-{style}.woff2": folder / f"{stem}-{subset}-{style}.woff2"
        for subset in subsets
        for style in styles
    }
    files["LICENSE"] = folder / f"{stem}-LICENSE.txt"
    return package, files


# package@version: {file in the package: where it goes}
PACKAGES = dict(
    [
        (
            "mathjax@3.2.2",
            {
                "es5/tex-svg-full.js": STATIC / "mathjax/tex-svg-full.js",
                "LICENSE": STATIC / "mathjax/LICENSE.txt",
            },
        ),
        _font("@fontsource-variable/source-serif-4@5.3.0", "source-serif-4", ("normal", "italic")),
        _font("@fontsource-variable/inter@5.3.0", "inter", ("normal",)),
        _font("@fontsource-variable/jetbrains-mono@5.3.0", "jetbrains-mono", ("normal",)),
        (
            "axe-core@4.14.1",
            {
                "axe.min.js": Path("tests/browser/vendor/axe.min.js"),
                "LICENSE": Path("tests/browser/vendor/axe-LICENSE.txt"),
            },
        ),
    ]
)


def fetch(package, files):
    """Copy the wanted files of one npm package to their places.

    Raises
    ------
    subprocess.CalledProcessError
        npm could not fetch the package.
    KeyError
        The package has no such file (in this version).
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", package]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        with tarfile.open(Path(folder) / done.stdout.strip().splitlines()[-1]) as archive:
            for name, place in files.items():
                target = ROOT / place
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.extractfile(f"package/{name}").read())


def sha256(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest_of_files():
    """Return {package@version: {place: SHA-256}} of the files as they stand."""
    return {
        package: {place.as_posix(): sha256(ROOT / place) for place in files.values()}
        for package, files in PACKAGES.items()
    }


def differences():
    """Return one line for each stored file that is missing or is not what the manifest says."""
    lines = []
    recorded = json.loads(MANIFEST.read_text(encoding="utf-8"))
    wanted = {
        package: [place.as_posix() for place in files.values()]
        for package, files in PACKAGES.items()
    }
    if {package: list(files) for package, files in recorded.items()} != wanted:
        lines.append("the manifest lists other packages or files than tools/vendor.py")
    for package, files in recorded.items():
        for place, digest in files.items():
            path = ROOT / place
            if not path.is_file():
                lines.append(f"{place} ({package}) is missing")
            elif sha256(path) != digest:
                lines.append(f"{place} ({package}) differs from the manifest")
    return lines


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="compare with the manifest, fetch nothing"
    )
    if not parser.parse_args().check:
        for package, files in PACKAGES.items():
            print(f"fetching {package}")
            fetch(package, files)
        text = json.dumps(manifest_of_files(), indent=2)
        MANIFEST.write_text(text + "\n", encoding="utf-8")
    lines = differences()
    print("\n".join(lines) if lines else "all vendored files are as the manifest says")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
