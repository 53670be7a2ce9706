"""Signature version 4: what proves to AWS who sends a request, and that nobody changed it.

Steps and names: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
botocore has it too, at several times the processor time; the tests compare each signature with its.
"""

import hashlib
import hmac
import time
from urllib.parse import quote

from botocore.credentials import ReadOnlyCredentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_DATE = "%Y%m%dT%H%M%SZ"


class SigV4:
    """Signs POSTs to one service at one host."""

    def __init__(self, host: str, service: str, region: str) -> None:
        self._host = host
        self._scope = f"{region}/{service}/aws4_request"
        # The key of a day and a secret: four of the five digests of a signature.
        self._key: tuple[str, str, bytes] = ("", "", b"")

    def headers(
        self, credentials: ReadOnlyCredentials, path: str, data: bytes, headers: dict[str, str]
    ) -> dict[str, str]:
        """Return all headers of a request, the given ones among them.

        `path` is as it goes over the wire, without a query; `headers` have names in lower case.
        """
        date = time.strftime(_DATE, time.gmtime())
        all_headers = {"host": self._host, "x-amz-date": date, **headers}
        if credentials.token:
            all_headers["x-amz-security-token"] = credentials.token
        names = sorted(all_headers)
        canonical = "".join([f"{name}:{all_headers[name]}\n" for name in names])
        signed = ";".join(names)
        request = (
            f"POST\n{quote(path)}\n\n{canonical}\n{signed}\n{hashlib.sha256(data).hexdigest()}"
        )
        scope = f"{date[:8]}/{self._scope}"
        to_sign = f"{_ALGORITHM}\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(
            self._signing_key(credentials.secret_key or "", date[:8]), to_sign.encode(), "sha256"
        ).hex()
        all_headers["authorization"] = (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )
        return all_headers

    def _signing_key(self, secret: str, day: str) -> bytes:
        of_secret, of_day, key = self._key
        if (of_secret, of_day) != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, *self._scope.split("/")):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (secret, day, key)
        return key
