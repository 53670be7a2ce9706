"""The CORS of an HTTP API on the local AWS.

MiniStack 1.5 keeps what CloudFormation gives it (`AllowOrigins`) under names that it does not read
(`allowOrigins`), and then refuses every preflight. Its UpdateApi takes the same correctly.
"""

import json
from pathlib import Path

from tools.ministack import CREDENTIALS, REGION, MiniStack
from ws_notify.boto import make_client


def apply_cors(template: Path, server: MiniStack, api_id: str) -> None:
    """Give the API the CORS that the template has for it, in which one API has any."""
    resources = json.loads(template.read_text("utf-8"))["Resources"].values()
    (cors,) = (
        found
        for resource in resources
        if (found := resource.get("Properties", {}).get("CorsConfiguration"))
    )
    apis = make_client(
        "apigatewayv2",
        region=REGION,
        endpoint_url=server.endpoint,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    apis.update_api(ApiId=api_id, CorsConfiguration=cors)
