"""Training as curves: learning rates, losses, accuracies and how sure one may be of them."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from cnnbook.plots import style

LABEL_BOX = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1}


def draw_rates(rates, *, warmup_steps):
    """Draw the learning rate of each step of a short run as a bar with its number.

    Parameters
    ----------
    rates : sequence of float
        One a step.
    warmup_steps : int
        The first steps, drawn hatched.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 2.5))
    steps = np.arange(1, len(rates) + 1)
    for chosen, hatch, label in (
        (steps <= warmup_steps, "////", "warm-up"),
        (steps > warmup_steps, None, "cosine decay"),
    ):
        axes.bar(
            steps[chosen],
            np.asarray(rates)[chosen],
            width=0.7,
            hatch=hatch,
            facecolor=style.PAPER if hatch else style.INPUT,
            edgecolor=style.INPUT,
            label=label,
        )
    for step, rate in zip(steps, rates, strict=True):
        axes.text(step, rate + 0.02 * max(rates), f"{rate:.3f}", ha="center", va="bottom")
    axes.set(
        xlabel="step $t$",
        ylabel="learning rate $\\eta_t$",
        xticks=steps,
        ylim=(0, 1.18 * max(rates)),
    )
    axes.legend(loc="upper right")
    return figure


def draw_schedules(schedules):
    """Draw the learning rate over the steps, a panel a schedule, all on one scale.

    Parameters
    ----------
    schedules : list of cnnbook.trainer.Schedule

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, all_axes = plt.subplots(
        1, len(schedules), figsize=(style.COLUMN, 2.8), sharey=True, squeeze=False
    )
    for axes, schedule in zip(all_axes[0], schedules, strict=True):
        rates = 1000 * np.array([schedule.learning_rate(step) for step in range(schedule.steps)])
        axes.fill_between(range(schedule.steps), rates, color=style.INPUT, alpha=0.18, lw=0)
        axes.plot(rates, color=style.INPUT)
        axes.set_title(f"{schedule.name}: area {rates.sum() / 1000:.2f}")
        top = int(rates.argmax())
        axes.annotate(
            f"{rates[top]:g}", (top, rates[top]), (4, 4), textcoords="offset points", va="bottom"
        )
        axes.set(xlabel="step", xlim=(0, schedule.steps), ylim=(0, None))
        axes.xaxis.set_major_locator(
            FixedLocator(np.linspace(0, schedule.steps, 3 if schedule.steps > 9_999 else 5))
        )
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    all_axes[0, 0].set(ylabel="learning rate in thousandths", ylim=(0, 3.4))
    return figure


def draw_training(metrics, *, together=1):
    """Draw a training run's loss and its errors in per cent over the steps.

    Parameters
    ----------
    metrics : list of dict
        The records of `cnnbook.trainer.train`.
    together : int
        How many records make one point of the training curve, as their mean.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(style.COLUMN, 4.4), sharex=True)
    looks = [record for record in metrics if "validation_loss" in record]
    look_steps = [record["step"] for record in looks]
    groups = [metrics[i : i + together] for i in range(0, len(metrics), together)]
    steps = [group[-1]["step"] for group in groups]
    loss = [np.mean([record["loss"] for record in group]) for group in groups]
    wrong = [100 * np.mean([1 - record["accuracy"] for record in group]) for group in groups]
    train = {"color": style.INPUT, "lw": 1.2, "label": "training, dropout on"}
    held_out = {"color": style.ERROR, "marker": "o", "ms": 3, "lw": 1.2, "label": "validation"}
    upper.plot(steps, loss, **train)
    upper.plot(look_steps, [record["validation_loss"] for record in looks], **held_out)
    upper.set(ylabel="loss in nats", yscale="log")
    # A group without one wrong answer has no place on a logarithmic axis.
    lower.plot(steps, [errors or np.nan for errors in wrong], **train)
    lower.plot(
        look_steps, [100 * (1 - record["validation_accuracy"]) for record in looks], **held_out
    )
    lower.set(ylabel="errors in per cent", yscale="log", xlabel="step", xlim=(0, steps[-1]))
    lower.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    for axes in (upper, lower):
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.grid(axis="y")
    upper.legend()
    return figure


def draw_minibatch_accuracies(panels, *, batch_size):
    """Draw how often a minibatch's accuracy takes each value, a panel a set of minibatches.

    Parameters
    ----------
    panels : list of (str, sequence of int)
        Title, and how many of each minibatch were right.
    batch_size : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, all_axes = plt.subplots(
        1, len(panels), figsize=(style.COLUMN, 2.5), sharey=True, squeeze=False
    )
    least = min(min(right) for _, right in panels)
    for axes, (title, right) in zip(all_axes[0], panels, strict=True):
        values = np.arange(least, batch_size + 1)
        share = [100 * np.mean(np.asarray(right) == value) for value in values]
        bars = axes.bar(100 * values / batch_size, share, width=0.7, color=style.INPUT)
        axes.bar_label(bars, [f"{s:.0f}" if s else "" for s in share], padding=2)
        axes.set_title(title)
        axes.set(xlabel="accuracy in per cent", xticks=100 * values / batch_size)
        axes.margins(y=0.14)
    all_axes[0, 0].set_ylabel("share in per cent")
    return figure


def draw_wilson(right, count, *, k):
    """Draw where Wilson's interval ends: where the distance is k standard errors.

    Parameters
    ----------
    right, count : int
        Successes and trials.
    k : float
        How many standard errors are allowed.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 2.9))
    share = right / count
    p = np.linspace(0, 1, 1001)
    distance, allowed = np.abs(share - p), k * np.sqrt(p * (1 - p) / count)
    axes.plot(p, distance, color=style.INPUT, label="distance $|\\hat p - p|$")
    axes.plot(p, allowed, color=style.ERROR, ls="--", label="allowed $k\\sqrt{p(1-p)/N}$")
    inside = distance <= allowed
    axes.fill_between(p, distance, allowed, where=inside, color=style.HIGHLIGHT, alpha=0.35, lw=0)
    for end in (p[inside][0], p[inside][-1]):
        height = abs(share - end)
        axes.plot(end, height, "o", color=style.INK)
        axes.axvline(end, color=style.INK, lw=0.8, ls=":")
        axes.text(end, 0.555, f"{end:.3f}", ha="center", va="bottom")
    axes.axvline(share, color=style.GREY, lw=1)
    axes.text(share, 0.555, f"measured {share:g}", ha="center", va="bottom")
    axes.set(xlabel="true accuracy $p$", xlim=(0.4, 1), ylim=(0, 0.55), ylabel="distance")
    axes.legend(loc="lower left")
    return figure


def draw_coverage(true, low, high):
    """Draw many intervals and the true value they ought to contain.

    Parameters
    ----------
    true : float
    low, high : ndarray
        Ends of each interval, in the unit of `true`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 2.5))
    places = np.arange(len(low))
    missed = (low > true) | (high < true)
    for chosen, colour, width, label in (
        (~missed, style.INPUT, 1.0, f"contains the truth: {np.sum(~missed)}"),
        (missed, style.ERROR, 2.6, f"misses it: {np.sum(missed)}"),
    ):
        axes.vlines(places[chosen], low[chosen], high[chosen], color=colour, lw=width, label=label)
    axes.axhline(true, color=style.INK, lw=1)
    axes.set(
        xlabel="simulated test set", ylabel="accuracy in per cent", xlim=(-1, len(low)), xticks=[]
    )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)
    return figure


def draw_runs(groups, *, interval=None, unit="accuracy in per cent"):
    """Draw one row a group: a point a run, the mean as a number and, of several runs, as a bar.

    The points of a row stand at different heights so that none hides another.

    Parameters
    ----------
    groups : dict of str to sequence of float
        Measurements of each group, in per cent.
    interval : (float, float), optional
        A band to draw behind the points.
    unit : str
        Label of the axis.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 0.42 * len(groups) + 0.9))
    if interval is not None:
        axes.axvspan(*interval, color=style.HIGHLIGHT, alpha=0.25, lw=0)
    everything = np.concatenate([np.asarray(values) for values in groups.values()])
    for row, values in enumerate(groups.values()):
        heights = row + 0.12 * (np.arange(len(values)) - (len(values) - 1) / 2)
        axes.plot(values, heights, "o", color=style.INPUT, alpha=0.75)
        mean = np.mean(values)
        if len(values) > 1:
            axes.plot(mean, row, "|", ms=19, mew=2.2, color=style.INK)
        axes.annotate(
            f"{mean:.2f}",
            (1, row),
            (8, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
        )
    axes.text(
        1,
        1.02,
        "  mean",
        transform=axes.transAxes,
        va="bottom",
        fontsize=8.5,
        color=style.GREY_DARK,
    )
    if interval is not None:
        everything = np.append(everything, interval)
    room = 0.05 * (np.ptp(everything) or 1)
    axes.set_yticks(range(len(groups)), list(groups))
    axes.set(
        xlabel=unit,
        xlim=(everything.min() - room, everything.max() + room),
        ylim=(len(groups) - 0.5, -0.5),
    )
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    return figure


def draw_minima(loss, paths, *, between):
    """Draw a loss of one weight with two minima, and where runs from several starts end.

    Parameters
    ----------
    loss : callable
        The loss of an array of weights.
    paths : list of ndarray
        The weights that each run passed through, start first.
    between : (float, float)
        Range of weights to draw.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 2.9))
    theta = np.linspace(*between, 400)
    axes.plot(theta, loss(theta), color=style.GREY_DARK)
    for path, colour, marker in zip(paths, (style.INPUT, style.ERROR), "os", strict=True):
        axes.plot(path, loss(path), marker=marker, ms=3.5, lw=0.8, color=colour, alpha=0.55)
        axes.plot(path[0], loss(path[0]), marker=marker, ms=8, mfc=style.PAPER, color=colour)
        axes.plot(path[-1], loss(path[-1]), marker=marker, ms=8, color=colour)
        axes.annotate(
            f"start {path[0]:g}".replace("-", "−"),
            (path[0], loss(path[0])),
            (11 if path[0] < path[-1] else -11, 0),
            textcoords="offset points",
            ha="left" if path[0] < path[-1] else "right",
            va="center",
        )
        axes.annotate(
            f"end {path[-1]:.2f}, loss {loss(path[-1]):.2f}".replace("-", "−"),
            (path[-1], loss(path[-1])),
            (0, -17),
            textcoords="offset points",
            ha="center",
            color=colour,
            bbox=LABEL_BOX,
        )
    low = min(loss(theta))
    axes.set(xlabel="weight $\\theta$", ylabel="loss", ylim=(low - 0.9, None))
    axes.yaxis.set_minor_locator(NullLocator())
    return figure
