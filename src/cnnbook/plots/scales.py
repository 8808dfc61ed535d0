"""How large the numbers in a network are: stage by stage, at the start, and in training."""

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.plots import style

MARKERS = "osD^"


def draw_shares(shares):
    """Draw one bar a quantity, cut into the layers' shares.

    Parameters
    ----------
    shares : dict of str to dict of str to int
        For each quantity, how much of it each layer has.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 0.75 * len(shares) + 0.6))
    colours = [style.HIGHLIGHT, style.OUTPUT, style.KERNEL, style.GRADIENT]
    hatches = ["", "//", "", "xx"]
    for k, parts in enumerate(shares.values()):
        total, left = sum(parts.values()), 0.0
        for (layer, amount), colour, hatch in zip(parts.items(), colours, hatches, strict=True):
            share = 100 * amount / total
            label = layer if k == 0 else None
            axes.barh(
                k,
                share,
                left=left,
                height=0.62,
                color=colour,
                hatch=hatch,
                edgecolor=style.PAPER,
                label=label,
            )
            if share > 6:
                axes.text(
                    left + share / 2,
                    k,
                    f"{layer}  {share:.1f} %",
                    ha="center",
                    va="center",
                    bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 2},
                )
            left += share
    axes.set_yticks(range(len(shares)), list(shares))
    axes.set(xlim=(0, 100), xlabel="share of the network's total in per cent")
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(ncols=len(colours), loc="outside upper center")
    return figure


def draw_stages(sizes, predicted):
    """Draw the root mean square of every stage of a network, one line a network.

    Parameters
    ----------
    sizes : dict of str to dict of str to float
        For each network, the measured root mean square of each stage.
    predicted : dict of str to dict of str to float
        The same for the stages that a formula predicts.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 3.1))
    colours = (style.ERROR, style.INPUT)
    for (network, measured), colour, marker in zip(sizes.items(), colours, MARKERS, strict=False):
        places = range(len(measured))
        axes.plot(places, measured.values(), color=colour, marker=marker, label=network)
        axes.plot(
            [list(measured).index(stage) for stage in predicted[network]],
            predicted[network].values(),
            ls="none",
            marker="_",
            ms=17,
            mew=2,
            color=style.INK,
        )
        end = list(measured.values())[-1]
        axes.annotate(f"{end:.1f}", (len(measured) - 1, end), (7, -3), textcoords="offset points")
    axes.plot([], [], ls="none", marker="_", ms=12, mew=2, color=style.INK, label="predicted")
    axes.set_xticks(range(len(measured)), list(measured))
    axes.set_yscale("log")
    axes.set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
    axes.minorticks_off()
    axes.set(ylabel="root mean square", xlabel="stage")
    axes.grid(axis="y")
    axes.legend(loc="upper left", frameon=True, framealpha=1, edgecolor="none")
    return figure


def draw_loss_by_spread(spreads, losses, points):
    """Draw the loss to expect from random logits over their spread, and measured losses on it.

    Parameters
    ----------
    spreads, losses : sequence of float
        The curve: standard deviation of the logits, and mean loss in nats.
    points : dict of str to (float, float)
        Measured spread and loss of each network.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 3.2))
    axes.plot(spreads, losses, color=style.GREY_DARK, label="expected of normal logits")
    axes.axhline(np.log(10), color=style.GREY, ls="--", lw=1)
    axes.text(max(spreads), np.log(10) - 0.15, "ln 10", ha="right", va="top", color=style.GREY_DARK)
    colours = (style.INPUT, style.OUTPUT, style.ERROR, style.GRADIENT)
    for (name, (spread, loss)), colour, marker in zip(
        points.items(), colours, MARKERS, strict=True
    ):
        axes.plot(spread, loss, ls="none", marker=marker, ms=8, color=colour, label=name)
    axes.set(
        xlabel="standard deviation of the logits",
        ylabel="loss in nats",
        xlim=(0, max(spreads)),
        ylim=(0, None),
    )
    axes.legend(loc="upper left")
    return figure


def draw_losses(losses, *, floor=None, floor_label=None):
    """Draw losses over the steps of training on a logarithmic axis.

    Parameters
    ----------
    losses : dict of str to sequence of float
        For each run, the loss before every step.
    floor : float, optional
        A loss that cannot be undercut, drawn as a line with `floor_label`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 2.7))
    colours = (style.INPUT, style.ERROR)
    for (name, values), colour, line in zip(losses.items(), colours, ("-", "--"), strict=False):
        axes.plot(values, color=colour, ls=line, label=name)
    axes.set(yscale="log", xlabel="steps taken", ylabel="loss in nats", xlim=(0, None))
    if floor is not None:
        axes.axhline(floor, color=style.GREY, ls=":", lw=1)
        axes.text(
            len(values) - 1, floor * 0.9, floor_label, ha="right", va="top", color=style.GREY_DARK
        )
    axes.grid(axis="y")
    axes.legend(loc="lower left", frameon=True, framealpha=1, edgecolor="none")
    return figure
