"""Identifiers that were renamed or went, and stand nowhere any more: in code, tests or documents.

Whoever renames one adds a line: the old word, and what to write instead.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

GONE = {
    '"slow"': "'unreachable', the state of a watch",
    "'slow'": "'unreachable', the state of a watch",
    "AwsJson": "JsonService, of lambdas/layer/aws/json_service.py",
    "Channel": "SharedConnection, of clients/js; what one subscribes to is a topic",
    "Dynamo": "DynamoDb, of lambdas/layer/aws/dynamodb.py",
    "Ear": "RecordingWatch, of clients/js/test",
    "Http1": "Transport, of lambdas/layer/aws/transport.py",
    "LoggingAccount": "account.py: the account's role for logging has a stack of its own",
    "NoAnswerError": "TransportError",
    "SigV4": "Signer, of lambdas/layer/aws/signing.py; the scheme is Signature Version 4",
    "SignedHttp": "AwsService, of lambdas/layer/aws/service.py",
    "_NOT_CODE": "sources.py: what travels is named, not what does not",
    "_may_pass": "_is_retryable",
    "`slow`": "`unreachable`, the state of a watch",
    "aws_json.py": "lambdas/layer/aws/json_service.py",
    "built_layer": "packages.py",
    "channel.js": "shared_connection.js",
    "channelTo": "sharedConnection",
    "http1.py": "lambdas/layer/aws/transport.py",
    "infra/layer.py": "infra/packages.py: a Lambda layer and lambdas/layer are two things",
    "link.js": "connection.js",
    "signed_http.py": "lambdas/layer/aws/service.py",
    "world.js": "fake_browser.js",
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
