"""Clients of the local AWS for the benchmark's own errands; never what is measured."""

import boto3

from tools.ministack import CREDENTIALS, REGION


def session() -> boto3.Session:
    """Return a session with the local AWS's credentials, whatever the caller's environment."""
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
