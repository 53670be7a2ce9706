"""`make token STAGE=... CLIENT=... MERCHANT=... REF=...`: mint a token, and print nothing else."""

import argparse
import time

from lambdas.layer.tokens import BadToken, verify
from tools import ToolError
from tools.deployed import deployed
from tools.outputs import STAGES
from tools.terminal import exit_status, say
from tools.tokens import LIFETIME, LONGEST_FRONTEND_TOKEN, LONGEST_LIFETIME, mint, read_keys


def main() -> int:
    """Print the token."""
    parser = argparse.ArgumentParser(prog="make token")
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--client", choices=("frontend", "backend"), required=True)
    parser.add_argument("--merchant", required=True)
    parser.add_argument("--ref", default="")
    parser.add_argument("--lifetime", type=int, default=LIFETIME)
    said = parser.parse_args()
    if not said.merchant:
        raise ToolError("MERCHANT is missing: whose token? `make token ... MERCHANT=shop`")
    if said.client == "frontend" and not said.ref:
        raise ToolError("REF is missing: a frontend's token names its refs, REF=12303")
    if not 0 < said.lifetime < LONGEST_LIFETIME:
        raise ToolError(f"LIFETIME is in seconds, more than 0 and less than {LONGEST_LIFETIME}")
    stage = deployed(said.stage)
    keys = read_keys(stage.outputs, stage.aws)
    refs = [said.ref] if said.ref else []
    token = mint(keys, said.client, said.merchant, refs, said.lifetime)
    try:
        verify(token, keys.get, time.time())
    except BadToken as bad:
        raise ToolError(
            f"The service would refuse this token: {bad.reason}. "
            "The rules stand in docs/protocol.md, section Tokens"
        ) from None
    if said.client == "frontend" and len(token) > LONGEST_FRONTEND_TOKEN:
        raise ToolError(
            f"The token would have {len(token)} characters, and a browser's address has room for "
            f"{LONGEST_FRONTEND_TOKEN}: give a shorter REF, and the key a shorter kid"
        )
    say(token)
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
