"""What every function does around its own work: answer the warm-up, set up the log, write metrics.

For the handlers only: in-process use has neither a Lambda context nor metrics.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.layer import gateway

Handler = Callable[[Any, LambdaContext], Any]


def entry(logger: Logger, metrics: Metrics) -> Callable[[Handler], Handler]:
    """Make a function's handler what Lambda invokes.

    Its log lines get the invocation's context, and the metrics that it added are written, also
    where it raises. Not Powertools' `log_metrics`, which warns where there are none.
    """

    def decorate(handler: Handler) -> Handler:
        logged = logger.inject_lambda_context(handler, clear_state=True)

        @wraps(handler)
        def invoked(event: Any, context: LambdaContext) -> Any:
            if gateway.is_warm_up(event):
                return event
            try:
                return logged(event, context)
            finally:
                if metrics.metric_set:
                    metrics.flush_metrics()

        return invoked

    return decorate
