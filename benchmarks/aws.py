"""Ways to the local AWS: credentials, and boto3 for the benchmark's own errands."""

import boto3
from botocore.credentials import Credentials

from tools.ministack import CREDENTIALS, REGION


def credentials() -> Credentials:
    """Return the local AWS's credentials, for what the service signs itself."""
    return Credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])


def session() -> boto3.Session:
    """Return a session with the local AWS's credentials, whatever the caller's environment."""
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
