"""What differs from stage to stage, and nothing else. What all stages share is in the constructs.

No resource lives here, and no account or region: the credentials of a deployment choose those.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


Auth = Literal["off", "optional", "required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One deployment of the service.

    `retention_seconds` is how long a notification can still be fetched by a late subscriber.
    `steady_rate` and `burst` are frames (and connects) a second over all clients together.
    `allowed_origins` are the web pages that may connect; with none listed, all may.
    `auth` says whether connections need a token: `off`, `optional` (one that is there is checked,
    connections without are counted) or `required`.
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

    def __post_init__(self) -> None:
        """Refuse what would lock every client out, or let everybody in."""
        if self.auth not in get_args(Auth):
            known = ", ".join(get_args(Auth))
            raise ValueError(f"stage {self.name}: auth is one of {known}, not {self.auth!r}")
        for origin in self.allowed_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"stage {self.name}: allowed origin {origin!r} must be what a browser sends: "
                    "scheme://host or scheme://host:port, in lower case, without a path or a "
                    "slash at the end, like https://pay.example.com"
                )

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
)

PROD: Final = Stage(
    name="prod",
    auth="required",
    emulated=False,
    data_protected=True,
    alarms_notify=True,
    retention_seconds=3600,
    log_retention=RetentionDays.THREE_MONTHS,
    steady_rate=2000,
    burst=4000,
    allowed_origins=(),
)

STAGES: Final = (LOCAL, DEV, PROD)
