"""Where the windows of a layer lie: sizes, padding and strides, one axis at a time."""

from typing import NamedTuple

from cnnbook.layers._checks import is_int, require_count


class Axis(NamedTuple):
    """The windows along one axis: entry k of window i meets input iS + kD − before.

    Attributes
    ----------
    size : int
        Entries of the input.
    window : int
        Entries of a window.
    stride, dilation : int
        S, from one window to the next, and D, from one entry of a window to the next.
    before, after : int
        Padding ahead of the input's first entry and behind its last.
    out : int
        Number of windows, which is the output's size.
    """

    size: int
    window: int
    stride: int
    dilation: int
    before: int
    after: int
    out: int

    def entry(self, k):
        """Where entry k of the windows meets the input itself, not its padding.

        Returns
        -------
        outs, ins : slice
            The windows for which it does, and for each of them the input that it meets.
        """
        offset = k * self.dilation - self.before
        first = max(0, -(offset // self.stride))
        stop = min(self.out, (self.size - 1 - offset) // self.stride + 1)
        count = max(0, stop - first)
        start = first * self.stride + offset
        return slice(first, first + count), slice(start, start + count * self.stride, self.stride)


def pair(name, value):
    """Read an int of at least 1, or two of them (vertical, horizontal), as a pair."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2 or not all(is_int(each) and each >= 1 for each in values):
        raise ValueError(
            f"{name} is {value!r}, expected an int of at least 1 or a pair of them "
            f"(vertical, horizontal)."
        )
    return values


def output_size(size, window, stride=1, padding="valid", dilation=1):
    """How many windows fit along one axis, which is the size of the output.

    With the padding P in all, ⌊(size + P − (window − 1)·dilation − 1) / stride⌋ + 1.

    Parameters
    ----------
    size, window : int
        Entries of the input and of a window.
    stride, dilation : int, optional
        Steps from window to window and from entry to entry of a window.
    padding : {"valid", "same"}, int or (before, after), optional
        As in `conv2d_forward`, for this one axis.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If an argument is not of the kind said, or the window does not fit.

    Examples
    --------
    >>> output_size(28, 5)
    24
    >>> output_size(28, 5, padding="same")
    28
    """
    return axis(size, window, stride, padding, dilation).out


def pad_amounts(size, window, stride=1, padding="same", dilation=1):
    """How many zeros are put before and after the input along one axis.

    ``"same"`` is TensorFlow's: just enough for ⌈size / stride⌉ windows; an odd one goes after.

    Parameters
    ----------
    size, window, stride, padding, dilation
        As in `output_size`.

    Returns
    -------
    before, after : int

    Raises
    ------
    ValueError
        If an argument is not of the kind said, or the window does not fit.

    Examples
    --------
    >>> pad_amounts(28, 2, stride=2)
    (0, 0)
    >>> pad_amounts(28, 2)
    (0, 1)
    """
    along = axis(size, window, stride, padding, dilation)
    return along.before, along.after


def axis(size, window, stride, padding, dilation, name="axis"):
    """Lay the windows out along one axis; `name` says which in an error.

    Parameters
    ----------
    size, window, stride, padding, dilation
        As in `output_size`.
    name : str, optional
        What to call the axis when its window does not fit.

    Returns
    -------
    Axis
    """
    require_count(size=size, window=window, stride=stride, dilation=dilation)
    reach = (window - 1) * dilation + 1
    if padding == "same":
        total = max((-(-size // stride) - 1) * stride + reach - size, 0)
        before = total // 2
        after = total - before
    else:
        before, after = _explicit(padding)
    padded = before + size + after
    if reach > padded:
        raise ValueError(
            f"along the {name} the window reaches over {reach} entries and the padded input has "
            f"{padded}, expected a window no larger than that; use padding='same', more padding, "
            f"or a smaller window or dilation."
        )
    return Axis(size, window, stride, dilation, before, after, (padded - reach) // stride + 1)


def axes(sizes, windows, stride, padding, dilation=1):
    """Lay the windows out along the height and the width.

    Parameters
    ----------
    sizes, windows : (int, int)
        Height and width of the input, and of a window.
    stride, padding, dilation
        As in `conv2d_forward`.

    Returns
    -------
    vertical, horizontal : Axis
    """
    strides = pair("stride", stride)
    dilations = pair("dilation", dilation)
    paddings = _padding_pair(padding)
    return tuple(
        axis(*each)
        for each in zip(
            sizes, windows, strides, paddings, dilations, ("height", "width"), strict=True
        )
    )


def _explicit(padding):
    """Read (before, after) of one axis from "valid", an int or a pair."""
    if padding == "valid":
        return 0, 0
    values = tuple(padding) if isinstance(padding, (tuple, list)) else (padding, padding)
    if len(values) != 2 or not all(is_int(each) and each >= 0 for each in values):
        raise _refused(padding)
    return values


def _padding_pair(padding):
    """Read one padding for the height and one for the width from what was given for both."""
    if not isinstance(padding, (tuple, list)):
        return padding, padding
    if len(padding) != 2 or not all(isinstance(each, (tuple, list)) for each in padding):
        raise _refused(padding)
    return tuple(padding)


def _refused(padding):
    return ValueError(
        f"padding is {padding!r}, expected 'valid' or 'same' (in lower case), an int of at least "
        f"0, or ((top, bottom), (left, right)) of such ints."
    )
