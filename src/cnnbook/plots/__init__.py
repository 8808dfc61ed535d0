"""Every static picture's drawing code, one module an idea, in one style."""

from cnnbook.plots.conv_layer import (
    draw_depth,
    draw_fields,
    draw_map_rows,
    draw_padded,
    draw_tiling,
)
from cnnbook.plots.curves import (
    draw_coverage,
    draw_minibatch_accuracies,
    draw_minima,
    draw_rates,
    draw_runs,
    draw_schedules,
    draw_training,
    draw_wilson,
)
from cnnbook.plots.dice import (
    draw_bells,
    draw_dice_table,
    draw_mosaic,
    draw_slide,
    draw_stamps,
    draw_waits,
)
from cnnbook.plots.digits import (
    draw_class_counts,
    draw_dealt,
    draw_header,
    draw_pictures,
    draw_visits,
)
from cnnbook.plots.filters import draw_filtered, draw_maps
from cnnbook.plots.graphs import draw_graph
from cnnbook.plots.grids import (
    draw_grid,
    draw_grid_table,
    draw_grids,
    draw_product,
    draw_window,
)
from cnnbook.plots.pairs import draw_pairs
from cnnbook.plots.pooling import draw_shifts
from cnnbook.plots.scales import draw_loss_by_spread, draw_losses, draw_shares, draw_stages
from cnnbook.plots.signals import draw_averages, draw_costs, draw_digit_row
from cnnbook.plots.style import use_style

__all__ = [
    "draw_averages",
    "draw_bells",
    "draw_class_counts",
    "draw_costs",
    "draw_coverage",
    "draw_dealt",
    "draw_depth",
    "draw_dice_table",
    "draw_digit_row",
    "draw_fields",
    "draw_filtered",
    "draw_graph",
    "draw_grid",
    "draw_grid_table",
    "draw_grids",
    "draw_header",
    "draw_loss_by_spread",
    "draw_losses",
    "draw_map_rows",
    "draw_maps",
    "draw_minibatch_accuracies",
    "draw_minima",
    "draw_mosaic",
    "draw_padded",
    "draw_pairs",
    "draw_pictures",
    "draw_product",
    "draw_rates",
    "draw_runs",
    "draw_schedules",
    "draw_shares",
    "draw_slide",
    "draw_shifts",
    "draw_stages",
    "draw_stamps",
    "draw_tiling",
    "draw_training",
    "draw_visits",
    "draw_waits",
    "draw_wilson",
    "draw_window",
    "use_style",
]
