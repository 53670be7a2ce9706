"""The wire format: frames of clients, replies of the service, and the values in both. No I/O."""
