"""A 28 × 28 picture and ten probabilities, drawn with characters."""

import numpy as np

# Each glyph with the ink in its upper and lower half: one character shows two pixels.
BLOCKS = {
    " ": (0, 0), "░": (0.25, 0.25), "▒": (0.5, 0.5), "▓": (0.75, 0.75), "█": (1, 1),
    "▀": (1, 0), "▄": (0, 1),
}  # fmt: skip
ASCII = {
    " ": (0, 0), ".": (0, 0.3), "'": (0.3, 0), ":": (0.3, 0.3), "_": (0, 0.8), '"': (0.8, 0),
    "+": (0.5, 0.5), "%": (0.75, 0.75), "#": (1, 1),
}  # fmt: skip
EIGHTHS = " ▏▎▍▌▋▊▉"
GAP = "   "


def describe(image, probabilities, *, width=None, unicode=True):
    """Draw a digit and the probabilities a network gives it, for a terminal.

    The picture stands in a frame that is the whole 28 × 28 field; one character shows two pixels,
    one above the other. Beside it, or below it where the terminal is narrow, each digit has a bar.

    Parameters
    ----------
    image : ndarray, shape (28, 28, 1) or (28, 28)
        Ink in [0, 1].
    probabilities : array_like, shape (10,)
        Probability of each digit.
    width : int, optional
        Columns to use; 72 if not given.
    unicode : bool
        Whether block characters may be used; otherwise the text is plain ASCII.

    Returns
    -------
    str
        Lines without trailing blanks or colours; the last one names the likeliest digit.
    """
    probabilities = np.asarray(probabilities, np.float64)
    width = 72 if width is None else width
    picture = _picture(np.asarray(image).reshape(28, 28), BLOCKS if unicode else ASCII)
    picture = _framed(picture, "┌┐└┘─│" if unicode else "++++-|")
    beside = width >= len(picture[0]) + len(GAP) + 24
    room = width - (len(picture[0]) + len(GAP) if beside else 0)
    chart = _chart(probabilities, room, unicode)
    if beside:
        chart = [""] * 3 + chart + [""] * 3
        lines = [f"{left}{GAP}{right}" for left, right in zip(picture, chart, strict=True)]
    else:
        lines = [*picture, "", *chart]
    best = int(np.argmax(probabilities))
    lines += ["", f"This is a {best}: probability {_percent(probabilities[best])}."]
    return "\n".join(line.rstrip() for line in lines)


def _picture(image, glyphs):
    """Fourteen rows of 28 characters, each the glyph nearest to its two pixels."""
    names = np.array(list(glyphs))
    cells = np.stack([image[0::2], image[1::2]], axis=-1)
    distance = np.square(cells[:, :, None, :] - np.array(list(glyphs.values()))).sum(axis=-1)
    return ["".join(row) for row in names[distance.argmin(axis=-1)]]


def _framed(rows, signs):
    left, right = signs[:2]
    bar = signs[4] * len(rows[0])
    sides = [f"{signs[5]}{row}{signs[5]}" for row in rows]
    return [left + bar + right, *sides, signs[2] + bar + signs[3]]


def _chart(probabilities, room, unicode):
    """Ten lines: digit, mark of the likeliest, percentage, bar; at most `room` columns."""
    length = max(1, min(40, room - len("> 9   100.0 %  ")))
    best = int(np.argmax(probabilities))
    mark = "▶" if unicode else ">"
    return [
        f"{mark if digit == best else ' '} {digit}  {_percent(p):>8}  {_bar(p, length, unicode)}"
        for digit, p in enumerate(probabilities)
    ]


def _bar(probability, length, unicode):
    if not unicode:
        return "#" * round(probability * length)
    full, rest = divmod(round(probability * length * 8), 8)
    return "█" * full + (EIGHTHS[rest] if rest else "")


def _percent(probability):
    """Percentage with one decimal that does not call the nearly certain certain."""
    if 0.9995 <= probability < 1:
        return "> 99.9 %"
    return f"{100 * probability:.1f} %"
