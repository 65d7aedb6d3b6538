"""Keycloak and Entra ID as they publish themselves: their descriptions, keys and tokens are taken as they are.

No such server is asked here. The descriptions are those that both publish, less what nobody here reads; tokens are made
with keys of our own in the form that each of them documents.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from evenhand.adapters.entry.person_links import UsedInMemory
from evenhand.adapters.sign_in.issuer import Issuer
from evenhand.adapters.sign_in.staff_sessions import SessionsInMemory, StaffSessions
from evenhand.adapters.sign_in.staff_settings import staff_settings
from evenhand.adapters.sign_in.staff_sign_in import SignIn
from evenhand.adapters.sign_in.staff_tokens import TokenError, words_at
from evenhand.staff import StaffRole
from staff_cases import AT, SECRET

REALM = "https://login.shop.example/realms/shop"
TENANT = "https://login.microsoftonline.com/12345678-1234-1234-1234-123456789012"
KEYCLOAK = {
    "issuer": REALM,
    "authorization_endpoint": f"{REALM}/protocol/openid-connect/auth",
    "token_endpoint": f"{REALM}/protocol/openid-connect/token",
    "jwks_uri": f"{REALM}/protocol/openid-connect/certs",
    "end_session_endpoint": f"{REALM}/protocol/openid-connect/logout",
    "token_endpoint_auth_methods_supported": [
        "private_key_jwt",
        "client_secret_basic",
        "client_secret_post",
        "tls_client_auth",
        "client_secret_jwt",
    ],
    "id_token_signing_alg_values_supported": ["PS384", "ES384", "RS384", "HS256", "ES256", "RS256", "PS256", "EdDSA"],
    "code_challenge_methods_supported": ["plain", "S256"],
    "authorization_response_iss_parameter_supported": True,
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
}
ENTRA = {
    "token_endpoint": f"{TENANT}/oauth2/v2.0/token",
    "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    "jwks_uri": f"{TENANT}/discovery/v2.0/keys",
    "id_token_signing_alg_values_supported": ["RS256"],
    "issuer": f"{TENANT}/v2.0",
    "request_uri_parameter_supported": False,
    "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
    "authorization_endpoint": f"{TENANT}/oauth2/v2.0/authorize",
    "http_logout_supported": True,
    "frontchannel_logout_supported": True,
    "end_session_endpoint": f"{TENANT}/oauth2/v2.0/logout",
    "cloud_graph_host_name": "graph.windows.net",
}
KEY = rsa.generate_private_key(65537, 2048)
JWK = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
ACCESS = "an-access-token"
HASH = urlsafe_b64encode(hashlib.sha256(ACCESS.encode()).digest()[:16]).decode().rstrip("=")
NOW = int(AT.timestamp())


class Server:
    """Answers as one of them does; what it was asked."""

    def __init__(self, description, keys, claims):
        self.description, self.keys, self.claims = description, keys, claims
        self.asked, self.nonce = [], ""

    def __call__(self, address, form, headers):
        """Implements `Fetch`."""
        self.asked.append((address, form, dict(headers)))
        if address.endswith("openid-configuration"):
            return self.description
        if address == self.description["jwks_uri"]:
            return {"keys": self.keys}
        own = {"iss": self.description["issuer"], "aud": "evenhand", "iat": NOW, "exp": NOW + 300, "nonce": self.nonce}
        token = jwt.encode({**own, **self.claims}, KEY, algorithm="RS256", headers={"kid": self.keys[-1]["kid"]})
        return {"id_token": token, "access_token": ACCESS, "token_type": "Bearer", "expires_in": 300}


def _signed_in(server, claim, secret=""):
    """Somebody who went the whole way."""
    settings = staff_settings(
        {
            "issuer": server.description["issuer"],
            "client": "evenhand",
            "site": "https://marketing.shop.example",
            "claim": claim,
            "roles": {"privacy-officer": ["dpo", "7b1a0c3e-0000-4000-8000-000000000001"]},
        }
    )
    sessions = StaffSessions(SECRET, SessionsInMemory())
    issuer = Issuer(settings.issuer, server, lambda: 0.0)
    sign_in = SignIn(settings, issuer, sessions, UsedInMemory(), SECRET, client_secret=secret)
    begun = sign_in.begin("/staff/", at=AT)
    asked = parse_qs(begun.url.partition("?")[2])
    server.nonce = asked["nonce"][0]
    said = {"state": asked["state"][0], "code": "c-1"}
    if server.description.get("authorization_response_iss_parameter_supported"):
        said["iss"] = settings.issuer
    word, _ = sign_in.finish(begun.kept, said, at=AT)
    return sessions.read(word, at=AT), sign_in


def _keycloak(**claims):
    keys = [
        {**JWK, "kid": "enc-1", "use": "enc", "alg": "RSA-OAEP"},
        {**JWK, "kid": "sig-1", "use": "sig", "alg": "RS256", "x5c": ["MIIC"], "x5t": "t", "x5t#S256": "t2"},
    ]
    own = {
        "sub": "f:1:puck",
        "typ": "ID",
        "azp": "evenhand",
        "sid": "9f3a",
        "session_state": "9f3a",
        "acr": "1",
        "at_hash": HASH,
        "preferred_username": "puck",
        "realm_access": {"roles": ["offline_access", "dpo"]},
    }
    return Server(KEYCLOAK, keys, {**own, **claims})


def _entra(**claims):
    keys = [{**JWK, "kid": "k-1", "use": "sig", "x5t": "k-1", "x5c": ["MIIC"], "issuer": ENTRA["issuer"]}]
    own = {"sub": "AAAA", "oid": "o-1", "tid": "t-1", "ver": "2.0", "name": "Puck", "uti": "u", "rh": "r", "nbf": NOW}
    return Server(ENTRA, keys, {**own, **claims})


@pytest.mark.parametrize(
    ("server", "claim"),
    [
        (_keycloak(), "realm_access.roles"),
        (_keycloak(realm_access=None, roles=["dpo"]), "roles"),
        (_keycloak(resource_access={"evenhand": {"roles": ["dpo"]}}), "resource_access.evenhand.roles"),
        (_entra(roles=["dpo"]), "roles"),
        (_entra(groups=["7b1a0c3e-0000-4000-8000-000000000001"]), "groups"),
    ],
)
def test_somebody_signs_in_with_the_roles_at_the_places_that_each_documents(server, claim):
    """Keycloak's realm and client roles, Entra's app roles and ids of groups."""
    staff, _ = _signed_in(server, claim)
    assert staff.roles == {StaffRole.PRIVACY_OFFICER}


def test_a_key_for_encryption_signs_nobody_in():
    """Keycloak publishes one beside that for signatures."""
    server = _keycloak()
    server.keys = server.keys[::-1]
    with pytest.raises(TokenError, match="not the issuer's"):
        _signed_in(server, "realm_access.roles")


def test_the_hash_of_the_access_token_must_be_that_of_the_one_beside_it():
    """Both tell it; of another one the token is refused."""
    assert _signed_in(_entra(roles=["dpo"], at_hash=HASH), "roles")[0] is not None
    for wrong in (HASH[:-1] + "A", "", 7):
        with pytest.raises(TokenError, match="does not belong to the access token"):
            _signed_in(_keycloak(at_hash=wrong), "realm_access.roles")


def test_groups_that_are_too_many_are_said_and_are_not_taken_for_none():
    """Entra leaves them out of a token above 200 and says where they stand; nobody is signed in without their roles."""
    overage = {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "https://graph.microsoft.com/v1.0/users/o-1/getMemberObjects"}},
    }
    server = _entra(**overage)
    with pytest.raises(TokenError, match="too many to stand in it; have it say app roles"):
        _signed_in(server, "groups")
    assert all("graph.microsoft.com" not in address for address, _, _ in server.asked)
    assert _signed_in(_entra(**overage, roles=["dpo"]), "roles")[0].roles == {StaffRole.PRIVACY_OFFICER}
    assert words_at({"_claim_names": "x"}, "groups") == ()


@pytest.mark.parametrize(
    ("ways", "posts"),
    [
        (["client_secret_post", "private_key_jwt", "client_secret_basic"], False),
        (["client_secret_post", "private_key_jwt"], True),
        (None, False),
    ],
)
def test_a_secret_goes_the_way_that_the_issuer_takes_it(ways, posts):
    """In the header where it may (and where nothing is said, RFC 8414), else in the form, as older tenants ask."""
    server = _entra(roles=["dpo"])
    server.description = {**ENTRA, "token_endpoint_auth_methods_supported": ways}
    _signed_in(server, "roles", secret="s/ecret")
    _, form, headers = server.asked[-2] if server.asked[-2][1] else server.asked[-1]
    fields = parse_qs(form.decode())
    if posts:
        assert (fields["client_secret"], fields["client_id"]) == (["s/ecret"], ["evenhand"])
        assert "authorization" not in headers
    else:
        assert b64decode(headers["authorization"].removeprefix("Basic ")) == b"evenhand:s%2Fecret"
        assert "client_secret" not in fields


def test_what_each_says_of_logout_is_known():
    """Keycloak tells of logouts behind the scenes, with the session; Entra does not."""
    staff, sign_in = _signed_in(_keycloak(), "realm_access.roles")
    assert staff is not None
    assert sign_in.issuer.describe().tells_logout
    told = {
        "iss": REALM,
        "aud": "evenhand",
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "j-1",
        "typ": "Logout",
        "sub": "f:1:puck",
        "sid": "9f3a",
        "events": {
            "http://schemas.openid.net/event/backchannel-logout": {},
            "revoke_offline_access": False,
        },
    }
    token = jwt.encode(told, KEY, algorithm="RS256", headers={"kid": "sig-1"})
    assert sign_in.logged_out(token, at=AT) == 1
    assert not _signed_in(_entra(roles=["dpo"]), "roles")[1].issuer.describe().tells_logout
