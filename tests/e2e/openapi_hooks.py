"""What schemathesis cannot know from docs/openapi.json; it loads this module itself.

JSON Schema cannot express two rules of the service: an `id` has one content, 1.0 is not a `ref`.
"""

import hashlib
import json
from typing import Any

import schemathesis

_ID_CHARACTERS = 128


@schemathesis.hook
def before_call(_context: Any, case: schemathesis.Case[Any], _kwargs: Any) -> None:
    """Fit a body that the document allows to these rules; it is shared, and so copied."""
    body, meta = case.body, case.meta
    if not isinstance(body, dict) or meta is None or not meta.generation.mode.is_positive:
        return
    fitted = dict(body)
    ref = body.get("ref")
    if isinstance(ref, float):
        fitted["ref"] = int(ref)
    if "id" in body:
        digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()[:16]
        fitted["id"] = f"{digest}{body['id']}"[:_ID_CHARACTERS]
    case.body = fitted
