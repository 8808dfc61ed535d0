"""What a stranger finds beside the book: pins, commands, licences, workflows."""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import picture
from cnnbook import cli, mnist

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PIN = re.compile(r"[A-Za-z0-9._-]+(?:\[[\w,-]+\])?==\d[\w.]*(?: ; .+)?")
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|Users|root|work|farm)/[\w.-]+")
CITATION_KEYS = {
    "abstract",
    "authors",
    "cff-version",
    "contact",
    "date-released",
    "doi",
    "identifiers",
    "keywords",
    "license",
    "message",
    "preferred-citation",
    "references",
    "repository-code",
    "title",
    "type",
    "url",
    "version",
}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def requirements(name):
    """Return the lines of a requirements file that ask for something."""
    lines = (line.strip() for line in read(name).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def make_targets():
    return set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.M))


def tracked():
    """Return the files git knows; a copy of the book without git has none to check."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name):
    loose = [
        line
        for line in requirements(name)
        if not PIN.fullmatch(line) and line not in ("-e .", "-r requirements.txt")
    ]
    assert not loose, "write name==version"


def test_nothing_is_pinned_twice():
    names = [
        re.split(r"==", line)[0].lower()
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in requirements(name)
        if "==" in line
    ]
    assert len(names) == len(set(names))


def test_conda_installs_the_same_pins():
    environment = yaml.safe_load(read("environment.yml"))
    plain = [line for line in environment["dependencies"] if isinstance(line, str)]
    (pip,) = (line["pip"] for line in environment["dependencies"] if isinstance(line, dict))
    assert pip == ["-r requirements.txt"]
    assert sorted(plain) == ["pip", "python=3.12"]
    assert environment["name"] == "cnnbook"


def test_versions_of_tensorflow_agree():
    versions = re.findall(r"tensorflow\S*?==([\d.]+)", read("requirements.txt"))
    assert len(versions) == 3 and len(set(versions)) == 1
    assert set(re.findall(r"tensorflow\S*?==([\d.]+)", read("book/running.md"))) == set(versions)


def test_no_path_of_one_machine():
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        if "vendor" in path.parts:  # other people's files, kept as they came
            continue
        found += [f"{path.relative_to(ROOT)}: {match}" for match in MACHINE_PATH.findall(text)]
    assert not found


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_code_and_notebooks_are_clean(command):
    pytest.importorskip("ruff", reason="ruff is in requirements-dev.txt")
    files = [str(path) for path in tracked() if path.suffix in {".py", ".ipynb"} and path.exists()]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--force-exclude", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"run: ruff check --fix . && ruff format .\n{done.stdout}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LICENSE", "MIT License"),
        ("LICENSE-TEXT", "https://creativecommons.org/licenses/by/4.0/"),
        ("data/mnist/README.md", "https://creativecommons.org/licenses/by-sa/3.0/"),
        ("data/mnist/README.md", "Yann LeCun and Corinna Cortes"),
    ],
)
def test_licences_are_there(name, words):
    assert words in read(name)


def test_data_page_names_the_contents():
    listed = dict(re.findall(r"\| `([\w-]+)` \| `([0-9a-f]{64})` \|", read("data/mnist/README.md")))
    assert len(listed) == 4
    for name, digest in listed.items():
        contents = gzip.decompress((ROOT / "data/mnist" / f"{name}.gz").read_bytes())
        assert hashlib.sha256(contents).hexdigest() == digest


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "book/running.md"])
def test_make_commands_exist(page):
    named = {a or b for a, b in re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", read(page), re.M)}
    assert named, "the page shows a make command"
    assert not named - make_targets()


@pytest.mark.parametrize("page", ["README.md", "book/running.md"])
@pytest.mark.parametrize(
    "command",
    [
        "pip install -r requirements.txt",
        "jupyter-book build .",
        "jupyter lab",
        "pytest --nbval notebooks",
        "conda env create -f environment.yml",
        "py -3.12 -m venv .venv",
    ],
)
def test_plain_commands_are_shown(page, command):
    assert command in read(page)


def test_readme_commands_are_understood():
    commands = re.findall(r"^python -m cnnbook ([^#\n]+)", read("README.md"), re.M)
    assert {line.split()[0] for line in commands} == {"data", "train", "evaluate", "predict"}
    for line in commands:
        cli._parser().parse_args(line.split())


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_files_named_on_a_page_exist(page):
    text = read(page)
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert links and not missing


def test_readme_lists_the_chapters_that_exist():
    rows = re.findall(r"^\| (\d\d) \| \[[^\]]+\]\((notebooks/[\w.]+)\)", read("README.md"), re.M)
    there = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert [name.removeprefix("notebooks/") for _, name in rows] == there
    assert all(Path(name).name.startswith(number) for number, name in rows)


def test_readme_shows_a_small_picture_with_words():
    (picture,) = re.findall(r"!\[([^\]]{30,})\]\(([^)]+\.png)\)", read("README.md"))
    assert (ROOT / picture[1]).stat().st_size < 200_000


def test_picture_is_what_its_script_draws():
    stored, drawn = (
        np.asarray(Image.open(source).convert("RGB"), dtype=float)
        for source in (picture.PICTURE, io.BytesIO(picture.png()))
    )
    assert stored.shape == drawn.shape
    assert np.abs(stored - drawn).mean() < 1, "run: python tools/picture.py"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_is_sound(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "permissions", "jobs"} <= set(workflow)
    assert True in workflow, "YAML 1.1 reads the key `on` as true"
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            if "uses" in step:
                assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]), "pin to a major version"


def test_workflows_cover_what_the_project_makes():
    assert {path.stem for path in WORKFLOWS} == {"test", "book", "links", "canary"}
    test = yaml.safe_load(read(".github/workflows/test.yml"))
    versions = test["jobs"]["everything"]["strategy"]["matrix"]["python"]
    lowest, highest = re.search(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', read("pyproject.toml")
    ).groups()
    assert versions == [f"3.{minor}" for minor in range(int(lowest), int(highest))]


def test_hooks_check_everything():
    text = read(".pre-commit-config.yaml")
    config = yaml.safe_load(text)
    assert "exclude" not in text, "no exclusion lists"
    assert {repo["repo"] for repo in config["repos"]} == {"local"}, "hooks work offline"
    hooks = {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}
    assert set(hooks) == {"ruff-check", "ruff-format", "notebooks", "notebooks-run"}
    assert all("jupyter" in (h.get("types") or h["types_or"]) for h in hooks.values())


def test_citation_has_known_keys():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert set(citation) <= CITATION_KEYS
    assert {"cff-version", "message", "title", "authors", "type"} <= set(citation)
    assert citation["type"] in {"software", "dataset"}
    assert citation["version"] == re.search(r'^version = "(.+)"', read("pyproject.toml"), re.M)[1]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
def test_ci_script_runs_and_ends_with_the_tests():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    last = read(".ci/run").splitlines()[-1].split()
    assert last[:2] == ["exec", "make"] and last[-1] == "test" and "test" in make_targets()


def test_splits_are_those_of_the_readme():
    data = mnist.load()
    sizes = (len(part.labels) for part in (data.train, data.validation, data.test))
    assert all(f"{size:,}" in read("README.md") for size in sizes)
