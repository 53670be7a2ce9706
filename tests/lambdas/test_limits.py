"""The two sums of bounds on time that have to hold."""

from lambdas.layer import limits


def test_the_slowest_publish_is_answered_within_the_integration_timeout() -> None:
    credentials = limits.ATTEMPT_TIMEOUT
    put_beside_index_query = limits.CALL_BUDGET
    recent_subscriptions = limits.CALL_BUDGET
    pruning = limits.WRITE_ALL_BUDGET + limits.CALL_BUDGET
    lookups = put_beside_index_query + recent_subscriptions
    slowest = credentials + lookups + limits.FAN_OUT_BUDGET + pruning
    assert slowest < limits.INTEGRATION_TIMEOUT


def test_a_call_has_time_for_its_two_attempts_and_the_pause_between_them() -> None:
    assert 2 * limits.ATTEMPT_TIMEOUT + limits.LONGEST_PAUSE <= limits.CALL_BUDGET
    assert limits.LONGEST_PAUSE > 0


def test_a_subscription_is_recent_until_the_index_is_sure_to_show_it() -> None:
    written = 1000 * (limits.LEFTOVER_BUDGET + limits.CALL_BUDGET)
    clocks = 2 * limits.CLOCK_SKEW_MS
    shown = written + limits.INDEX_LAG_MS + limits.LOOKUP_BUDGET_MS + clocks
    assert shown < limits.RECENT_SUBSCRIPTION_TTL_MS


def test_the_replay_overlap_covers_a_slow_write_and_clock_skew() -> None:
    assert limits.CALL_BUDGET * 1000 < limits.STORED_WITHIN_MS
    assert limits.STORED_WITHIN_MS + 2 * limits.CLOCK_SKEW_MS < limits.REPLAY_OVERLAP_MS


def test_a_first_410_leaves_a_post_time_to_be_confirmed() -> None:
    assert limits.ATTEMPT_TIMEOUT + limits.GONE_CONFIRMED_AFTER < limits.POST_BUDGET
