"""The vendored files are those of the manifest: pinned, whole, unchanged."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def load_vendor():
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "tools" / "vendor.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_vendored_files_match_the_manifest():
    assert load_vendor().differences() == []


def test_a_changed_or_missing_file_is_named(tmp_path, monkeypatch):
    vendor = load_vendor()
    for place in (ROOT / "book/_static/vendor", ROOT / "tests/browser/vendor"):
        for path in filter(Path.is_file, place.rglob("*")):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(vendor, "ROOT", tmp_path)
    assert vendor.differences() == []
    (tmp_path / "tests/browser/vendor/axe.min.js").write_text("changed")
    (tmp_path / "book/_static/vendor/mathjax/LICENSE.txt").unlink()
    assert vendor.differences() == [
        "book/_static/vendor/mathjax/LICENSE.txt (mathjax@3.2.2) is missing",
        "tests/browser/vendor/axe.min.js (axe-core@4.14.1) differs from the manifest",
    ]
