"""The load in its short form: every pair reconciled, pollers' too, and gone connections pruned."""

from typing import TYPE_CHECKING

from benchmarks.load.disconnects import Rows
from benchmarks.load.plan import SHORT
from benchmarks.load.verification import load
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_lambda import LambdaClient


def test_under_load_no_notification_is_lost_and_abrupt_disconnects_are_pruned(
    stage: LocalStage, apis: "ApiGatewayV2Client", functions: "LambdaClient"
) -> None:
    deployed = _deployed(apis, functions)
    steps: list[str] = []
    figures = load(stage, SHORT, "short", steps.append)
    first, last = figures.load.reconciliation, figures.disconnects.reconciliation
    assert first.good
    assert first.publishes >= SHORT.publishers * (1 + 4 * SHORT.windows)
    assert first.pairs == first.publishes * SHORT.subscribers // SHORT.topics
    polled = figures.load.polled
    assert polled.good
    assert polled.pairs == first.publishes * SHORT.pollers // SHORT.topics
    gone = SHORT.disconnects * SHORT.topics
    assert (figures.disconnects.before, figures.disconnects.after) == (Rows(gone, gone), Rows(0, 0))
    assert (last.publishes, last.pairs) == (SHORT.topics, SHORT.subscribers - gone)
    assert figures.good
    assert len(steps) == 2 + SHORT.windows
    assert _deployed(apis, functions) == deployed


def _deployed(apis: "ApiGatewayV2Client", functions: "LambdaClient") -> list[str]:
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    for api in apis.get_apis()["Items"]:
        names += [one["RouteKey"] for one in apis.get_routes(ApiId=api["ApiId"])["Items"]]
    return sorted(names)
