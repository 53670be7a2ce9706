"""What the tests of the Python client share: servers, clients, cores and frames."""
