"""Mutants of a post: its attempts, and what their responses mean."""

import re
from typing import Any

from lambdas.layer import limits, post
from lambdas.layer.aws.errors import TransportError
from lambdas.layer.post import Outcome, Post, Poster, PostResult, Unconfirmed
from tests.simulation.publish_mutants import Replacement


def not_retried() -> list[Replacement]:
    """Do not retry a failed post."""

    def once(self: Poster, post: Post, _deadline: float, _reason: str) -> PostResult:
        try:
            status = self._api.post(post.connection_id, post.data, 1.0)
        except TransportError:
            return PostResult(post.connection_id, Outcome.FAILED)
        outcomes = {200: Outcome.ACCEPTED, 410: Outcome.GONE}
        outcome = outcomes.get(status, Outcome.FAILED)
        return PostResult(post.connection_id, outcome, str(status))

    return [(Poster, "_try", once)]


def retried_after_expiry() -> list[Replacement]:
    """Retry by the monotonic clock alone, which does not know when the token expires."""

    def by_the_monotonic_clock(_self: Poster, deadline: float, _post: Post) -> float:
        now: float = vars(post)["time"].monotonic()
        return deadline - now

    return [(Poster, "_remaining", by_the_monotonic_clock)]


def first_410_believed() -> list[Replacement]:
    """Take a connection for gone after one 410."""
    attempt = Poster.post

    def believe(self: Poster, post: Post) -> PostResult | Unconfirmed:
        result = attempt(self, post)
        if isinstance(result, Unconfirmed):
            return PostResult(post.connection_id, Outcome.GONE)
        return result

    return [(Poster, "post", believe)]


def confirmed_without_a_pause() -> list[Replacement]:
    """Post again after a first 410 without a pause."""
    return [(limits, "GONE_CONFIRMED_AFTER", 0.0)]


def any_400_taken_for_gone() -> list[Replacement]:
    """Take a 400 for gone whatever the connection id."""
    never: Any = re.compile("(?!)")
    return [(post, "_CONNECTION_ID", never)]
