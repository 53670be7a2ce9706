"""The log line and the metrics of an answered frame. No payload, no `message`."""

import time

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.layer.protocol.replies import Frame


def report(reply: Frame | None, logger: Logger, metrics: Metrics, *, since: int) -> None:
    """Log and count a reply; `since`: when its frame arrived, in milliseconds since 1970."""
    if reply is None:
        logger.info("subscriber gone")
        return
    match reply["type"]:
        case "receipt":
            _report_receipt(reply, logger, metrics, since)
        case "error":
            _report_error(reply, logger, metrics)
        case "pong":
            pass  # some sixty an hour and page: a line each would cost more than it tells
        case "notifications":
            _report_notifications(reply, logger, metrics)
        case kind:
            _log(kind, reply, logger, ("merchant_id", "ref", "replayed"))
            if kind == "subscribed":
                metrics.add_metric("Subscribes", MetricUnit.Count, 1)


def _report_receipt(reply: Frame, logger: Logger, metrics: Metrics, since: int) -> None:
    fields = ("merchant_id", "ref", "id", "accepted", "gone", "failed", "duplicate")
    _log("published", reply, logger, fields)
    metrics.add_metric("Publishes", MetricUnit.Count, 1)
    metrics.add_metric("PostsAccepted", MetricUnit.Count, reply["accepted"])
    metrics.add_metric("PostsGone", MetricUnit.Count, reply["gone"])
    metrics.add_metric("PostsFailed", MetricUnit.Count, reply["failed"])
    latency = max(0, time.time_ns() // 1_000_000 - since)
    metrics.add_metric("PublishLatency", MetricUnit.Milliseconds, latency)


def _report_notifications(reply: Frame, logger: Logger, metrics: Metrics) -> None:
    found = len(reply["notifications"])
    if found:  # most polls bring nothing: a line each would cost more than it tells
        fields = {name: reply[name] for name in ("merchant_id", "ref", "more")}
        logger.info("polled", extra={**fields, "notifications": found})
        metrics.add_metric("PollsWithNotifications", MetricUnit.Count, 1)


def _report_error(reply: Frame, logger: Logger, metrics: Metrics) -> None:
    if reply["retryable"]:
        # The cause was logged where it was caught.
        metrics.add_metric("InternalErrors", MetricUnit.Count, 1)
        return
    _log("frame refused", reply, logger, ("code", "field"))
    if reply.get("field") == "origin":  # over HTTPS; those of handshakes are counted by `connect`
        metrics.add_metric("OriginsRefused", MetricUnit.Count, 1)
    else:
        metrics.add_metric("FramesRefused", MetricUnit.Count, 1)


def _log(event: str, reply: Frame, logger: Logger, fields: tuple[str, ...]) -> None:
    logger.info(event, extra={name: reply[name] for name in fields if name in reply})
