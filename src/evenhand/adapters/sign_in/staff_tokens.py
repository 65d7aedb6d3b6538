"""Is this token from the issuer, for us, for this sign-in, and still good? Everything else is refused.

Signatures are checked by PyJWT, with asymmetric algorithms only: a token that is signed with nothing, or with a
secret that is no secret, is none. Source: OpenID Connect Core 1.0, 3.1.3.7.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from evenhand.terms import DataError

__all__ = ["ALGORITHMS", "TokenError", "claims_of", "words_at"]

ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""What a token may be signed with."""
_ASYMMETRIC = frozenset({"EC", "OKP", "RSA"})
_SKEW = 60.0
_OLDEST = 600.0
"""Seconds: a token is made for this sign-in, not found in a drawer."""
_SMALLEST_RSA = 2048
_LONGEST = 32_768
_MOST_WORDS = 1_000

Keys = Callable[[str | None], Sequence[Mapping[str, Any]]]


class TokenError(DataError):
    """A token that cannot be trusted. Why is said in a word, never what stands in it."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "staff-token",
            f"The issuer's token cannot be trusted: {why}.",
            rule="OpenID Connect Core 3.1.3.7: signature, issuer, audience, time and nonce are checked",
            remedy="look at the client's settings at the issuer, and at the clocks of both machines",
        )


def claims_of(token: str, keys: Keys, *, issuer: str, client: str, nonce: str, at: datetime) -> Mapping[str, Any]:
    """What a token says, once everything about it was checked.

    Args:
        token: as the issuer gave it.
        keys: the issuer's, given the name of the one that is looked for.
        issuer: whom it must be from.
        client: for whom it must be.
        nonce: that was sent with this sign-in.
        at: now.

    Raises:
        TokenError: something about it is not right.
        IssuerError: the keys cannot be had.
    """
    import jwt

    if len(token) > _LONGEST:
        raise TokenError("it is too large")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise TokenError("it is no token") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise TokenError("its algorithm is not allowed")
    key = _key(keys(kid), kid, algorithm)
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=client,
            issuer=issuer,
            options={
                "require": ["iss", "sub", "aud", "exp", "iat"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidAudienceError:
        raise TokenError("it is for somebody else") from None
    except jwt.InvalidIssuerError:
        raise TokenError("it is from another issuer") from None
    except jwt.MissingRequiredClaimError:
        raise TokenError("something is missing in it") from None
    except jwt.PyJWTError:
        raise TokenError("its signature is not right") from None
    _check_rest(claims, client, nonce, at.timestamp())
    return claims


def words_at(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The words at a place in a token; none where nothing of that kind stands there.

    >>> words_at({"realm_access": {"roles": ["dpo", 3]}}, "realm_access.roles"), words_at({"roles": "dpo"}, "roles")
    (('dpo',), ('dpo',))
    """
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return (found,)
    return tuple(one for one in found[:_MOST_WORDS] if isinstance(one, str)) if isinstance(found, list) else ()


def _key(known: Sequence[Mapping[str, Any]], kid: str | None, algorithm: str) -> Any:
    """The key that a token was signed with, as PyJWT takes it."""
    import jwt

    usable = [one for one in known if one.get("kty") in _ASYMMETRIC and one.get("use", "sig") == "sig"]
    named = [one for one in usable if one.get("kid") == kid] if kid is not None else usable
    if len(named) != 1:
        raise TokenError("its key is not the issuer's")
    if named[0].get("alg", algorithm) != algorithm:
        raise TokenError("its algorithm is not that of its key")
    try:
        key = jwt.PyJWK(dict(named[0]), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise TokenError("its key cannot be read") from None
    if getattr(key.key, "key_size", _SMALLEST_RSA) < _SMALLEST_RSA and named[0].get("kty") == "RSA":
        raise TokenError("its key is too small")
    return key


def _check_rest(claims: Mapping[str, Any], client: str, nonce: str, now: float) -> None:
    moments = [claims[name] for name in ("exp", "iat")] + [claims.get("nbf", 0)]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in moments):
        raise TokenError("its times are none")
    expires, issued, begins = moments
    if now >= expires + _SKEW:
        raise TokenError("it has expired")
    if issued > now + _SKEW or begins > now + _SKEW or issued < now - _OLDEST:
        raise TokenError("it is not of now")
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    party = claims.get("azp")
    if (len(audience) > 1 and party is None) or (party is not None and party != client):
        raise TokenError("it is for somebody else")
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise TokenError("it is of another sign-in")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise TokenError("it names nobody")
