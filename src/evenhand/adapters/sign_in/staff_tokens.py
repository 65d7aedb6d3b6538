"""Is this token from the issuer, for us, for this sign-in, and still good? Everything else is refused.

Signatures are checked by PyJWT, with asymmetric algorithms only: a token that is signed with nothing, or with a
secret that is no secret, is none. Sources: OpenID Connect Core 1.0, 3.1.3.7 and 3.1.3.8; Back-Channel Logout 1.0, 2.6.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evenhand.terms import DataError

__all__ = [
    "ALGORITHMS",
    "Logout",
    "TokenError",
    "algorithm_of",
    "check_access",
    "claims_of",
    "logout_of",
    "words_at",
]

ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""What a token may be signed with."""
_ASYMMETRIC = frozenset({"EC", "OKP", "RSA"})
_SKEW = 60.0
_OLDEST = 600.0
"""Seconds: a token is made for this sign-in, not found in a drawer."""
_SMALLEST_RSA = 2048
_LONGEST = 32_768
_MOST_WORDS = 1_000

_LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout"

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


@dataclass(frozen=True, slots=True)
class Logout:
    """A logout at the issuer.

    Attributes:
        subject: whose sessions ended, as of the claim ``sub``; "" = not said.
        session: which session ended, as of the claim ``sid``; "" = every one of the subject.
        mark: of the token (32 bytes), which is good once.
        until: when the token is good no more.
    """

    subject: str
    session: str
    mark: bytes
    until: datetime


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
    claims, _ = _signed(token, keys, issuer, client, ["iss", "sub", "aud", "exp", "iat"])
    _check_times(claims, at.timestamp())
    _check_party(claims, client)
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise TokenError("it is of another sign-in")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise TokenError("it names nobody")
    return claims


def logout_of(token: str, keys: Keys, *, issuer: str, client: str, at: datetime) -> Logout:
    """Whose sessions an issuer ended, once everything about its logout token was checked.

    Args:
        token, keys, issuer, client, at: as of `claims_of`.

    Raises:
        TokenError: something about it is not right.
        IssuerError: the keys cannot be had.
    """
    claims, header = _signed(token, keys, issuer, client, ["iss", "aud", "exp", "iat", "jti", "events"])
    if str(header.get("typ", "JWT")).lower() not in ("jwt", "logout+jwt"):
        raise TokenError("it is a token for something else")
    _check_times(claims, at.timestamp())
    _check_party(claims, client, is_logout=True)
    events = claims["events"]
    if not isinstance(events, Mapping) or not isinstance(events.get(_LOGGED_OUT), Mapping):
        raise TokenError("it says nothing of a logout")
    if "nonce" in claims:
        raise TokenError("it is of a sign-in")
    jti, sub, sid = (claims.get(name, "") for name in ("jti", "sub", "sid"))
    if not all(isinstance(one, str) for one in (jti, sub, sid)) or not jti or not (sub or sid):
        raise TokenError("it names nobody")
    until = datetime.fromtimestamp(float(claims["exp"]) + _SKEW, tz=at.tzinfo)
    return Logout(sub, sid, hashlib.sha256(b"evenhand logout\x00" + jti.encode()).digest(), until)


def check_access(claims: Mapping[str, Any], access: str, algorithm: str) -> None:
    """Where a token tells the hash of the access token beside it, that must be the hash of it (Core 3.1.3.8).

    Raises:
        TokenError: it is another one.
    """
    said = claims.get("at_hash")
    if said is None or not access:
        return
    bits = "512" if algorithm == "EdDSA" else algorithm[-3:]
    digest = hashlib.new(f"sha{bits}", access.encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), half.encode()):
        raise TokenError("it does not belong to the access token beside it")


def algorithm_of(token: str) -> str:
    """The algorithm that the head of a token names; of one that was checked."""
    import jwt

    return str(jwt.get_unverified_header(token).get("alg", ""))


def _signed(
    token: str, keys: Keys, issuer: str, client: str, needed: list[str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The claims and the head of a token with a good signature, of this issuer and for this client."""
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
                "require": needed,
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
    return claims, header


def words_at(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The words at a place in a token; none where nothing of that kind stands there.

    Raises:
        TokenError: the issuer keeps them elsewhere (distributed claims, such as more than 200 groups at Entra ID).

    >>> words_at({"realm_access": {"roles": ["dpo", 3]}}, "realm_access.roles"), words_at({"roles": "dpo"}, "roles")
    (('dpo',), ('dpo',))
    """
    found: Any = claims.get(path)
    elsewhere = claims.get("_claim_names")
    if found is None and isinstance(elsewhere, Mapping) and path.partition(".")[0] in elsewhere:
        raise TokenError("it leaves out the roles, since they are too many to stand in it; have it say app roles")
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


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    moments = [claims[name] for name in ("exp", "iat")] + [claims.get("nbf", 0)]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in moments):
        raise TokenError("its times are none")
    expires, issued, begins = moments
    if now >= expires + _SKEW:
        raise TokenError("it has expired")
    if issued > now + _SKEW or begins > now + _SKEW or issued < now - _OLDEST:
        raise TokenError("it is not of now")


def _check_party(claims: Mapping[str, Any], client: str, *, is_logout: bool = False) -> None:
    """A token for several says who of them asked for it; a logout is asked for by nobody."""
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    party = claims.get("azp")
    if (len(audience) > 1 and party is None and not is_logout) or (party is not None and party != client):
        raise TokenError("it is for somebody else")
