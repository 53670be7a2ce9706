"""The CDK app: every stage of the service, and what the account has once, checked at each synth.

Run by the CDK CLI (cdk.json).
"""

from collections.abc import Mapping
from dataclasses import replace

from aws_cdk import App

from infra.account import ACCOUNT, AccountStack
from infra.checks import add_checks
from infra.stack import NotifyStack
from infra.stages import STAGES


def build(outdir: str | None = None, context: Mapping[str, str] | None = None) -> App:
    """Compose the app.

    Its context: `stages` (names, and `account`; all by default); `port` and `auth` of the emulated
    stage.
    """
    app = App(
        outdir=outdir,
        context=context,
        analytics_reporting=False,
        # cfn-lint checks more than CDK's own rules; these would cost a second a synth on top.
        builtin_cloud_formation_validation=False,
    )
    chosen = app.node.try_get_context("stages")
    known = [*(stage.name for stage in STAGES), ACCOUNT]
    names = chosen.split(",") if chosen else known
    unknown = set(names) - set(known)
    if unknown:
        there_are = ", ".join(known)
        raise SystemExit(f"no such stage: {', '.join(sorted(unknown))}; there are {there_are}")
    local_port = int(app.node.try_get_context("port") or 4566)
    local_auth = app.node.try_get_context("auth")
    for stage in STAGES:
        if stage.name in names:
            tried = replace(stage, auth=local_auth) if local_auth and stage.emulated else stage
            NotifyStack(app, tried, local_port=local_port)
    if ACCOUNT in names:
        AccountStack(app)
    add_checks(app)
    return app


if __name__ == "__main__":
    build().synth()
