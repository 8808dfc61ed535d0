"""What every figure that moves shares: one HTML output with its script in it, and a still picture.

A figure's script is written as plain ES modules. A page opened from a folder may load none, so the
modules are joined into one script and stand in the output itself; nothing is fetched.
"""

import hashlib
import io
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.plots import style

SCRIPTS = Path(__file__).parent
SHARED = ("host.js", "controls.js", "grid.js")
WAITING = {"en": "{title}: run this cell, and the figure can be moved."}  # until the script runs
_IMPORT = re.compile(r"^import [^;]*;\n", re.M)
_IMPORTED = re.compile(r"^import [^;]* from \"\./([^\"]+)\";\n", re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.M)


class MovingFigure:
    """A figure for JupyterLab and for the built book.

    Jupyter shows `text/html`; where no script runs, and in print, `image/png` stands in for it.

    Parameters
    ----------
    name : str
        The module `<name>.js` in this folder. It exports a function of that name (with dashes
        read as nothing), called with the figure's element, `config` and `words`.
    config : dict
        What the figure starts from: numbers, strings, lists, dicts and arrays.
    words : dict of str to dict of str to str
        By language, every word that the figure shows.
    language : str
        Which of them to use.
    draw : callable
        Draws the still picture, as matplotlib's current figure.
    """

    def __init__(self, name, config, *, words, language, draw):
        if language not in words:
            known = ", ".join(sorted(words))
            raise ValueError(f"language is {language!r}, expected one of {known}.")
        self.name, self.config, self.words = name, config, words[language]
        self.language = language
        self._draw = draw

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {
            "text/html": self.html(),
            "image/png": self.png(),
            "text/plain": f"<figure that moves: {self.name}>",
        }

    def html(self):
        """Return the figure as HTML that needs nothing else; equal figures give equal text."""
        settings = {"config": self.config, "words": self.words, "palette": style.PALETTE}
        settings = json.dumps(settings, default=_plain, ensure_ascii=False, sort_keys=True)
        settings = settings.replace("</", "<\\/")
        script = joined_script(self.name)
        digest = hashlib.sha256((script + settings).encode()).hexdigest()[:12]
        name = f"{self.name}-{digest}"
        waiting = WAITING[self.language].format(title=self.words["title"])
        start = f'mount("{name}", {self.name}, {settings});'
        return (  # the second attribute: keys pressed in the figure are no commands of JupyterLab's
            f'<div class="cnnbook-figure" data-figure="{name}" data-lm-suppress-shortcuts="true">'
            f"<p>{waiting}</p></div>\n"
            f'<script type="module">\n{script}\n{start}\n</script>'
        )

    def png(self):
        """Return the still picture, as the bytes of a PNG file."""
        file = io.BytesIO()
        with plt.rc_context():
            style.use_style()
            self._draw()
            plt.savefig(file, format="png")
            plt.close()
        return file.getvalue()


def joined_script(name):
    """Return the shared modules, those that the figure imports and its own as one script."""
    own = (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")
    modules = dict.fromkeys((*SHARED, *_IMPORTED.findall(own)))
    texts = [*((SCRIPTS / module).read_text(encoding="utf-8") for module in modules), own]
    return _EXPORT.sub("", "\n".join(_IMPORT.sub("", text) for text in texts))


def _plain(value):
    """Turn what NumPy made into what JSON knows."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a number, string, list, dict or array")
