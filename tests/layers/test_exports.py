"""Every layer function imports from `cnnbook.layers`, whatever module it lives in."""

import importlib
import inspect
import pkgutil

from cnnbook import layers


def test_every_public_function_is_exported():
    found = {"output_size", "pad_amounts"}
    for module in pkgutil.iter_modules(layers.__path__):
        if module.name.startswith("_"):
            continue
        name = f"cnnbook.layers.{module.name}"
        for function, value in inspect.getmembers(importlib.import_module(name), callable):
            if value.__module__ == name and function.endswith(("_forward", "_backward", "_mask")):
                found.add(function)
    assert len(found) > 20
    assert found <= set(layers.__all__)
    for name in layers.__all__:
        assert getattr(layers, name).__doc__
