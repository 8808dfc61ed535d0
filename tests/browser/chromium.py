"""Find a Chromium or Chrome on this machine, and wait until a page has settled."""

import os
import shutil
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "microsoft-edge-stable",
    "microsoft-edge",
    "msedge",
    "chrome",
)
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
WINDOWS = (
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)


def find_chromium():
    """Return the path of a browser that Playwright's Chromium driver can run, or None.

    The environment variable CHROME_PATH comes first, then the usual names on the PATH, then the
    usual places of macOS and Windows.
    """
    named = os.environ.get("CHROME_PATH")
    if named:
        return named if Path(named).is_file() else None
    for name in NAMES:
        if path := shutil.which(name):
            return path
    places = [Path(place) for place in MAC]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if folder := os.environ.get(variable):
            places += [Path(folder, place) for place in WINDOWS]
    return next((str(place) for place in places if place.is_file()), None)


def settle(tab):
    """Wait until fonts are there, formulas set, icons drawn, and a new width has been noticed.

    The theme looks 300 ms after a change of width which boxes now scroll.
    """
    tab.evaluate(
        """async () => {
            if (window.MathJax && MathJax.startup && MathJax.startup.promise)
                await MathJax.startup.promise;
            await document.fonts.ready;
            await new Promise(done => setTimeout(done, 350));
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        }"""
    )
