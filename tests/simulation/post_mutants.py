"""Ways to break a post: its attempts, and what is made of their answers."""

import re
from typing import Any

from lambdas.layer import limits, post
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.post import Outcome, Post, Poster, PostResult, Unconfirmed
from tests.simulation.publish_mutants import Replacement


def tried_once() -> list[Replacement]:
    """Let a post that failed once be a failed one."""

    def once(self: Poster, post: Post, _deadline: float, _reason: str) -> PostResult:
        try:
            status = self._api.post(post.connection_id, post.data, 1.0)
        except TransportError:
            return PostResult(post.connection_id, Outcome.FAILED)
        outcomes = {200: Outcome.ACCEPTED, 410: Outcome.GONE}
        outcome = outcomes.get(status, Outcome.FAILED)
        return PostResult(post.connection_id, outcome, str(status))

    return [(Poster, "_try", once)]


def posted_after_the_end() -> list[Replacement]:
    """Let posts go on after the end of a token."""

    def by_the_other_clock(_self: Poster, deadline: float, _post: Post) -> float:
        now: float = vars(post)["time"].monotonic()
        return deadline - now

    return [(Poster, "_remaining", by_the_other_clock)]


def first_410_believed() -> list[Replacement]:
    """Take a connection for gone that was called so once."""
    attempt = Poster.post

    def believe(self: Poster, post: Post) -> PostResult | Unconfirmed:
        result = attempt(self, post)
        if isinstance(result, Unconfirmed):
            return PostResult(post.connection_id, Outcome.GONE)
        return result

    return [(Poster, "post", believe)]


def confirmed_at_once() -> list[Replacement]:
    """Ask again, but without any pause."""
    return [(limits, "GONE_CONFIRMED_AFTER", 0.0)]


def any_400_believed() -> list[Replacement]:
    """Take whatever a 400 is said of for what cannot be a connection."""
    never: Any = re.compile("(?!)")
    return [(post, "_CONNECTION_ID", never)]
