"""The URL of a stage for HTTPS, the token of its requests, and the proxy on the way."""

import re
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from ws_notify.credentials import clean_token
from ws_notify.endpoint import AsyncTokenFunction, Proxy, check_proxy, clean_url, showable
from ws_notify.exceptions import ConfigurationError
from ws_notify.loopback import is_loopback
from ws_notify.timeouts import Timeouts

_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """The stack's output `HttpEndpointURL`, and the token or the function that fetches one.

    Raises ValueError for an invalid URL, an invalid proxy, and a token that no header may hold;
    TypeError for values of another type.
    """

    url: str = field(repr=False)
    token: str | bytes | AsyncTokenFunction | None = field(repr=False)
    timeouts: Timeouts
    proxy: Proxy = field(default=True, repr=False)  # its URL may hold a password

    def __post_init__(self) -> None:
        """Validate before anything connects."""
        object.__setattr__(self, "url", clean_url(self.url).rstrip("/"))
        if not _is_base(self.url):
            shown = showable(self.url)
            scheme = shown.partition(":")[0]
            other = f"; {scheme}:// is for Client, and for commands without --http"
            raise ValueError(
                "Not the URL of a stage for HTTPS (https://..., its output HttpEndpointURL, "
                f"without a query){f': {shown!r}' * bool(shown)}{other * scheme.startswith('ws')}"
            )
        if not callable(self.token):
            object.__setattr__(self, "token", clean_token(self.token))
        check_proxy(self.proxy)

    @property
    def parts(self) -> SplitResult:
        """The parts of its URL."""
        return urlsplit(self.url)

    @property
    def host(self) -> str:
        """The name, or the address without brackets."""
        return self.parts.hostname or ""

    @property
    def port(self) -> int:
        """The port, the scheme's where the URL names none."""
        return self.parts.port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        """Whether it is TLS."""
        return self.parts.scheme == "https"

    @property
    def renewable(self) -> bool:
        """Whether a denied token may be followed by another one."""
        return callable(self.token)

    def headers(self, token: str | None) -> dict[str, str]:
        """Return the headers of a request."""
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        return {**headers, "Authorization": f"Bearer {token}"} if token else headers

    def proxy_url(self) -> str | None:
        """Return the proxy that leads to it; one of the environment never leads to loopback.

        Raises ConfigurationError for one of the environment that is invalid, without its text,
        which may hold a password.
        """
        if self.proxy is not True:
            return self.proxy
        if is_loopback(self.host) or urllib.request.proxy_bypass(f"{self.host}:{self.port}"):
            return None
        proxies = urllib.request.getproxies()
        found = proxies.get(self.parts.scheme) or proxies.get("all")
        if not found:
            return None
        found = found if "://" in found else f"http://{found}"
        try:
            check_proxy(found)
        except ValueError as error:
            raise ConfigurationError(
                f"The proxy that the environment names (HTTPS_PROXY, ALL_PROXY): {error}. Correct "
                "it, or pass proxy= with one, or proxy=None"
            ) from None
        return found


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and bool(parts.hostname)
    except ValueError:  # of a port or of brackets
        return False
    clean = _VISIBLE.fullmatch(url) and not set("?#") & set(url) and "@" not in parts.netloc
    return bool(parts.scheme in ("http", "https") and usable and clean)
