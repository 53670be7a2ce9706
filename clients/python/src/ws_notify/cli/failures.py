"""How a command ends early: Failure is exit status 1, UsageError 2."""


class Failure(Exception):  # noqa: N818 - an outcome, beside the errors of the library
    """It did not work; the text says why and what to do."""


class UsageError(Exception):
    """It cannot be done as it was asked for."""
