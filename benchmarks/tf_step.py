"""The trainer's TensorFlow step against three other ways to take it, in one process, in turn.

    python benchmarks/tf_step.py

(a) the bare compiled step on one minibatch that is already there: what the trainer adds to it;
(b) the article's loop, written afresh on `tf.compat.v1`: a session, a feed dictionary, and the
    accuracy of the coming minibatch before every step. It costs a forward pass more than ours, so
    the ratio tells what share of a step the forward pass is on this machine;
(c) `keras.Model.fit` on the same network, batch and optimiser.
"""

import dataclasses
import statistics

import keras
import numpy as np
from parts import without

from cnnbook import mnist, trainer, weights
from cnnbook.quiet_tensorflow import tf
from cnnbook.tf_train import TensorFlowEngine
from layers import times_in_turn

BATCH = 100
CHUNK = 50
LIMITS = {"bare": 1.1, "article": 1 / 1.3, "fit": 1.0}
ARTICLE = trainer.SCHEDULES["article"]


def trainer_chunk(data, steps, engine_class=TensorFlowEngine):
    """Return a function that takes so many steps as the trainer does, from batch to report."""
    schedule = dataclasses.replace(ARTICLE, steps=steps)
    engine = engine_class(trainer.start(schedule, 0))
    data = without(data, "validation", "test")
    return lambda: trainer.train(engine, data, schedule)


def bare_chunk(data):
    """Return a function that runs the compiled step CHUNK times on tensors made beforehand."""
    engine = TensorFlowEngine(trainer.start(ARTICLE, 0))
    images = tf.constant(data.train.images[:BATCH])
    labels = tf.constant(data.train.labels[:BATCH])
    mask = tf.constant(np.full((BATCH, 1024), 2, np.float32))
    step, rate = tf.constant(0, tf.int64), tf.constant(1e-4, tf.float64)

    def chunk():
        for _ in range(CHUNK):
            loss, _ = engine._step(images, labels, mask, step, rate)
        loss.numpy()

    return chunk


def article_chunk(data):
    """Return a function that takes CHUNK steps in the way of TensorFlow 1."""
    v1 = tf.compat.v1
    graph = tf.Graph()
    with graph.as_default():
        pixels = v1.placeholder(tf.float32, [None, 784])
        targets = v1.placeholder(tf.float32, [None, 10])
        keep = v1.placeholder(tf.float32)
        w = {name: v1.Variable(value) for name, value in weights.initial("article").items()}
        x = tf.reshape(pixels, [-1, 28, 28, 1])
        for layer in ("conv1", "conv2"):
            x = tf.nn.conv2d(x, w[f"{layer}_w"], 1, "SAME") + w[f"{layer}_b"]
            x = tf.nn.max_pool2d(tf.nn.relu(x), 2, 2, "SAME")
        x = tf.nn.relu(tf.reshape(x, [-1, 3136]) @ w["fc1_w"] + w["fc1_b"])
        x = v1.nn.dropout(x, keep_prob=keep)
        logits = x @ w["fc2_w"] + w["fc2_b"]
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
        train = v1.train.AdamOptimizer(1e-4).minimize(loss)
        right = tf.equal(tf.argmax(logits, 1), tf.argmax(targets, 1))
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
        session = v1.Session(graph=graph)
        session.run(v1.global_variables_initializer())

    flat = data.train.images.reshape(-1, 784)
    one_hot = mnist.one_hot(data.train.labels)

    def chunk():
        for i in range(CHUNK):
            batch = slice(i * BATCH, (i + 1) * BATCH)
            feed = {pixels: flat[batch], targets: one_hot[batch], keep: 1.0}
            session.run([accuracy, loss], feed)
            session.run(train, feed | {keep: 0.5})

    return chunk


def fit_chunk(data):
    """Return a function that takes CHUNK steps with `keras.Model.fit`."""
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2, padding="same"),
            layers.Conv2D(64, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2, padding="same"),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )
    model.compile(
        keras.optimizers.Adam(1e-4, epsilon=1e-8),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    images, labels = data.train.images[: CHUNK * BATCH], data.train.labels[: CHUNK * BATCH]
    return lambda: model.fit(images, labels, batch_size=BATCH, epochs=1, verbose=0)


def measure(rounds=9):
    """Return the median ratio of the trainer's time to each of the others', over the rounds."""
    data = mnist.load()
    chunks = {
        "trainer": trainer_chunk(data, CHUNK),
        "bare": bare_chunk(data),
        "article": article_chunk(data),
        "fit": fit_chunk(data),
    }
    times = times_in_turn(chunks, rounds)
    results = []
    for name, limit in LIMITS.items():
        ratio = statistics.median(
            ours / theirs for ours, theirs in zip(times["trainer"], times[name], strict=True)
        )
        results.append(
            {
                "name": f"TensorFlow step, the trainer's against {name}",
                "ratio": ratio,
                "limit": limit,
                "ok": ratio <= limit,
                "milliseconds": {
                    "trainer": 1e3 * statistics.median(times["trainer"]) / CHUNK,
                    name: 1e3 * statistics.median(times[name]) / CHUNK,
                },
            }
        )
    return results


def summary(result):
    """Return one line for a result of `measure`."""
    times = ", ".join(f"{name} {ms:.1f} ms" for name, ms in result["milliseconds"].items())
    return f"{result['name']}: {result['ratio']:.2f}x (at most {result['limit']:.2f}x), {times}"


if __name__ == "__main__":
    for result in measure():
        print(summary(result))
