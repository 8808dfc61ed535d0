"""Every static picture's drawing code, one module an idea, in one style."""

from cnnbook.plots.activations import (
    draw_folds,
    draw_functions,
    draw_plane,
    draw_revival,
    draw_ten_layers,
)
from cnnbook.plots.conv_back import (
    draw_fan,
    draw_returned_stamps,
    draw_spread,
    draw_turned,
    draw_two_ways,
)
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
from cnnbook.plots.forward import (
    draw_answers,
    draw_every_map,
    draw_flow,
    draw_growth,
    draw_loss_by_sigma,
    draw_neurons,
    draw_surprise,
)
from cnnbook.plots.graphs import draw_graph
from cnnbook.plots.grids import (
    draw_grid,
    draw_grid_table,
    draw_grids,
    draw_product,
    draw_window,
)
from cnnbook.plots.layers import (
    draw_channels,
    draw_connections,
    draw_film,
    draw_network,
    draw_numbers,
    draw_one_output,
)
from cnnbook.plots.pairs import draw_pairs
from cnnbook.plots.pool_back import (
    draw_added_up,
    draw_borders,
    draw_broken_runs,
    draw_kinks,
    draw_there_and_back,
)
from cnnbook.plots.pooling import draw_halved, draw_pool_windows, draw_shifts
from cnnbook.plots.scales import draw_loss_by_spread, draw_losses, draw_shares, draw_stages
from cnnbook.plots.signals import draw_averages, draw_costs, draw_digit_row
from cnnbook.plots.style import use_style

__all__ = [
    "draw_added_up",
    "draw_answers",
    "draw_averages",
    "draw_bells",
    "draw_borders",
    "draw_broken_runs",
    "draw_channels",
    "draw_class_counts",
    "draw_connections",
    "draw_costs",
    "draw_coverage",
    "draw_dealt",
    "draw_depth",
    "draw_dice_table",
    "draw_digit_row",
    "draw_every_map",
    "draw_fan",
    "draw_fields",
    "draw_film",
    "draw_filtered",
    "draw_flow",
    "draw_folds",
    "draw_functions",
    "draw_graph",
    "draw_grid",
    "draw_grid_table",
    "draw_grids",
    "draw_growth",
    "draw_halved",
    "draw_header",
    "draw_kinks",
    "draw_loss_by_sigma",
    "draw_loss_by_spread",
    "draw_losses",
    "draw_map_rows",
    "draw_maps",
    "draw_minibatch_accuracies",
    "draw_minima",
    "draw_mosaic",
    "draw_network",
    "draw_neurons",
    "draw_numbers",
    "draw_one_output",
    "draw_padded",
    "draw_pairs",
    "draw_pictures",
    "draw_plane",
    "draw_pool_windows",
    "draw_product",
    "draw_rates",
    "draw_returned_stamps",
    "draw_revival",
    "draw_runs",
    "draw_schedules",
    "draw_shares",
    "draw_shifts",
    "draw_slide",
    "draw_spread",
    "draw_stages",
    "draw_stamps",
    "draw_surprise",
    "draw_ten_layers",
    "draw_there_and_back",
    "draw_tiling",
    "draw_training",
    "draw_turned",
    "draw_two_ways",
    "draw_visits",
    "draw_waits",
    "draw_wilson",
    "draw_window",
    "use_style",
]
