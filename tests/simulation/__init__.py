"""Deterministic simulation: the shipped code over models of AWS, in an order that a seed decides.

The shipped `Handler`, `Storage` and `Sender` run over models of DynamoDB and `@connections` that
fail in every way that AWS may. Nothing of the service is copied: `patches` replaces what its
modules reach the outside through.
"""
