"""A token as a header holds it. Nothing here, nor what it raises, shows the token's text."""

import re

_TOKEN = re.compile(r"[!-~]+")
"""Visible ASCII: https://www.rfc-editor.org/rfc/rfc9110#section-5.5, without spaces."""


def clean_token(token: object) -> str | None:
    """Return a token without white space around it, as text; None for none and an empty one.

    Raises TypeError for what is not text or bytes, ValueError for what no header may hold.
    """
    if token is None:
        return None
    if isinstance(token, bytes):
        token = token.decode("latin-1")
    if not isinstance(token, str):
        raise TypeError(f"The token must be a string, not {type(token).__name__}")
    text = token.strip()
    if text.lower().startswith("bearer "):
        raise ValueError("The token must be given without the word `Bearer` before it")
    if text and not _TOKEN.fullmatch(text):
        # Not which character, nor where.
        raise ValueError(
            "The token holds a character that no HTTP header may hold: white space, a control "
            "character, or one beyond ASCII. Is it the token alone, and whole?"
        )
    return text or None


def redact(text: str, *secrets: str | None) -> str:
    """Return a text of the network without these secrets, which a peer may have repeated."""
    for secret in secrets:
        text = text.replace(secret, "(a token)") if secret else text
    return text
