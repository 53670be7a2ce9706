from benchmarks.retained import size_of


def test_an_item_is_as_large_as_dynamodb_counts_its_names_strings_and_numbers() -> None:
    item = {"entry": {"S": "notification#é"}, "expires_at": {"N": "1763975400"}}
    assert size_of(item) == len("entry") + 15 + len("expires_at") + 5
