"""Figures that move, in chapters that a real JupyterLab runs."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]


def moving(path):
    """Return how many figures that move a chapter has."""
    outputs = [
        output
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    return sum(
        'class="cnnbook-figure"' in output.get("data", {}).get("text/html", "")
        for output in outputs
    )


CHAPTERS = [path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if moving(path)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab of the test's own, with copies of the chapters."""
    pytest.importorskip("jupyterlab")
    home = tmp_path_factory.mktemp("jupyter")
    work = home / "work"
    work.mkdir()
    for path in CHAPTERS:
        shutil.copy(path, work)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    settings = {f"JUPYTER_{folder}": str(home / folder.lower()) for folder in folders}
    for folder in ("SETTINGS_DIR", "WORKSPACES_DIR"):
        settings[f"JUPYTERLAB_{folder}"] = str(home / folder.lower())
    tracker = home / "settings_dir/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}')  # every cell stands in the page at once
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    command += [f"--ServerApp.root_dir={work}"]
    log = home / "log.txt"
    with log.open("w") as file:
        server = subprocess.Popen(
            command, env=os.environ | settings, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(300):
            assert server.poll() is None, log.read_text()
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/"
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_figures_move_in_jupyterlab(browser, lab, path):
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(f"{lab}{path.name}?reset")  # and close what stood open before
    tab.locator(".jp-Notebook").wait_for(timeout=60_000)
    # Run before the kernel is there, and JupyterLab asks which one is meant.
    tab.locator(".jp-KernelName", has_text="Python 3").wait_for(timeout=60_000)
    tab.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=60_000)
    tab.locator("#jp-MainMenu").get_by_text("Run", exact=True).click()
    tab.get_by_text("Run All Cells", exact=True).click()
    ready = tab.locator(".cnnbook-figure[data-ready]")
    for place in range(moving(path)):
        figure = ready.nth(place)
        figure.wait_for(state="attached", timeout=180_000)
        figure.scroll_into_view_if_needed()
        cells = tab.locator(".jp-Cell").count()
        use(figure, tab.keyboard)
        for key in ("d", "d", "b", "ArrowDown"):  # commands, were they JupyterLab's to hear
            tab.keyboard.press(key)
        assert figure.is_visible()
        assert tab.locator(".jp-Cell").count() == cells
    tab.close()


def use(figure, keyboard):
    """Draw on a figure that has a pad for it, and pull the first slider of any other."""
    pad = figure.locator(".pad")
    if pad.count():
        pad.focus()
        for key in ("Space", *["ArrowDown"] * 12):
            keyboard.press(key)
        figure.get_by_text("The network reads a").first.wait_for(timeout=60_000)
        return
    control = figure.locator("input[type=range]:enabled:visible").first
    before = control.input_value()
    control.focus()
    keyboard.press("End")
    if control.input_value() == before:
        keyboard.press("Home")
    assert control.input_value() != before
