"""`import tensorflow as tf`, without the messages TensorFlow prints while it starts.

The messages name the processor, so they differ from machine to machine, and they come from C++
before any log level is looked at: the only way past them is to look away while they are printed.
Errors in the import itself are Python's and are raised as ever.
"""

import os
import sys

sys.stderr.flush()
_stderr = os.dup(2)
_nowhere = os.open(os.devnull, os.O_WRONLY)
try:
    os.dup2(_nowhere, 2)
    import tensorflow as tf
finally:
    os.dup2(_stderr, 2)
    os.close(_nowhere)
    os.close(_stderr)

__all__ = ["tf"]
