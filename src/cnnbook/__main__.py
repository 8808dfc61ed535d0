"""Run the command line: `python -m cnnbook`."""

import sys

from .cli import main

sys.exit(main())
