"""What differs from stage to stage, and nothing else. What all stages share is in the constructs.

No resource lives here, and no account or region: the credentials of a deployment choose those.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from infra import domains, origins
from infra.domains import Domain
from infra.event_rules import EventRule

Auth = Literal["off", "optional", "required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One deployment of the service.

    `retention_seconds` is how long a notification can still be fetched by a late subscriber.
    `steady_rate` (a second) and `burst` are the defaults of each route: so many connects, as many
    frames, as many disconnects, as many publishes and half as many polls over HTTPS, over all
    clients together. Beyond, API Gateway answers 429. All of them, and every post to a
    connection, count against the account's own limit, too.
    `allowed_origins` are the web pages that may connect or ask: `https://pay.example.com`,
    `https://*.shop.example` (any one label in place of the `*`), `capacitor://localhost`, `null`;
    with none listed, all may. See docs/deployment.md.
    `auth` says whether connections need a token: `off`, `optional` (one that is there is checked,
    connections without are counted) or `required`.
    `tracing` sends traces to X-Ray: of each function, one invocation a second and 5 % of the rest.
    `warm_up_minutes` invokes each function every so many minutes, so that the first client after a
    pause need not wait for a start; None: never. Every 5 minutes costs a few cents a month.
    `websocket_domain` and `http_domain` are names of one's own for the WebSocket API and the HTTP
    API; None: API Gateway's. See docs/deployment.md.
    `event_rules` publish events of EventBridge. `publish_queue` makes an SQS queue whose messages
    are published. See docs/publish-from-aws.md.
    """

    name: str
    auth: Auth
    emulated: bool
    data_protected: bool
    alarms_notify: bool
    retention_seconds: int
    log_retention: RetentionDays
    steady_rate: int
    burst: int
    allowed_origins: tuple[str, ...]
    tracing: bool
    warm_up_minutes: int | None
    websocket_domain: Domain | None
    http_domain: Domain | None
    event_rules: tuple[EventRule, ...]
    publish_queue: bool

    def __post_init__(self) -> None:
        """Refuse what would lock every client out, let everybody in, or never be on time."""
        if self.auth not in get_args(Auth):
            known = ", ".join(get_args(Auth))
            raise ValueError(f"stage {self.name}: auth is one of {known}, not {self.auth!r}")
        if self.warm_up_minutes is not None and self.warm_up_minutes < 1:
            raise ValueError(
                f"stage {self.name}: warm_up_minutes is 1 or more, or None for no warm-up, "
                f"not {self.warm_up_minutes!r}"
            )
        for origin in self.allowed_origins:
            if rule := origins.broken_rule(origin):
                raise ValueError(f"stage {self.name}: allowed origin {origin!r}: {rule}")
        try:
            origins.variable(self.allowed_origins)
        except ValueError as too_long:
            raise ValueError(f"stage {self.name}: {too_long}") from None
        if self.emulated and (self.websocket_domain or self.http_domain):
            raise ValueError(
                f"stage {self.name}: no name leads to the local AWS, leave websocket_domain and "
                "http_domain None"
            )
        if rule := domains.broken_rule(self.websocket_domain, self.http_domain):
            raise ValueError(f"stage {self.name}: {rule}")

    @property
    def has_token_keys(self) -> bool:
        """Whether the keys that sign tokens are there.

        Where data is protected, they are there with `auth` off, too: a stack that no longer
        declares its secret leaves it behind, and would make a new one when `auth` is on again.
        """
        return self.auth != "off" or self.data_protected

    @property
    def removal_policy(self) -> RemovalPolicy:
        """What happens to data and logs when the stack is destroyed."""
        return RemovalPolicy.RETAIN if self.data_protected else RemovalPolicy.DESTROY


LOCAL: Final = Stage(
    name="local",
    auth="off",
    emulated=True,
    data_protected=False,
    alarms_notify=False,
    retention_seconds=3600,
    log_retention=RetentionDays.ONE_DAY,
    steady_rate=1000,
    burst=1000,
    allowed_origins=(),
    tracing=False,
    warm_up_minutes=None,
    websocket_domain=None,
    http_domain=None,
    event_rules=(
        EventRule(
            name="PaymentSettled",
            pattern={"source": ["shop.payments"], "detail-type": ["PaymentSettled"]},
            publish={
                "merchant_id": "$.detail.merchant",
                "ref": "$.detail.order",
                "project": "checkout",
                "type": "payment",
                "status": "$.detail.status",
                "message": "$.detail.text",
                "amount": "$.detail.amount",
            },
        ),
    ),
    publish_queue=True,
)

DEV: Final = Stage(
    name="dev",
    auth="off",
    emulated=False,
    data_protected=False,
    alarms_notify=False,
    retention_seconds=3600,
    log_retention=RetentionDays.ONE_WEEK,
    steady_rate=100,
    burst=200,
    allowed_origins=(),
    tracing=False,
    warm_up_minutes=None,
    websocket_domain=None,
    http_domain=None,
    event_rules=(),
    publish_queue=False,
)

PROD: Final = Stage(
    name="prod",
    auth="required",
    emulated=False,
    data_protected=True,
    alarms_notify=True,
    retention_seconds=3600,
    log_retention=RetentionDays.THREE_MONTHS,
    # Within what an account has in every region: 10,000 a second and a burst of 5,000 in most, but
    # 2,500 and 1,250 in Milan, Zurich, Spain, the UAE and other newer ones.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    steady_rate=2000,
    burst=1250,
    allowed_origins=(),
    tracing=False,
    warm_up_minutes=None,
    websocket_domain=None,
    http_domain=None,
    event_rules=(),
    publish_queue=False,
)

STAGES: Final = (LOCAL, DEV, PROD)
