"""How a command ends early: Failure is exit status 1, UsageError 2, OutputError 3."""


class Failure(Exception):  # noqa: N818 - an outcome, beside the errors of the library
    """The command failed; the text says why and what to do."""


class UsageError(Exception):
    """The arguments are wrong."""


class OutputError(Exception):
    """It is done, but standard output did not take the result; the text says which."""
