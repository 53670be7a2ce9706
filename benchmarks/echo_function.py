"""The floor: a function that only posts the frame back to its sender, with boto3's own client.

Deployed on the same local AWS as the service; not part of it.
"""

import os
from typing import Any

import boto3

# As for the service itself.
_ENDPOINT = os.environ["CONNECTIONS_ENDPOINT_URL"]
_client: Any = boto3.client("apigatewaymanagementapi", endpoint_url=_ENDPOINT)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Post the frame back."""
    connection_id = event["requestContext"]["connectionId"]
    _client.post_to_connection(ConnectionId=connection_id, Data=event["body"].encode())
    return {"statusCode": 200}
