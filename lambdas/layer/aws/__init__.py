"""How AWS is called: by the functions over AWS's Common Runtime, in other processes by boto3.

    clients          what the service asks of either, as protocols
    transport        connections to one host, kept, each exchange within a deadline      (awscrt)
    service          one service at one endpoint: a signed POST, its response            (awscrt)
    json_services    DynamoDB and Secrets Manager: parameters in, result out, one retry
    connections_api  API Gateway's `@connections`: a post, its status
    boto3_clients    the same on boto3's clients, for backends in their own process
    batches          many items, written 25 a call, what is left over again
    retries, deadline, errors    when to try again, until when, and what is raised

Nothing here knows merchants or subscriptions.
"""
