"""Signatures, compared with those of botocore, which AWS's own SDK signs with."""

from collections.abc import Callable
from datetime import datetime

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.layer.sigv4 import SigV4

HOST = "abc.execute-api.eu-west-1.amazonaws.com"
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
PATHS = st.lists(st.from_regex(r"[A-Za-z0-9_%@=-]{1,30}", fullmatch=True)).map(
    lambda parts: "/" + "/".join(parts)
)


def _theirs(
    credentials: Credentials, path: str, data: bytes, headers: dict[str, str]
) -> dict[str, str]:
    request = AWSRequest(
        "POST", f"https://{HOST}{path}", headers={"host": HOST, **headers}, data=data
    )
    botocore.auth.SigV4Auth(credentials, "execute-api", "eu-west-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - as botocore has them
    credentials=st.builds(Credentials, st.just("AKIDEXAMPLE"), VISIBLE, st.none() | VISIBLE),
    request_=st.tuples(
        PATHS, st.binary(), st.just({}) | st.builds(lambda value: {"x-amz-target": value}, VISIBLE)
    ),
)
def test_every_header_is_as_botocore_makes_it(
    signing_at: Callable[[datetime], None],
    moment: datetime,
    credentials: Credentials,
    request_: tuple[str, bytes, dict[str, str]],
) -> None:
    signing_at(moment)
    signer = SigV4(HOST, "execute-api", "eu-west-1")
    ours = signer.headers(credentials.get_frozen_credentials(), *request_)
    assert ours == _theirs(credentials, *request_)


def test_a_signer_outlives_its_day_and_its_secret(signing_at: Callable[[datetime], None]) -> None:
    signer = SigV4(HOST, "execute-api", "eu-west-1")
    for day, secret in ((1, "first"), (2, "first"), (2, "second"), (1, "first")):
        signing_at(datetime(2026, 11, day))  # noqa: DTZ001 - as botocore has them
        credentials = Credentials("AKIDEXAMPLE", secret)
        ours = signer.headers(credentials.get_frozen_credentials(), "/", b"", {})
        assert ours == _theirs(credentials, "/", b"", {})
