"""The graph of a traced TensorFlow function, drawn one row an operation.

The forward operations run down the page. In a training step each backward operation stands in the
row of the forward operation it belongs to, so that the picture reads like the chain rule.
"""

from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from cnnbook.plots import style

# Which operation carries the error back through a forward operation; an addition needs none.
BACKWARD = {
    "Conv2D": "Conv2DBackpropInput",
    "MaxPool": "MaxPoolGrad",
    "MatMul": "MatMul",
    "Mul": "Mul",
    "Relu": "ReluGrad",
    "Reshape": "Reshape",
    "SparseSoftmaxCrossEntropyWithLogits": "Mul",
}
PASSES_ERROR_ON = {"AddV2"}
UPDATE = "ResourceApplyAdam"
GRADIENT_INPUT = 9  # of the update operation: var, m, v, six scalars, gradient

ROW, BOX = 0.36, 0.23  # inches: from one row to the next, and the height of a box
WIDTH, SIDE, UPDATE_WIDTH = 1.28, 0.88, 1.02  # inches: of an operation, of what enters, of Adam
LONG_NAMES = {"SparseSoftmaxCrossEntropyWithLogits": "SparseSoftmaxCross-\nEntropyWithLogits"}


class FewColoursCanvas(FigureCanvasAgg):
    """A canvas that writes PNGs with a palette of 64 colours.

    A drawing of boxes, lines and words needs no more, and its file is a third of the size.
    """

    def print_png(self, filename_or_obj, **_options):
        """Write the figure as PNG; matplotlib hands over options that a PNG has no use for."""
        self.draw()
        picture = Image.fromarray(np.asarray(self.buffer_rgba())).convert("RGB").quantize(64)
        dpi = (self.figure.dpi, self.figure.dpi)
        picture.save(filename_or_obj, format="png", dpi=dpi, optimize=True)


@dataclass
class Row:
    """One operation on the way from the data to the result, and what belongs to it.

    Attributes
    ----------
    operation : tf.Operation
    sides : list of str
        Names of what else goes in: variables and further inputs of the function.
    error, gradient : tf.Operation or None
        In a training step, what carries the error further back and what computes the gradient.
    updated : str or None
        The variable that the gradient changes.
    """

    operation: object
    sides: list = field(default_factory=list)
    error: object = None
    gradient: object = None
    updated: str | None = None

    @property
    def shape(self):
        """The shape of the operation's result, None where it is left open."""
        return tuple(self.operation.outputs[0].shape)


def _ancestors(operation):
    """Return the names of all operations whose results `operation` uses, its own included."""
    seen, waiting = set(), [operation]
    while waiting:
        current = waiting.pop()
        if current.name not in seen:
            seen.add(current.name)
            waiting.extend(tensor.op for tensor in current.inputs)
    return seen


def _variable_names(function):
    """Map the name of each captured placeholder to the name of the variable behind it."""
    handles = {id(variable.handle): variable.name for variable in function.graph.variables}
    return {
        inner.op.name: handles[id(outer)].split(":")[0]
        for outer, inner in function.graph.captures
        if id(outer) in handles
    }


def rows_of(function):
    """Find the operations that turn a function's first input into its first result.

    Parameters
    ----------
    function : concrete function
        From `tf.function(...).get_concrete_function(...)`.

    Returns
    -------
    list of Row
        In the order of the computation, the input first. Constants and plumbing are left out; in a
        training step each row also knows its backward operations.
    """
    graph = function.graph
    variables = _variable_names(function)
    needed = _ancestors(graph.outputs[0].op)
    touched = {graph.inputs[0].op.name}
    rows = []
    for operation in graph.get_operations():
        sources = [tensor.op for tensor in operation.inputs]
        if not touched & {operation.name, *(source.name for source in sources)}:
            continue
        touched.add(operation.name)
        if operation.name in needed and operation.type != "Identity":
            sides = [_side_name(s, variables) for s in sources if s.name not in touched]
            rows.append(Row(operation, [name for name in sides if name]))
    _add_backward(rows, graph, variables)
    return rows


def _side_name(source, variables):
    if source.type == "ReadVariableOp":
        return variables[source.inputs[0].op.name]
    return source.name if source.type == "Placeholder" else None


def _add_backward(rows, graph, variables):
    """Put every backward operation into the row of the forward operation it belongs to."""
    row_of_variable = {name: row for row in rows for name in row.sides}
    used = set()
    for update in graph.get_operations():
        if update.type != UPDATE:
            continue
        name = variables[update.inputs[0].op.name]
        gradient = update.inputs[GRADIENT_INPUT].op
        used |= _ancestors(gradient)
        while gradient.type == "Reshape":  # only gives the sum for a bias the shape it has already
            gradient = gradient.inputs[0].op
        row_of_variable[name].gradient, row_of_variable[name].updated = gradient, name
    forward = {row.operation.name for row in rows}
    gradients = {row.gradient.name for row in rows if row.gradient is not None}
    shapes = {row.shape for row in rows if len(row.shape) > 1}
    errors = [
        operation
        for operation in graph.get_operations()
        if operation.name in used - forward - gradients
        and operation.type in BACKWARD.values()
        and tuple(operation.outputs[0].shape) in shapes
    ]
    for row in reversed(rows):
        if errors and BACKWARD.get(row.operation.type) == errors[0].type:
            row.error = errors.pop(0)


def draw_graph(function):
    """Draw the operations of a traced function; of a training step, forward and backward.

    Parameters
    ----------
    function : concrete function

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = rows_of(function)
    training = any(row.gradient is not None for row in rows)
    height = ROW * (len(rows) + 1.4)
    figure = plt.figure(figsize=(style.COLUMN, height), layout="none")
    FewColoursCanvas(figure)  # becomes figure.canvas
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, style.COLUMN), ylim=(height, 0))
    axes.axis("off")
    columns = (0.5, 1.7, 3.18, 4.72, 6.02) if training else (1.2, 3.0, 4.7)
    heads = (
        ("variables,\nother inputs", "forward ↓", "error ↑", "gradient →", "update")
        if training
        else ("variables", "operation ↓", "shape of its result")
    )
    for x, head in zip(columns, heads, strict=False):
        axes.text(x, 0.26, head, ha="center", va="center", weight="bold", size=8.5)
    for k, row in enumerate(rows):
        y = ROW * (k + 1.7)
        last = k == len(rows) - 1
        _draw_forward(axes, row, columns, y, first=k == 0, last=last, training=training)
        if training and k:
            _draw_backward(axes, row, columns, y, last=last)
    return figure


def _draw_forward(axes, row, columns, y, *, first, last, training):
    side_x, x = columns[:2]
    colour = style.INPUT if first else style.OUTPUT if last else style.GREY_DARK
    label = row.operation.name if first else row.operation.type
    _box(axes, x, y, WIDTH, LONG_NAMES.get(label, label), colour, bold=first or last)
    if not last:
        _arrow(axes, (x, y + BOX / 2), (x, y + ROW - BOX / 2), style.INK)
    for name in row.sides:
        given = name in ("labels", "dropout_mask")
        _box(axes, side_x, y, SIDE, name, style.INPUT if given else style.KERNEL)
        _arrow(axes, (side_x + SIDE / 2, y), (x - WIDTH / 2, y), style.GREY_DARK)
    if not training:
        shape = " × ".join("N" if size is None else f"{size}" for size in row.shape)
        axes.text(columns[2], y, shape, ha="center", va="center", size=8.5)


def _draw_backward(axes, row, columns, y, *, last):
    """Draw what stands right of a forward operation; the error enters each row from below."""
    x, error_x, gradient_x, update_x = columns[1:]
    below, above = y + ROW / 2, y - ROW / 2
    if last:
        axes.plot([x + WIDTH / 2, error_x, error_x], [y, y, above], color=style.ERROR, lw=1.3)
    elif row.error is not None:
        _arrow(axes, (error_x, below), (error_x, y + BOX / 2), style.ERROR)
        _box(axes, error_x, y, WIDTH, row.error.type, style.ERROR)
        axes.plot([error_x] * 2, [y - BOX / 2, above], color=style.ERROR, lw=1.3)
        _arrow(axes, (x + WIDTH / 2, y), (error_x - WIDTH / 2, y), style.GREY, dashed=True)
    elif row.operation.type in PASSES_ERROR_ON:
        axes.plot([error_x] * 2, [below, above], color=style.ERROR, lw=1.3)
    if row.gradient is not None:
        turn = gradient_x - WIDTH / 2 - 0.15
        axes.plot([error_x, turn, turn], [below, below, y], color=style.ERROR, lw=1.0)
        _arrow(axes, (turn, y), (gradient_x - WIDTH / 2, y), style.ERROR)
        _box(axes, gradient_x, y, WIDTH, row.gradient.type, style.GRADIENT)
        _box(axes, update_x, y, UPDATE_WIDTH, f"Adam: {row.updated}", style.KERNEL)
        _arrow(axes, (gradient_x + WIDTH / 2, y), (update_x - UPDATE_WIDTH / 2, y), style.GRADIENT)


def _box(axes, x, y, width, text, colour, *, bold=False):
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - BOX / 2),
            width,
            BOX,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=style.PAPER,
            edgecolor=colour,
            linewidth=2.0 if bold else 1.2,
        )
    )
    size = 5.6 if "\n" in text else 7.4
    axes.text(x, y, text, ha="center", va="center", size=size, linespacing=0.95)


def _arrow(axes, start, end, colour, *, dashed=False):
    axes.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "lw": 1.0,
            "ls": ":" if dashed else "-",
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": 7,
        },
    )
