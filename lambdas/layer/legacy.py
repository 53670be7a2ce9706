"""`Storage` with the calls of the legacy service; what `lambdas.layer.Storage` is.

For backends that use the service in their own process. The functions use the base.
"""

from lambdas.layer import limits, storage
from lambdas.layer.protocol.frames import parse_topic


class Storage(storage.Storage):
    """The two tables of a stage, and the legacy service's way to write to them."""

    def create_connection(self, connection_id: str, message: str) -> None:
        """Subscribe a connection to the topic that a JSON text names, for the next two hours.

        Raises InvalidJson, InvalidMessage.
        """
        expires_at_ms = self._clock() + limits.CONNECTION_LIFETIME_MS
        self.subscribe(connection_id, parse_topic(message), expires_at_ms)

    def delete_connection(self, message: str) -> None:
        """Delete the subscriptions of every connection to the topic that a JSON text names.

        Raises InvalidJson, InvalidMessage.
        """
        topic = parse_topic(message)
        self.unsubscribe(topic, self.subscribers(topic))
