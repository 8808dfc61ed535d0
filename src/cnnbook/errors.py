"""The one exception for what a reader can put right."""


class InputError(ValueError):
    """Something given to the book (a file, a folder, a flag) cannot be used.

    The message is one sentence or two: what was found, what was expected, what to do. The command
    line prints it without a traceback and exits with 2.
    """
