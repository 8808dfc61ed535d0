"""The gradient check: a formula is held against what the function does when it is nudged.

For every single entry of x, f is evaluated a little to the right and a little to the left, and

    ∂f/∂xᵢ ≈ (f(x + h eᵢ) − f(x − h eᵢ)) / 2h,

the central difference, is held against the exact derivative. Everything is in float64, where
h = 1e-5 leaves errors of about 1e-10, from truncation (h²) and from rounding (1e-16 / h).
"""

import inspect
from dataclasses import dataclass

import numpy as np

_SUSPICIOUS_JUMP = 1e-3


def central_difference(f, x, *, h=1e-5):
    """Approximate the gradient of f at x, entry by entry.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape, returns a number.
    x : ndarray of float64
        Where to differentiate; not changed.
    h : float, default 1e-5
        How far to go to each side.

    Returns
    -------
    ndarray
        (f(x + h eᵢ) − f(x − h eᵢ)) / 2h, of x's shape.
    """
    right, left = _both_sides(f, x, h)
    return (right - left) / (2 * h)


def gradcheck(f, x, dx, *, h=1e-5, tolerance=1e-6, name="x"):
    """Hold an exact gradient against central differences at every index.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape, returns a number.
    x : ndarray of float64
        Where to check; not changed.
    dx : ndarray of float64
        The gradient that is claimed, of x's shape.
    h : float, default 1e-5
        How far to go to each side.
    tolerance : float, default 1e-6
        Largest difference accepted, as a share of the gradient's largest entry.
    name : str, default "x"
        What to call x in the report.

    Returns
    -------
    Report
        Prints as a table; `passed` is the verdict.

    Raises
    ------
    ValueError
        If x or dx is not float64, the shapes differ, or h or tolerance is not above 0.
    """
    if not (h > 0 and tolerance > 0):
        raise ValueError(
            f"h is {h} and tolerance is {tolerance}, expected both above 0; "
            f"1e-5 and 1e-6 suit float64."
        )
    _require_float64(name, x)
    _require_float64(f"d{name}", dx)
    if dx.shape != x.shape:
        raise ValueError(
            f"d{name} has shape {dx.shape}, expected {x.shape}, the shape of {name}; "
            f"a gradient has one entry for each entry of its argument."
        )
    return Report((_check(f, x, dx, h, tolerance, name),), h, tolerance)


def check_layer(forward, backward, args, *, rng, h=1e-5, tolerance=1e-6, **settings):
    """Check the backward pass of a layer for each of its arguments.

    The outputs are weighted by random numbers `dout` and added up to one number,
    E = Σ out ∘ dout, so that ∂E/∂out = dout. A constant `dout` would not do: many a wrong formula
    is right for it.

    Parameters
    ----------
    forward : callable
        `forward(*args, **settings)` returns the output, or a list of them, and the cache; more may
        follow.
    backward : callable
        `backward(dout, cache)` returns a gradient for each of `args`, or the one there is.
    args : sequence of ndarray of float64
        Where to check; not changed.
    rng : numpy.random.Generator
        Draws `dout`.
    h, tolerance : float
        As for `gradcheck`.
    **settings
        Passed on to `forward`.

    Returns
    -------
    Report
        A row for each argument, under its name in `forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnbook.layers import tanh_backward, tanh_forward
    >>> x = np.array([[0.5, -1.0]])
    >>> print(check_layer(tanh_forward, tanh_backward, [x], rng=np.random.default_rng(0)))
    argument  entries  exact  approximate  largest difference  where
    x               2  0.099        0.099         below 1e-06  [0, 0]
    exact and approximate agree
    """
    args = list(args)
    names = _argument_names(forward, len(args))
    for name, arg in zip(names, args, strict=True):
        _require_float64(name, arg)
    out, cache, *_ = forward(*args, **settings)
    several = isinstance(out, list | tuple)
    dout = [rng.standard_normal(each.shape) for each in (out if several else [out])]
    grads = backward(dout if several else dout[0], cache)
    grads = list(grads) if isinstance(grads, list | tuple) else [grads]
    if len(grads) != len(args):
        raise ValueError(
            f"backward returned {len(grads)} gradients for {len(args)} arguments, expected one "
            f"for each; leave constants out of args and pass them as settings."
        )

    def loss_along(position):
        def loss(value):
            moved = [*args[:position], value, *args[position + 1 :]]
            out = forward(*moved, **settings)[0]
            return sum(np.sum(o * d) for o, d in zip(out if several else [out], dout, strict=True))

        return loss

    rows = [
        gradcheck(loss_along(i), arg, grad, h=h, tolerance=tolerance, name=name).rows[0]
        for i, (name, arg, grad) in enumerate(zip(names, args, grads, strict=True))
    ]
    return Report(tuple(rows), h, tolerance)


@dataclass(frozen=True)
class Kink:
    """An entry within h of which the slope jumps, so that no difference can settle it.

    Attributes
    ----------
    where : tuple of int
    exact, left, right : float
        The claimed derivative, and the slope to either side.
    between : bool
        Whether the claimed derivative lies between the two slopes, as every subgradient does.
    """

    where: tuple
    exact: float
    left: float
    right: float
    between: bool


@dataclass(frozen=True)
class Row:
    """The check of one argument.

    Attributes
    ----------
    name : str
    exact, approximate : ndarray
        The claimed gradient and the central differences.
    largest_difference : float
        Of any entry that is at no kink, as a share of the gradient's largest entry.
    where : tuple of int
        The entry that is shown: the one that differs most if the check failed, else the largest.
    kinks : tuple of Kink
    passed : bool
    """

    name: str
    exact: np.ndarray
    approximate: np.ndarray
    largest_difference: float
    where: tuple
    kinks: tuple
    passed: bool


@dataclass(frozen=True, repr=False)
class Report:
    """What a gradient check found; prints as a table that is the same on every machine.

    Attributes
    ----------
    rows : tuple of Row
        One for each argument.
    h, tolerance : float
    """

    rows: tuple
    h: float
    tolerance: float

    @property
    def passed(self):
        """Whether every argument's gradient agrees."""
        return all(row.passed for row in self.rows)

    @property
    def largest_difference(self):
        """The largest difference of any argument, relative to its gradient's largest entry."""
        return max((row.largest_difference for row in self.rows), default=0.0)

    def __repr__(self):
        """Lay the report out as text."""
        table = [("argument", "entries", "exact", "approximate", "largest difference", "where")]
        table += [_cells(row, self.tolerance) for row in self.rows]
        widths = [max(len(line[i]) for line in table) for i in range(6)]
        lines = []
        for name, *numbers, where in table:
            middle = [cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=False)]
            lines.append("  ".join([name.ljust(widths[0]), *middle, where]).rstrip())
        for row in self.rows:
            lines += _warning(row, self.h)
        wrong = [row.name for row in self.rows if not row.passed]
        verb = "differ" if wrong else "agree"
        lines.append(f"exact and approximate {verb}{' in ' if wrong else ''}{', '.join(wrong)}")
        return "\n".join(lines)


def _check(f, x, dx, h, tolerance, name):
    right, left = _both_sides(f, x, h)
    middle = f(x)
    approximate = (right - left) / (2 * h)
    if x.size == 0:
        return Row(name, dx, approximate, 0.0, (), (), True)
    # Below this a difference is rounding: of f, which dividing by h makes larger, or of dx itself.
    rounding = 8 * np.finfo(np.float64).eps * max(abs(middle) / h, 1.0)
    scale = max(_largest(dx), _largest(approximate), rounding / tolerance) or 1.0
    difference = np.nan_to_num(np.abs(dx - approximate) / scale, nan=np.inf)

    jump = np.abs(right - 2 * middle + left) / h
    suspicious = (jump > _SUSPICIOUS_JUMP * scale) | (difference > tolerance)
    slack = tolerance * scale
    smooth = np.ones(x.shape, bool)
    kinks = []
    for place in map(tuple, np.argwhere(suspicious).tolist()):
        if _is_kink(f, x, place, h, jump[place], slack):
            smooth[place] = False
            before, after = (middle - left[place]) / h, (right[place] - middle) / h
            between = min(before, after) - slack <= dx[place] <= max(before, after) + slack
            kinks.append(Kink(place, *map(float, (dx[place], before, after)), bool(between)))
    largest = float(np.max(difference, where=smooth, initial=0.0))
    agrees = largest <= tolerance
    shown = np.where(smooth, np.abs(dx) if agrees else difference, 0)
    # Rounded, so that of entries equal but for their last digits the first is shown everywhere.
    flat = int(np.argmax(np.round(shown / (_largest(shown) or 1.0), 6)))
    where = tuple(int(i) for i in np.unravel_index(flat, x.shape))
    passed = agrees and all(kink.between for kink in kinks)
    return Row(name, dx, approximate, largest, where, tuple(kinks), passed)


def _largest(array):
    """Return the largest size of any finite entry."""
    return float(np.max(np.abs(array), where=np.isfinite(array), initial=0.0))


def _both_sides(f, x, h):
    """Evaluate f with each entry of x moved by h, to the right and to the left."""
    moved = x.copy()
    right, left = np.empty(x.shape), np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved[place] = x[place] + h
        right[place] = f(moved)
        moved[place] = x[place] - h
        left[place] = f(moved)
        moved[place] = x[place]
    return right, left


def _is_kink(f, x, place, h, jump, smallest):
    """Tell a kink from a bend: where f bends, the jump of the slope is ten times less at h/10.

    At a kink it stays, and where the kink lies between h/10 and h away it vanishes.
    """
    if jump <= smallest:
        return False
    moved = x.copy()
    moved[place] = x[place] + h / 10
    right = f(moved)
    moved[place] = x[place] - h / 10
    closer = abs(right - 2 * f(x) + f(moved)) / (h / 10)
    return not 0.05 * jump < closer < 0.2 * jump


def _argument_names(forward, count):
    """Return the names of the first `count` parameters of `forward`."""
    names = list(inspect.signature(forward).parameters)[:count]
    return names + [f"argument {i + 1}" for i in range(len(names), count)]


def _require_float64(name, array):
    if not isinstance(array, np.ndarray) or array.dtype != np.float64:
        found = getattr(array, "dtype", type(array).__name__)
        raise ValueError(
            f"{name} is {found}, expected a float64 array: float32 is too coarse for differences; "
            f"convert it with np.asarray({name}, dtype=np.float64)."
        )


def _cells(row, tolerance):
    """Return the texts of one line of the table."""
    if row.exact.size == 0:
        return row.name, "0", "", "", "", ""
    scale = max(_largest(row.exact), _largest(row.approximate))
    values = [_number(array[row.where], scale) for array in (row.exact, row.approximate)]
    small = row.largest_difference <= tolerance
    difference = f"below {tolerance:.0e}" if small else f"{row.largest_difference:.0e}"
    return row.name, str(row.exact.size), *values, difference, str(list(row.where))


def _number(value, scale):
    """Format with three decimals, or three digits where those would say nothing."""
    if abs(value) <= 1e-8 * scale:
        return "0.000"
    return f"{value:.3f}" if 0.01 <= abs(value) < 10_000 else f"{value:.2e}"


def _warning(row, h):
    """Return the lines that warn of kinks, if there are any."""
    if not row.kinks:
        return []
    kink = next((kink for kink in row.kinks if not kink.between), row.kinks[0])
    scale = max(abs(kink.left), abs(kink.right))
    left, right, exact = (_number(v, scale) for v in (kink.left, kink.right, kink.exact))
    verdict = "lies between" if kink.between else "does not lie between"
    return [
        f"warning: {row.name} is at a kink in {len(row.kinks)} of {row.exact.size} entries, "
        f"left out of the comparison;",
        f"  within {h:.0e} of {row.name}{list(kink.where)} the slope jumps from {left} to {right}; "
        f"exact, {exact}, {verdict}",
    ]
