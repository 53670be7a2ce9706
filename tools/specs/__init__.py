"""The machine-readable descriptions of the protocol: docs/openapi.json and docs/asyncapi.json."""
