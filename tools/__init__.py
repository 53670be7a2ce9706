"""What the Makefile runs: the local AWS, the deployment to it, and what people ask of both.

Nothing of the service lives here, and nothing of the service imports this.
"""


class ToolError(Exception):
    """What went wrong and what to do about it, in words for the person at the terminal."""
