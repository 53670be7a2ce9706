"""How a command ends early: Failure is exit status 1, UsageError 2."""


class Failure(Exception):  # noqa: N818 - an outcome, beside the errors of the library
    """The command failed; the text says why and what to do."""


class UsageError(Exception):
    """The arguments are wrong."""
