"""Every bound on time, in one place, with the two sums that have to hold. Values only.

API Gateway waits 29 seconds for a function, so what the slowest publish may take is (where a query
has one page, of up to 1 MB; each further page may take another CALL_BUDGET):

    credentials, where they must be fetched  ATTEMPT_TIMEOUT
    put, with the index query beside it      CALL_BUDGET
    recent subscriptions, before any post    CALL_BUDGET, where the index found none
    fan-out                                  FAN_OUT_BUDGET, from the first post on
    pruning of gone connections              WRITE_ALL_BUDGET + CALL_BUDGET (the last batch)

And a subscription that the index does not show yet must still stand among the recent ones, so these
together have to be less than RECENT_SUBSCRIPTION_TTL:

    lag of the index                         INDEX_LAG
    rest of a batch, written later           LEFTOVER_BUDGET + CALL_BUDGET
    index query to recent ones' answer       LOOKUP_BUDGET, or the index is asked again
    clocks of publisher and subscriber       CLOCK_SKEW of each

Seconds, as floats where `time.monotonic` is compared; milliseconds where the name says so.
"""

INTEGRATION_TIMEOUT = 29.0
"""API Gateway's quota for a WebSocket integration, not adjustable:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

# -- one call to AWS

ATTEMPT_TIMEOUT = 1.0
"""One attempt at a request: signing, name resolution, connecting, TLS and the whole response; and
fetching credentials beforehand."""

CALL_BUDGET = 3.0
"""All attempts of one call to DynamoDB or Secrets Manager: two, and the pause between them."""

LONGEST_PAUSE = CALL_BUDGET - 2 * ATTEMPT_TIMEOUT
"""Before the second attempt of a call; the pause is drawn at random up to it."""

# -- writing many items

LEFTOVER_BUDGET = 3.0
"""For what one BatchWriteItem leaves over."""

WRITE_ALL_BUDGET = 5.0
"""For beginning the last batch of many: pruning must not cost the publisher its receipt."""

# -- posting

POST_BUDGET = 3.0
"""All attempts to post one frame to one connection."""

FAN_OUT_BUDGET = 13.0
"""All posts of one publish, from the first on, or of one replay."""

FIRST_PAUSE = 0.05
"""Before the second attempt of a post, or of a batch's rest; doubled each time, drawn up to it."""

GONE_CONFIRMED_AFTER = 0.2
"""At least, from the first 410 of a connection to the attempt whose 410 is believed: API Gateway
now and then answers 410 for a connection that is open:
https://github.com/aws/aws-sdk-js/issues/3773, https://github.com/aws/aws-sdk-js-v3/issues/2763
"""

# -- nothing lost

STORED_WITHIN_MS = 5_000
"""By the wall clock, from `sent_at` to the end of the put: with both clocks off, the replay's
overlap still covers it. Later, a `since` might leave it out."""

REPLAY_OVERLAP_MS = 10_000
"""By which a replay reaches back behind `since`: clocks differ, writes take time."""

LOOKUP_BUDGET_MS = 30_000
"""By the wall clock: a suspended machine does not see the monotonic one move."""

RECENT_SUBSCRIPTION_TTL_MS = 5 * 60 * 1000

INDEX_LAG_MS = 240_000
"""By which the index is taken to lag at most. AWS: "within a fraction of a second, under normal
conditions", and longer "in some unlikely failure scenarios":
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
"""

CLOCK_SKEW_MS = 2_000
"""By which a clock is off at most, either way; so two of them differ by twice as much."""

# -- the life of a connection

CONNECTION_LIFETIME_MS = 2 * 60 * 60 * 1000
"""After which API Gateway closes a connection: its quota, see INTEGRATION_TIMEOUT."""

TTL_GRACE_MS = 5 * 60 * 1000
"""By which a subscription outlives its connection; not its token."""
