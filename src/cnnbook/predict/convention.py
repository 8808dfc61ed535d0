"""A grey picture of a digit, brought to the form in which MNIST keeps its digits.

The convention is that of LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to
Document Recognition", Proceedings of the IEEE 86(11), 1998, section III.A: the digit, light on
black, is scaled with its aspect ratio kept until its longer side is 20 pixels, which the
anti-aliasing turns grey at its edges, and is moved in a 28 × 28 field until its centre of mass lies
at the centre. The files show what "at the centre" means. They were shifted by whole pixels, and in
all 70,000 of them the centre of mass, counted from 0, lies between 13.49 and 14.50 both ways: it is
nearest to pixel (14, 14), not to the point (13.5, 13.5) in the middle of the field.
"""

import numpy as np
from PIL import Image

from cnnbook.errors import InputError

FIELD, BOX, CENTRE = 28, 20, 14
WORKING_SIDE = 480  # pixels: where ink is looked for; noise averages out on the way down to it
FINE_SIDE = 3 * BOX  # a digit smaller than this at the working size is looked at again, enlarged
PAPER_SIDE = 96
FLAT = 0.02  # five grey levels of 256: paper that varies less is one shade
FAINTEST = 0.05
SATURATED = 0.95  # ink this strong is left as it is
FINE = 8  # pixels to each output pixel while strokes are measured and widened
STROKE = 1.5  # output pixels; 97 of 100 digits of MNIST have wider strokes


def to_mnist(grey):
    """Bring a picture of one handwritten digit to MNIST's convention.

    The paper is a constant, or a quadratic surface where the light is uneven, fitted so that ink
    does not pull at it; whatever departs from it furthest is ink, be it darker or lighter. Specks,
    and things that run off the edge of the picture while a digit stands inside, are left out.
    Strokes thinner than nearly any in MNIST are widened. A picture that follows the convention
    already comes back as it is.

    Parameters
    ----------
    grey : array_like, shape (H, W)
        Grey values in [0, 1]; ink dark on light or light on dark.

    Returns
    -------
    ndarray of float32, shape (28, 28, 1)
        The digit in [0, 1], light on black: longer side 20 pixels, the pixel nearest to its centre
        of mass at (14, 14) (less if it would be pushed out of the field).

    Raises
    ------
    InputError
        Nothing is written in the picture.
    ValueError
        `grey` is not a matrix of numbers in [0, 1].

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE 86(11), 1998, section III.A.
    """
    grey = np.asarray(grey, np.float32)
    if grey.ndim != 2 or grey.size == 0:
        raise ValueError(f"grey has shape {grey.shape}; a matrix (H, W) of pixels is needed")
    if not (grey.min() >= 0 and grey.max() <= 1):
        raise ValueError("grey has values outside [0, 1]; divide by the largest possible value")
    return _centred(_scaled(*_find(grey)))[:, :, None]


def _find(grey):
    """Ink in [0, 1] at a convenient size and the box around it (left, top, right, bottom)."""
    factor = -(-max(grey.shape) // WORKING_SIDE)
    small = np.asarray(Image.fromarray(grey).reduce(factor)) if factor > 1 else grey
    ink, box = _ink(small)
    if factor == 1 or max(box[2] - box[0], box[3] - box[1]) >= FINE_SIDE:
        return ink, box
    margin = max(box[2] - box[0], box[3] - box[1], 2)
    left, top = (factor * max(0, edge - margin) for edge in box[:2])
    right, bottom = (factor * (edge + margin) for edge in box[2:])
    return _find(grey[top:bottom, left:right])


def _ink(grey):
    """Separate ink from paper; return ink in [0, 1], 0 off the digit, and the digit's box."""
    paper = _paper(grey)
    rest = grey - paper
    noise = _spread(rest)
    far = np.abs(rest) > max(4 * noise, FAINTEST)
    lighter = np.square(rest[far & (rest > 0)]).sum() > np.square(rest[far & (rest < 0)]).sum()
    # Light falls on ink as it does on paper, so ink is a share of the paper's own shade.
    reach = np.maximum(1 - paper if lighter else paper, 0.1)
    ink = (rest if lighter else -rest) / reach
    noise = _spread(ink)
    floor = max(4 * noise, FAINTEST)
    strong = ink[ink > max(floor, 0.5 * float(ink.max()))]
    if strong.size == 0:
        raise _blank()
    full = float(np.percentile(strong, 95))
    mask = ink > max(floor, 0.18 * full)
    # Ringing of JPEG around a stroke, or a shadow, may pass the floor but never half of the ink.
    mask = _digit(mask, ink, strong_from=0.5 * full)
    if ink[mask].sum() < 20 * noise:
        raise _blank()
    ink = np.where(_grown(mask, 2 + max(grey.shape) // 100), ink, 0)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return ink, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _blank():
    return InputError(
        "nothing is written in this picture; "
        "give one of a single digit, dark on light or light on dark."
    )


def _spread(rest):
    """Noise of the paper: the standard deviation if the smallest quarter of |rest| is Gaussian."""
    return float(np.quantile(np.abs(rest), 0.25)) / 0.3186


def _paper(grey):
    """Shade of the paper under each pixel: one shade, or a surface by least absolute deviations."""
    level, share = _commonest(grey)
    if share > 0.3:
        return np.full(grey.shape, level, np.float32)
    factor = -(-max(grey.shape) // PAPER_SIDE)
    small = np.asarray(Image.fromarray(grey).reduce(factor)) if factor > 1 else grey
    terms = _quadratic(small.shape)
    target = small.ravel().astype(np.float64)
    off = target - np.median(target)
    for _ in range(40):
        # Weights 1/|residual| turn least squares into least absolute deviations, which half of the
        # pixels being paper is enough to pin down.
        weight = 1 / np.maximum(np.abs(off), 0.004)
        weighted = terms * weight[:, None]
        surface, *_ = np.linalg.lstsq(weighted.T @ terms, weighted.T @ target, rcond=None)
        off = target - terms @ surface
    paper = (_quadratic(grey.shape) @ surface).reshape(grey.shape)
    return np.clip(paper, 0, 1).astype(np.float32)


def _commonest(grey):
    """Commonest shade, and the share of pixels within `FLAT` of it.

    The pixels along the edges count as much as all the others together: there, ink is rare.
    """
    edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    near = np.zeros(256)
    for pixels in (grey.ravel(), edges):
        counts = np.bincount((pixels * 255 + 0.5).astype(np.intp), minlength=256) / pixels.size
        near += np.convolve(counts, np.ones(9), mode="same") / 2
    level = np.argmax(near) / 255
    close = grey[np.abs(grey - level) <= FLAT]
    return np.median(close), close.size / grey.size


def _quadratic(shape):
    """Columns 1, x, y, x², xy, y² at the pixel centres of a picture, coordinates in (-1, 1)."""
    y, x = ((2 * np.arange(n) + 1) / n - 1 for n in shape)
    y, x = (axis.ravel() for axis in np.meshgrid(y, x, indexing="ij"))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def _grown(values, radius):
    """Largest value within a disc around each pixel: a mask or ink grown by `radius` pixels."""
    height, width = values.shape
    padded = np.pad(values, radius)
    grown = values.copy()
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            if down * down + right * right <= radius * radius:
                top, left = radius + down, radius + right
                np.maximum(grown, padded[top : top + height, left : left + width], out=grown)
    return grown


def _digit(mask, ink, strong_from):
    """Keep the connected pieces of a mask that make up the digit."""
    labels, count = _pieces(mask)
    mass = np.bincount(labels.ravel(), np.where(mask, ink, 0).ravel(), count + 1)
    peak = np.zeros(count + 1)
    np.maximum.at(peak, labels.ravel(), ink.ravel())
    mass[0] = 0
    mass[peak < strong_from] = 0
    outer = np.zeros(count + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        outer[side] = True
    # The edge of a desk or a ruled line runs off the picture; the digit seldom does.
    inner = np.where(outer, 0, mass)
    if inner.max() > 0.05 * mass.max():
        mass = inner
    return (mass > 0.02 * mass.max())[labels]


def _pieces(mask):
    """Return labels from 1 for the 8-connected pieces of a mask, and their count.

    Each row is cut into runs, and runs of adjacent rows that touch are united.
    """
    padded = np.pad(mask.astype(np.int8), ((0, 0), (1, 1)))
    rows, starts = np.nonzero(np.diff(padded, axis=1) == 1)
    stops = np.nonzero(np.diff(padded, axis=1) == -1)[1]
    parent = list(range(len(rows)))

    def root(run):
        while parent[run] != run:
            parent[run] = run = parent[parent[run]]
        return run

    bounds = np.searchsorted(rows, np.arange(mask.shape[0] + 1)).tolist()
    begin, end = starts.tolist(), stops.tolist()
    for row in range(1, mask.shape[0]):
        above, here = bounds[row - 1], bounds[row]
        while above < bounds[row] and here < bounds[row + 1]:
            if begin[above] <= end[here] and begin[here] <= end[above]:
                parent[root(here)] = root(above)
            if end[above] < end[here]:
                above += 1
            else:
                here += 1
    names, numbers = np.unique([root(run) for run in range(len(rows))], return_inverse=True)
    labels = np.zeros(mask.shape, np.int64)
    labels[mask] = np.repeat(numbers + 1, stops - starts)
    return labels, len(names)


def _scaled(ink, box):
    """Ink scaled so that the longer side of its box has 20 pixels; thin strokes are widened."""
    side = max(box[2] - box[0], box[3] - box[1])
    if side > BOX:
        ink, box = _widened(*_fitted(ink, box, min(side, BOX * FINE)))
    ink, _ = _fitted(ink, box, BOX)
    return np.clip(_saturated(ink), 0, 1)


def _saturated(ink):
    """Ink made full strength if it is fainter than a saturated stroke."""
    full = float(np.percentile(ink[ink >= 0.5 * ink.max()], 95))
    return ink / full if full < SATURATED else ink


def _fitted(ink, box, side):
    """Scale ink until the longer side of its box has `side` pixels.

    The result has a margin of a tenth of `side`, for what is too faint to count for the box. The
    box is returned in the new pixels.
    """
    step = max(box[2] - box[0], box[3] - box[1]) / side
    margin = side // 10
    spare = int((margin + 1) * step) + 1
    size, window, inner = [], [], []
    for low, high in ((box[0], box[2]), (box[1], box[3])):
        length = int(np.ceil((high - low) / step - 1e-6)) + 2 * margin
        start = (low + high - length * step) / 2
        size.append(length)
        window.append((start + spare, start + spare + length * step))
        inner.append(((low - start) / step, (high - start) / step))
    method = Image.Resampling.BOX if step > 1 else Image.Resampling.BICUBIC
    picture = Image.fromarray(np.pad(ink, spare))
    window = [pair[end] for end in (0, 1) for pair in window]
    box = tuple(pair[end] for end in (0, 1) for pair in inner)
    return np.asarray(picture.resize(size, method, window)), box


def _widened(ink, box):
    """Ink whose strokes are at least `STROKE` pixels wide once its box is scaled, and its box."""
    on = np.pad(ink > 0.5 * ink.max(), 1)
    # By Crofton's formula a curve's length is π/4 times its crossings with the lines of the grid.
    outline = np.pi / 4 * sum(np.count_nonzero(on != np.roll(on, 1, axis)) for axis in (0, 1))
    side = max(box[2] - box[0], box[3] - box[1])
    lacking = STROKE * side / BOX - 2 * np.count_nonzero(on) / outline
    radius = max(0, round(lacking / 2))
    left, top, right, bottom = box
    return _grown(ink, radius), (left - radius, top - radius, right + radius, bottom + radius)


def _centred(digit):
    """Digit in a 28 × 28 field, moved by whole pixels until its centre of mass is at (14, 14)."""
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    field = np.zeros((FIELD, FIELD), np.float32)
    corner = []
    for axis, length in enumerate(digit.shape):
        profile = digit.sum(axis=1 - axis)
        centre = float(np.arange(length) @ profile / profile.sum())
        corner.append(min(max(CENTRE - int(np.floor(centre + 0.5)), 0), FIELD - length))
    top, left = corner
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return field
