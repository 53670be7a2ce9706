"""`make prove`: attacks on the promise that nothing is lost.

The shipped `Handler`, `Storage` and `Sender` run here over models of DynamoDB and `@connections`
in which everything that may go wrong does, in an order that a seed decides. Nothing of the service
is copied; `seams` puts the models in where it would reach for the outside.
"""
