"""Optimisers: how a gradient becomes a step.

All three change the parameters in place. They work through them a block at a time, so that a block
and its running sums stay in the processor's cache from one operation to the next, and share the
blocks out over the processors.
"""

import math

import numpy as np

from .layers._blocks import over_blocks

_ALIGNMENT = 64


class _Optimizer:
    """What the optimisers share: checks, running sums, blocks and threads.

    A subclass names its running sums in `sums`, one array each for every parameter, and updates
    one block of one parameter in `_update`.
    """

    sums = ()

    def __init__(self):
        self.steps = 0
        self._sums = {}

    def step(self, params, grads, learning_rate):
        """Take one step, changing `params` in place.

        Parameters
        ----------
        params : dict of str to ndarray
            The parameters by name; the same names and shapes at every step.
        grads : dict of str to ndarray
            ∂E/∂parameter under the same names, with the same shapes and dtypes.
        learning_rate : float
            Size of the step, 0 or more.

        Raises
        ------
        ValueError
            If names, shapes or dtypes disagree, a parameter cannot be changed in place, or the
            learning rate is negative or not finite.
        """
        _require_matching(params, grads, learning_rate)
        self._open(params)
        self.steps += 1
        rate = self._rate(float(learning_rate))
        for name, param in params.items():
            self._update_in_blocks(rate, param, grads[name], *self._sums[name].values())

    def state(self):
        """Return copies of all that the next step depends on, as a dict of arrays."""
        state = {"steps": np.array(self.steps, np.int64)}
        for name, sums in self._sums.items():
            state |= {f"{name}.{key}": array.copy() for key, array in sums.items()}
        return state

    def load_state(self, state):
        """Go back to a state that `state` returned; it is copied."""
        self.steps = int(state["steps"])
        self._sums = {}
        for full_name, array in state.items():
            name, dot, key = full_name.rpartition(".")
            if dot and key in self.sums:
                copy = _aligned(np.empty, array.shape, array.dtype)
                copy[...] = array
                self._sums.setdefault(name, {})[key] = copy

    def _open(self, params):
        for name, param in params.items():
            if name not in self._sums:
                self._sums[name] = {
                    key: _aligned(np.zeros, param.shape, param.dtype) for key in self.sums
                }
            for key, array in self._sums[name].items():
                if array.shape != param.shape or array.dtype != param.dtype:
                    raise ValueError(
                        f"{name} has shape {param.shape} and dtype {param.dtype}, but its {key} "
                        f"from earlier steps has {array.shape} and {array.dtype}; use a new "
                        f"optimiser for a new network."
                    )

    def _update_in_blocks(self, rate, *arrays):
        flat = [array.reshape(-1) for array in arrays]
        size, dtype = flat[0].size, flat[0].dtype

        def work(block):
            pieces = [array[block] for array in flat]
            self._update(*pieces, rate, _aligned(np.empty, pieces[0].shape, dtype))

        over_blocks(work, size, dtype.itemsize * (len(flat) + 1))

    def _rate(self, learning_rate):
        return learning_rate


class SGD(_Optimizer):
    """Stochastic gradient descent: θ ← θ − η g."""

    def _update(self, theta, g, rate, scratch):
        np.multiply(g, rate, out=scratch)
        theta -= scratch


class Momentum(_Optimizer):
    """Gradient descent with momentum: v ← μ v + g, θ ← θ − η v.

    Parameters
    ----------
    momentum : float, default 0.9
        μ, the share of the velocity that a step keeps, in [0, 1).

    References
    ----------
    .. [1] B. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    """

    sums = ("v",)

    def __init__(self, momentum=0.9):
        super().__init__()
        _require_share("momentum", momentum)
        self.momentum = float(momentum)

    def _update(self, theta, g, v, rate, scratch):
        v *= self.momentum
        v += g
        np.multiply(v, rate, out=scratch)
        theta -= scratch


class Adam(_Optimizer):
    """Adam, with ε where TensorFlow 1, and so the article, has it.

    With g the gradient and t the number of this step, from 1::

        m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
        ηₜ = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)
        θ ← θ − ηₜ m / (√v + ε)

    This is the form at the end of section 2 of [1]_, where its ε is called ε̂. Algorithm 1 there
    adds ε after v has been corrected for its start at zero, which amounts to ε √(1 − β₂ᵗ) here.

    Parameters
    ----------
    beta1, beta2 : float, default 0.9 and 0.999
        The shares of m and v that a step keeps, in [0, 1).
    epsilon : float, default 1e-8
        Keeps the division from blowing up where v is tiny, above 0.

    References
    ----------
    .. [1] D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    sums = ("m", "v")

    def __init__(self, beta1=0.9, beta2=0.999, epsilon=1e-8):
        super().__init__()
        _require_share("beta1", beta1)
        _require_share("beta2", beta2)
        if not epsilon > 0:
            raise ValueError(
                f"epsilon is {epsilon}, expected a small number above 0 such as 1e-8; "
                f"without it a gradient that is always 0 gives 0/0."
            )
        self.beta1, self.beta2, self.epsilon = float(beta1), float(beta2), float(epsilon)

    def _rate(self, learning_rate):
        correction = math.sqrt(1 - self.beta2**self.steps) / (1 - self.beta1**self.steps)
        return learning_rate * correction

    def _update(self, theta, g, m, v, rate, scratch):
        m *= self.beta1
        np.multiply(g, 1 - self.beta1, out=scratch)
        m += scratch
        v *= self.beta2
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.beta2
        v += scratch
        np.sqrt(v, out=scratch)
        scratch += self.epsilon
        np.divide(m, scratch, out=scratch)
        scratch *= rate
        theta -= scratch


def _aligned(create, shape, dtype):
    """Create an array that begins on a cache line: NumPy writes to it up to twice as fast."""
    size = math.prod(shape) * dtype.itemsize
    room = create(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)


def _require_matching(params, grads, learning_rate):
    if params.keys() != grads.keys():
        odd = sorted(params.keys() ^ grads.keys())
        raise ValueError(
            f"params and grads differ in {', '.join(odd)}, expected the same names in both; "
            f"run the backward pass of every layer first."
        )
    for name, param in params.items():
        grad = grads[name]
        if param.shape != grad.shape or param.dtype != grad.dtype:
            raise ValueError(
                f"the gradient of {name} has shape {grad.shape} and dtype {grad.dtype}, expected "
                f"{param.shape} and {param.dtype} as the parameter has; check the backward pass."
            )
        if not (param.flags.c_contiguous and param.flags.writeable):
            raise ValueError(
                f"{name} is not a writeable array in C order, expected one to change in place; "
                f"pass np.array({name}, order='C')."
            )
    if not (math.isfinite(learning_rate) and learning_rate >= 0):
        raise ValueError(
            f"learning_rate is {learning_rate}, expected a finite number of 0 or more; "
            f"1e-3 is a common start for Adam."
        )


def _require_share(name, value):
    if not 0 <= value < 1:
        raise ValueError(
            f"{name} is {value}, expected 0 or more and below 1; "
            f"it is the share of the old value that stays, often 0.9."
        )
