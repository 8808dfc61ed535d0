"""What the tests of several layers share."""

import numpy as np
import pytest


@pytest.fixture
def dtypes_made(monkeypatch):
    """Collect the dtype of each array that `np.empty`, `np.zeros` and `np.ones` make."""
    dtypes = set()

    def recording(make):
        def recorded(*args, **kwargs):
            array = make(*args, **kwargs)
            dtypes.add(array.dtype)
            return array

        return recorded

    for name in ("empty", "zeros", "ones"):
        monkeypatch.setattr(np, name, recording(getattr(np, name)))
    return dtypes
