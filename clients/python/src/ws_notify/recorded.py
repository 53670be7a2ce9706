"""What a recorder's `subscribe` returns."""

from ws_notify.values import Notification, State


class RecordedSubscription:
    """What was published, as a Subscription and an AsyncSubscription hand it out."""

    def __init__(self, notifications: list[Notification]) -> None:
        self._rest = iter(notifications)
        self._closed = False

    def __iter__(self) -> "RecordedSubscription":
        return self

    def __next__(self) -> Notification:
        return next(self._rest)

    @property
    def state(self) -> State:
        """That of a subscription that stands, or was closed."""
        return "closed" if self._closed else "subscribed"

    def ready(self, timeout: float = 10.0) -> bool:
        """Return True."""
        del timeout
        return True

    def close(self) -> None:
        """End the iteration."""
        self._rest, self._closed = iter([]), True

    def __enter__(self) -> "RecordedSubscription":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncRecordedSubscription:
    """RecordedSubscription with `async` and `await`."""

    def __init__(self, recorded: RecordedSubscription) -> None:
        self._recorded = recorded

    def __aiter__(self) -> "AsyncRecordedSubscription":
        return self

    async def __anext__(self) -> Notification:
        for each in self._recorded:
            return each
        raise StopAsyncIteration

    @property
    def state(self) -> State:
        """That of a subscription that stands."""
        return self._recorded.state

    async def ready(self, timeout: float = 10.0) -> bool:
        """Return True."""
        return self._recorded.ready(timeout)

    async def aclose(self) -> None:
        """End the iteration."""
        self._recorded.close()

    async def __aenter__(self) -> "AsyncRecordedSubscription":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
