"""The description of the service as OpenAPI 3.1: what FastAPI knows, and the hot route, which it does not."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.responses import Response

from ._decisions import DecisionRequest
from ._problems import CODES
from ._texts import text

__all__ = ["describe"]

_REF = "#/components/schemas/"
_PROBLEM = {
    "type": "object",
    "description": "A problem as RFC 9457 has it. It never holds a value of anybody.",
    "required": ["type", "title", "status", "instance"],
    "properties": {
        "type": {"type": "string", "enum": [f"/problems/{code}" for code in CODES]},
        "title": {"type": "string", "description": "In Dutch or English, by Accept-Language."},
        "status": {"type": "integer"},
        "instance": {"type": "string"},
        "policy_rule": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "severity": {"type": "string", "enum": ["error", "warning", "note"]},
                    "what": {"type": "string", "description": "Of a finding: what was found, in English."},
                    "rule": {"type": "string"},
                    "owner": {"type": "string", "description": "Who can mend it."},
                    "remedy": {"type": "string"},
                },
            },
        },
    },
}
_TEXTS = {
    "type": "object",
    "required": ["nl", "en"],
    "properties": {"nl": {"type": "string"}, "en": {"type": "string"}},
}
_OFFER = {
    "type": "object",
    "required": ["id", "text", "made_by_ai"],
    "properties": {"id": {"type": "string"}, "text": _TEXTS, "made_by_ai": {"type": "boolean"}},
}
_AD = {
    "type": "object",
    "required": ["text", "lead"],
    "properties": {"text": _TEXTS, "lead": {"type": "string"}},
    "description": "Words for the card of the offer. `lead` is where its last words must lead to.",
}
_DSA = {
    "type": "object",
    "description": "OpenRTB DSA object (bid.ext.dsa); dsaparams 1 = profiling, 2 = basic advertising.",
    "required": ["behalf", "paid", "adrender", "transparency"],
    "properties": {
        "behalf": {"type": "string", "maxLength": 100},
        "paid": {"type": "string", "maxLength": 100},
        "adrender": {"type": "integer", "enum": [0, 1]},
        "transparency": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["dsaparams"],
                "properties": {
                    "domain": {"type": "string", "description": "Left out where the contact names none."},
                    "dsaparams": {"type": "array", "items": {"type": "integer", "enum": [1, 2]}},
                },
            },
        },
    },
}
_DECISION = {
    "decision_id": {"type": "string"},
    "offer": {"type": ["string", "null"], "description": "Its id, by which it stands in `offers`; null for none."},
    "standing": {"type": "string", "enum": ["personalised", "contextual", "refused"]},
    "permission": {"type": "string", "description": "Reason of the standing."},
    "reason": {"type": "string", "description": "Reason of the outcome."},
    "how": {
        "type": "string",
        "enum": ["personal", "contextual", "chance", "refused"],
        "description": "By what the outcome came about; `ads` and `dsa` go by it.",
    },
}
_ANSWER = {
    "at": {"type": "string", "format": "date-time"},
    "campaign": {"type": "string"},
    "gpc_honoured": {"type": "boolean"},
    "offers": {"type": "object", "additionalProperties": _OFFER, "description": "By the `offer` of a decision."},
    "ads": {"type": "object", "additionalProperties": _AD, "description": "By the `how` of a decision with an offer."},
    "dsa": {"type": "object", "additionalProperties": _DSA, "description": "By the `how` of a decision with an offer."},
}
"""What every answer has beside its decisions."""
_ONE = {
    "type": "object",
    "required": [*_ANSWER, *_DECISION, "receipt_id", "explanations", "receipt"],
    "properties": {
        **_ANSWER,
        **_DECISION,
        "receipt_id": {"type": "string"},
        "explanations": {"type": "object", "additionalProperties": {"type": "string"}},
        "receipt": {"type": "string"},
    },
}
_SEVERAL = {
    "type": "object",
    "required": [*_ANSWER, "decisions"],
    "properties": {
        **_ANSWER,
        "decisions": {
            "type": "array",
            "items": {"type": "object", "required": list(_DECISION), "properties": _DECISION},
        },
    },
}
_HEADERS = (
    ("Idempotency-Key", "The same question under the same key gets the decisions of the first time.", 128),
    ("Sec-GPC", "1: the person's browser opts out; the decision uses no personal data.", 20),
    ("Accept-Language", "Language of problems: nl or en.", 200),
    ("X-Request-Id", "8 to 64 letters, digits, dots, dashes and underscores; comes back with the answer.", 64),
)


def describe(app: FastAPI) -> None:
    """Give the application its description, and a route that shows it."""
    made: dict[str, Any] = {}

    def described() -> dict[str, Any]:
        if not made:
            made.update(_described(app))
        return made

    app.openapi = described  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(msgspec.json.encode(described()), media_type="application/json")


def _described(app: FastAPI) -> dict[str, Any]:
    from fastapi.openapi.utils import get_openapi

    content = get_openapi(title="evenhand", version="1", openapi_version="3.1.0", routes=app.routes)
    schemas = content.setdefault("components", {}).setdefault("schemas", {})
    _, own = msgspec.json.schema_components([DecisionRequest], ref_template=_REF + "{name}")
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    asked = own["DecisionRequest"]
    asked["properties"]["subject"]["minLength"] = own["OneAsked"]["properties"]["subject"]["minLength"] = 1
    asked["properties"]["subjects"]["description"] = "Each person once; else nobody is decided about."
    asked["anyOf"] = [{"required": ["subject"]}, {"required": ["subjects"]}]
    schemas |= own | {"Problem": _PROBLEM}
    content["components"]["securitySchemes"] = {"machine": {"type": "http", "scheme": "bearer"}}
    content["info"]["description"] = "Decisions with all gates on, and what was recorded of them."
    content["paths"]["/v1/decisions"] = {"post": _decisions()}
    for path, methods in content["paths"].items():
        for operation in methods.values():
            _complete(path, operation)
    return content


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Problems instead of FastAPI's own errors, and who may call."""
    operation["responses"].pop("422", None)
    if path.startswith("/v1"):
        operation["security"] = [{"machine": []}]
        if operation.get("requestBody"):
            statuses = {status for code, status in CODES.items() if code != "method"}
        else:
            statuses = {401, 403, 404, 410, 422, 500, 503}
        for status in sorted(statuses):
            names = [text(f"problem.{code}", "en") for code, own in CODES.items() if own == status]
            operation["responses"].setdefault(
                str(status),
                {
                    "description": " / ".join(names),
                    "content": {"application/problem+json": {"schema": {"$ref": _REF + "Problem"}}},
                },
            )


def _decisions() -> dict[str, Any]:
    return {
        "tags": ["decisions"],
        "summary": "Decide about one person, or several together",
        "operationId": "decide",
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": False,
                "description": about,
                "schema": {
                    "type": "string",
                    "maxLength": most,
                    **({"minLength": 1} if name == "Idempotency-Key" else {}),
                },
            }
            for name, about, most in _HEADERS
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REF + "DecisionRequest"}}},
        },
        "responses": {
            "200": {
                "description": "The decisions, durable in the ledger. One person gives the first form.",
                "content": {"application/json": {"schema": {"anyOf": [_ONE, _SEVERAL]}}},
            }
        },
    }
