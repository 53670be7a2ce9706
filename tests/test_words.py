"""Identifiers that were renamed or went, and stand nowhere any more: in code, tests or documents.

Whoever renames one adds a line: the old word, and what to write instead.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

GONE = {
    "'slow'": "'unreachable', the state of a watch",
    "_A_MOMENT_LATER_GOOD": "the oracle tells which tokens of the table stay invalid",
    "_A_WHILE_AGO": "_EVENT_AGE_MS",
    "_BEARERS": "PRINCIPALS",
    "_Door": "_Authorizer, of tests/faults/handshakes.py",
    "_KEPT_FOR": "_CACHE_TTL_MS",
    "_knock": "accepts_with_faults",
    "_lately_joined": "_recent_subscribers",
    "_LOOKED_UP_AGAIN_AFTER": "_LOOKUP_COOLDOWN_MS",
    "_may_pass": "_is_retryable",
    "_NOT_CODE": "sources.py: what travels is named, not what does not",
    "_PLAYED": "_REFS, of benchmarks/waits.py",
    "_TRIED_AGAIN_AFTER": "_RETRY_COOLDOWN_MS",
    "_turned_away": "_rejected_share",
    "`slow`": "`unreachable`, the state of a watch",
    "again_on_the_wire": "redelivered",
    "authorize_with_keys": "authorize_with_cached_keys",
    "authorize_without_keys": "authorize_without_cached_keys",
    "aws_json.py": "lambdas/layer/aws/json_services.py",
    "AwsJson": "JsonService, of lambdas/layer/aws/json_services.py",
    "BadToken": "InvalidToken",
    "BrokenError": "BrokenRuleError, of tests/fuzz/oracle.py",
    "built_layer": "packages.py",
    "Channel": "SharedConnection, of clients/js; what one subscribes to is a topic",
    "channel.js": "shared_connection.js",
    "channelTo": "sharedConnection",
    "Crowd": "Subscribers, of benchmarks/load",
    "Dynamo": "DynamoDb, of lambdas/layer/aws/json_services.py",
    "Ear": "RecordingWatch, of clients/js/test",
    "ends_at": "expires_at_ms",
    "forget_connection": "delete_subscriptions",
    "grant_say": "grant_put_notification",
    "grant_write_joined": "grant_write_recent_subscriptions",
    "guarded_session": "session: one serves every local AWS",
    "Http1": "Transport, of lambdas/layer/aws/transport.py",
    "http1.py": "lambdas/layer/aws/transport.py",
    "infra/layer.py": "infra/packages.py: a Lambda layer and lambdas/layer are two things",
    "infra/tokens.py": "infra/secrets.py",
    "Judge": "Invariants, of tests/simulation",
    "judge.py": "invariants.py",
    "KEEP_ALIVE_INTERVAL": "RESUBSCRIBE_INTERVAL, or KEEP_ALIVE for pings, of clients/js",
    "killed_then_heard": "crash_then_resubscribe",
    "killed_then_retried": "crash_then_retry",
    "lambdas/layer/identity.py": "lambdas/layer/auth/principal.py",
    "let_post": "grant_manage_connections",
    "link.js": "connection.js",
    "LoggingAccount": "account.py: the account's role for logging has a stack of its own",
    "NO_HTTP": "INVALID_HTTP",
    "NO_JSON": "INVALID_JSON",
    "NoAnswerError": "TransportError",
    "nothing_waits": "drain, of tests/kit/peer.py",
    "people.py": "actors.py",
    "post_breaks": "post_mutants",
    "publish_breaks": "publish_mutants",
    "PutItem said": "PutItem notification",
    "Query joined": "Query recent subscriptions",
    "Query said": "Query notifications",
    "read_said": "read_notification",
    "Reconciled": "Reconciliation, of benchmarks/load",
    "Refusal": "RejectedRequest",
    "REPLAY_AT_MOST": "MAX_REPLAYED",
    "require_alive": "require_unexpired",
    "require_may": "authorize",
    "seams": "patches",
    "Senders": "Publishers, of benchmarks/load",
    "served_until": "connection_expires_at_ms",
    "signed_http.py": "lambdas/layer/aws/service.py",
    "SignedHttp": "AwsService, of lambdas/layer/aws/service.py",
    "SigV4": "Signer, of lambdas/layer/aws/service.py; the scheme is Signature Version 4",
    "story and step": "scenario and step",
    "subscribe_killed": "crash_in_subscribe",
    "Surroundings": "Simulation, of tests/simulation",
    "tests/faults/garbage.py": "tests/faults/malformed.py",
    "tests/faults/scenario.py": "tests/faults/run.py",
    "tests/faults/workers.py": "tests/faults/processes.py",
    "tests/forgeries": "tests/fuzz/forgeries.py",
    "tests/kit/calls.py": "tests/kit/proxy/requests.py",
    "tests/kit/faults.py": "tests/kit/proxy/faults.py",
    "tests/kit/proxy.py": "tests/kit/proxy/server.py",
    "tests/kit/settings.py": "tests/kit/deployed.py",
    "token_end": "token_expires_at_ms",
    "troubled": "injected",
    "TROUBLES": "FAULTS, of tests/simulation/scheduler.py",
    "Vanished": "AbruptDisconnects, of benchmarks/load",
    "wait_until_met": "wait_for_hit",
    "Watcher": "Invariants, of tests/simulation",
    "world.js": "fake_browser.js",
    "world.py": "tests/simulation/simulation.py",
    '"slow"': "'unreachable', the state of a watch",
}
"""The old word, and what to write instead."""

_OLD = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, GONE))})(?!\w)")


def old_words(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        for word in _OLD.findall(line):
            yield f"line {number}: {word} is gone, write: {GONE[word]}"


def texts() -> Iterator[tuple[str, str]]:
    """Return the name and the text of every file of the project, but this list's own."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        verbatim = name.startswith("tests/e2e/legacy/") or path == Path(__file__)
        if path.is_file() and path.suffix != ".png" and not verbatim:
            yield name, path.read_text("utf-8")


def test_words_that_are_gone_stand_in_no_file_and_no_files_name() -> None:
    found = [f"{name}: {old}" for name, text in texts() for old in old_words(f"{text}\n{name}")]
    assert not found, "\n".join(found)


def test_an_old_word_is_found_as_a_whole_word_with_what_to_write_instead() -> None:
    (found,) = old_words("class Http1Error: ...\nraise NoAnswerError\n")
    assert found == "line 2: NoAnswerError is gone, write: TransportError"
