"""The AWS region of this package's boto3 clients. Extra `[aws]`."""

import os


def region() -> str | None:
    """Return AWS_REGION, else AWS_DEFAULT_REGION; None leaves it to the profile.

    As the CDK's command line and the AWS CLI find it. boto3 reads only the second:
    https://github.com/boto/boto3/issues/3620. None, too, where the program has set a region with
    `boto3.setup_default_session`.
    """
    import boto3  # noqa: PLC0415 - the extra [aws]

    default = boto3.DEFAULT_SESSION
    if default and "region" in default._session.instance_variables():  # noqa: SLF001 - kept nowhere else
        return None
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
