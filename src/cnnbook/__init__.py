"""The code of *From Dice to Digits*: convolutional networks derived, run and checked."""

import os

# TensorFlow reads this when it is first imported; without it every chapter that uses TensorFlow
# would begin with start-up messages that differ from machine to machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

__version__ = "1.0.0"
