"""What a proxy of HTTP is told."""

import base64
from urllib.parse import SplitResult, unquote


def authorization(proxy: SplitResult) -> dict[str, str]:
    """Return the header for the name and password in the URL of a proxy."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
