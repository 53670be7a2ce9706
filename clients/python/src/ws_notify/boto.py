"""The boto3 clients of this package. Extra `[aws]`."""

from typing import Any
from urllib.parse import urlsplit

from ws_notify.loopback import is_loopback


def make_client(service: str, *, region: str | None, config: Any = None, **options: Any) -> Any:
    """Return a client of boto3; one of a loopback address goes through no proxy.

    Without a `config`, what it asks for is had soon or not at all.
    """
    import boto3  # noqa: PLC0415 - the extra [aws]
    from botocore.config import Config  # noqa: PLC0415 - (the same)

    soon = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    config = config or soon
    make: Any = boto3.client  # one of hundreds of types, by the name of the service
    client = make(service, region_name=region, config=config, **options)
    if is_loopback(urlsplit(client.meta.endpoint_url).hostname):
        # Only now is known where the environment and the profile lead.
        config = config.merge(Config(proxies={}))
        client = make(service, region_name=region, config=config, **options)
    return client
