"""Tokens: what is checked, one wrong thing at a time; real keys and signatures."""

from __future__ import annotations

import base64
import json
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from evenhand.adapters.sign_in.staff_tokens import TokenError, claims_of
from staff_cases import AT

ISSUER, CLIENT, NONCE = "https://login.shop.example", "evenhand", "n-1"
NOW = int(AT.timestamp())


@cache
def _pair(name):
    key = ec.generate_private_key(ec.SECP256R1()) if name != "rsa" else rsa.generate_private_key(65537, 2048)
    algorithm = jwt.algorithms.ECAlgorithm if name != "rsa" else jwt.algorithms.RSAAlgorithm
    return key, {**json.loads(algorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}


def _claims(**other):
    said = {"iss": ISSUER, "sub": "u-17", "aud": CLIENT, "iat": NOW, "exp": NOW + 300, "nonce": NONCE, **other}
    return {name: value for name, value in said.items() if value is not None}


def _token(key="ec", algorithm="ES256", headers=None, **other):
    return jwt.encode(_claims(**other), _pair(key)[0], algorithm=algorithm, headers={"kid": key, **(headers or {})})


def _read(token, *names):
    keys = [_pair(name)[1] for name in names or ("ec", "rsa")]
    return claims_of(token, lambda _: keys, issuer=ISSUER, client=CLIENT, nonce=NONCE, at=AT)


def _b64(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(("key", "algorithm"), [("ec", "ES256"), ("rsa", "RS256"), ("rsa", "PS256")])
def test_a_good_token_is_read(key, algorithm):
    """With either kind of key."""
    assert _read(_token(key, algorithm))["sub"] == "u-17"


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": ISSUER + "/"}, "another issuer"),
        ({"aud": "another"}, "somebody else"),
        ({"aud": [CLIENT, "another"]}, "somebody else"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "somebody else"),
        ({"azp": "another"}, "somebody else"),
        ({"exp": NOW - 61}, "expired"),
        ({"iat": NOW - 601}, "not of now"),
        ({"iat": NOW + 61, "exp": NOW + 600}, "not of now"),
        ({"nbf": NOW + 61}, "not of now"),
        ({"exp": str(NOW + 300)}, "times are none|signature is not right"),
        ({"exp": True}, "times are none|signature is not right"),
        ({"nonce": "n-2"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
        ({"nonce": ["n-1"]}, "another sign-in"),
        ({"sub": None}, "missing"),
        ({"sub": ""}, "names nobody"),
        ({"exp": None}, "missing"),
        ({"iat": None}, "missing"),
        ({"aud": None}, "missing|somebody else"),
        ({"iss": None}, "missing|another issuer"),
    ],
)
def test_a_token_with_one_wrong_claim_is_refused(other, why):
    """Issuer, audience, party, times, nonce, subject: each alone is enough."""
    with pytest.raises(TokenError, match=why):
        _read(_token(**other))


def test_a_token_for_several_is_good_where_we_are_the_party():
    """As OpenID Connect has it."""
    assert _read(_token(aud=[CLIENT, "another"], azp=CLIENT))["azp"] == CLIENT


def test_a_token_without_signature_is_none():
    """``alg: none``, in any spelling, with or without the rest of a real one."""
    for name in ("none", "None", "NONE", ""):
        forged = f"{_b64({'alg': name, 'kid': 'ec'})}.{_b64(_claims())}."
        for token in (forged, forged + "AAAA", forged + _token().split(".")[2]):
            with pytest.raises(TokenError, match="not allowed"):
                _read(token)


def test_a_token_signed_with_the_public_key_as_a_secret_is_none():
    """Symmetric algorithms are not allowed, so a public key is never a secret; nor is a secret in the set of keys."""
    body = f"{_b64({'alg': 'HS256', 'kid': 'oct'})}.{_b64(_claims())}"
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(body.encode(), b"k" * 32)
    token = body + "." + base64.urlsafe_b64encode(mac).decode().rstrip("=")
    secret = {"kty": "oct", "kid": "oct", "k": base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")}
    with pytest.raises(TokenError, match="not allowed"):
        claims_of(token, lambda _: [secret], issuer=ISSUER, client=CLIENT, nonce=NONCE, at=AT)
    asked = _token(headers={"kid": "oct"})
    with pytest.raises(TokenError, match="not the issuer's"):
        claims_of(asked, lambda _: [secret], issuer=ISSUER, client=CLIENT, nonce=NONCE, at=AT)


def test_a_token_of_another_key_is_none():
    """Under its own name or under the name of ours, or with a key that it brings along."""
    with pytest.raises(TokenError, match="not the issuer's"):
        _read(_token("other"))
    with pytest.raises(TokenError, match="signature"):
        _read(_token("other", headers={"kid": "ec"}))
    with pytest.raises(TokenError, match="signature"):
        _read(_token("other", headers={"kid": "ec", "jwk": _pair("other")[1], "jku": "https://evil.example/jwks"}))


def test_a_token_that_was_changed_is_none():
    """One character of what it says."""
    head, _, mac = _token().split(".")
    with pytest.raises(TokenError, match="signature"):
        _read(f"{head}.{_b64(_claims(sub='u-18'))}.{mac}")


def test_a_token_that_names_no_key_needs_a_set_of_one():
    """Where several could be meant, none is."""
    token = jwt.encode(_claims(), _pair("ec")[0], algorithm="ES256")
    assert _read(token, "ec")["sub"] == "u-17"
    with pytest.raises(TokenError, match="not the issuer's"):
        _read(token, "ec", "rsa")


def test_a_small_key_and_the_wrong_kind_of_key_are_refused():
    """What a set of keys says of an algorithm holds."""
    small = rsa.generate_private_key(65537, 1024)
    public = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(small.public_key())), "kid": "small"}
    body = f"{_b64({'alg': 'RS256', 'kid': 'small'})}.{_b64(_claims())}"
    with pytest.raises(TokenError, match=r"too small|cannot be read"):
        claims_of(body + ".AAAA", lambda _: [public], issuer=ISSUER, client=CLIENT, nonce=NONCE, at=AT)
    keys = [{**_pair("rsa")[1], "alg": "PS256"}]
    with pytest.raises(TokenError, match="not that of its key"):
        claims_of(_token("rsa", "RS256"), lambda _: keys, issuer=ISSUER, client=CLIENT, nonce=NONCE, at=AT)


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "....", "\u20ac.\u20ac.\u20ac", "a" * 40_000, "e30.e30.e30"])
def test_what_is_no_token_is_refused(text):
    """As a value with a reason, never as a fault; and no message tells what stood in it."""
    with pytest.raises(TokenError, match="cannot be trusted") as refused:
        _read(text)
    assert "u-17" not in str(refused.value)
