"""Training steps and evaluation in TensorFlow 2: the engine that `cnnbook.trainer` drives."""

from .quiet_tensorflow import tf
from .tf_model import ArticleNetwork, loss_of


def matmul(x, w):
    """Multiply two matrices as `tf.matmul` does; take the gradient by `x` in half the time.

    TensorFlow takes it with its operation MatMul, told to transpose `w`, and that leaves all but
    one core idle where oneDNN does the work. The same sum as an einsum is shared between the cores:
    4 ms and not 8 for fc1 on two of them, of 45 for a step.

    Parameters
    ----------
    x : tensor, shape (N, D)
    w : tensor or tf.Variable, shape (D, F)

    Returns
    -------
    tensor, shape (N, F)
    """
    return _matmul(x, tf.convert_to_tensor(w))


@tf.custom_gradient
def _matmul(x, w):
    def gradient(dout):
        return tf.einsum("nf,df->nd", dout, w), tf.matmul(x, dout, transpose_a=True)

    return tf.matmul(x, w), gradient


class Adam:
    """Adam as TensorFlow 1 computes it, by the same kernel.

    The kernel adds epsilon to sqrt(v) before the bias of v is corrected ("epsilon hat" in [1]_).

    Parameters
    ----------
    variables : list of tf.Variable
    beta1, beta2, epsilon : float
        TensorFlow 1's defaults; the article sets none of them.

    References
    ----------
    .. [1] D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 2.
    """

    def __init__(self, variables, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.variables = list(variables)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.m = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.variables]
        self.v = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.variables]

    def apply(self, gradients, step, learning_rate):
        """Move every variable against its gradient.

        Parameters
        ----------
        gradients : list of tensor
            One for each variable.
        step : scalar tensor
            How many updates were made before this one.
        learning_rate : scalar tensor
        """
        dtype = self.variables[0].dtype
        updates = tf.cast(step, tf.float64) + 1.0  # beta2**20000 needs float64's exponent range
        beta1_power = tf.cast(tf.pow(tf.constant(self.beta1, tf.float64), updates), dtype)
        beta2_power = tf.cast(tf.pow(tf.constant(self.beta2, tf.float64), updates), dtype)
        for variable, m, v, gradient in zip(self.variables, self.m, self.v, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=m.handle,
                v=v.handle,
                beta1_power=beta1_power,
                beta2_power=beta2_power,
                lr=tf.cast(learning_rate, dtype),
                beta1=tf.constant(self.beta1, dtype),
                beta2=tf.constant(self.beta2, dtype),
                epsilon=tf.constant(self.epsilon, dtype),
                grad=gradient,
            )


class TensorFlowEngine:
    """The article's network with its optimiser, one training step at a time.

    Parameters
    ----------
    weights : dict of str to ndarray
        What the run starts from: the arrays of `cnnbook.weights.SHAPES`.
    """

    name = "tensorflow"
    version = tf.__version__

    def __init__(self, weights):
        self.network = ArticleNetwork(weights, matmul)
        self.variables = self.network.named_variables()
        self.adam = Adam(self.variables.values())
        self._step = tf.function(self._traced_step, reduce_retracing=True)
        self._logits = tf.function(self.network, reduce_retracing=True)

    def _traced_step(self, images, labels, dropout_mask, step, learning_rate):
        with tf.GradientTape() as tape:
            logits = self.network(images, dropout_mask)
            loss = loss_of(logits, labels)
        gradients = tape.gradient(loss, self.adam.variables)
        self.adam.apply(gradients, step, learning_rate)
        correct = tf.argmax(logits, axis=1, output_type=labels.dtype) == labels
        return loss, tf.reduce_mean(tf.cast(correct, tf.float32))

    def step(self, images, labels, dropout_mask, step, learning_rate):
        """Take one training step.

        Parameters
        ----------
        images : ndarray, shape (N, 28, 28, 1)
        labels : ndarray of int, shape (N,)
        dropout_mask : ndarray, shape (N, 1024)
        step : int
            How many steps were taken before this one.
        learning_rate : float

        Returns
        -------
        loss, accuracy : float
            Of this minibatch, as it was before the step, with dropout on.
        """
        loss, accuracy = self._step(
            tf.constant(images),
            tf.constant(labels),
            tf.constant(dropout_mask),
            tf.constant(step, tf.int64),
            tf.constant(learning_rate, tf.float64),
        )
        return float(loss), float(accuracy)

    def logits(self, images):
        """Return the logits, ndarray of shape (N, 10), with nothing dropped."""
        return self._logits(tf.constant(images)).numpy()

    def weights(self):
        """Return copies of the eight arrays by name."""
        return self.network.weights()

    def state(self):
        """Return all that a checkpoint must hold, as a dict of arrays."""
        state = {}
        for (name, variable), m, v in zip(
            self.variables.items(), self.adam.m, self.adam.v, strict=True
        ):
            state |= {name: variable.numpy(), f"{name}.m": m.numpy(), f"{name}.v": v.numpy()}
        return state

    def load_state(self, state):
        """Go back to a state that `state` returned."""
        for (name, variable), m, v in zip(
            self.variables.items(), self.adam.m, self.adam.v, strict=True
        ):
            variable.assign(state[name])
            m.assign(state[f"{name}.m"])
            v.assign(state[f"{name}.v"])


def repeatable():
    """Make TensorFlow give the same bits for the same step, whatever its threads do.

    Call it before anything is traced.
    """
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(0)
