"""Every interleaving: the shipped code over models of AWS, in an order that a seed decides.

The shipped `Handler`, `Storage` and `Sender` run here over models of DynamoDB and `@connections`
in which everything that may go wrong does. Nothing of the service is copied; `seams` puts the
models in where it would reach for the outside.
"""
