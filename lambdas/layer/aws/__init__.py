"""How AWS is called: by the functions over AWS's Common Runtime, in other processes by boto3.

    transport     connections to one host, kept, each exchange within a deadline   (awscrt)
    signing       Signature Version 4, and where credentials come from             (awscrt)
    service       one AWS service at one endpoint: a signed POST, its response
    json_service  the AWS JSON protocol: parameters in, result out, transient errors tried again
    dynamodb, secrets_manager, connections_api     the operations that the service uses
    boto3_clients the same operations on boto3's clients, for backends in their own process

Nothing here knows merchants or subscriptions.
"""
