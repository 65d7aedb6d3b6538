"""How staff sign in, as an organisation writes it down: one small YAML file, without a secret in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from evenhand.staff import StaffRole
from evenhand.terms import PolicyError

from ..declared._yaml_document import MAX_BYTES, read_document

__all__ = ["STAFF_SECRET", "StaffSettings", "client_secret", "is_loopback", "read_staff_settings", "staff_settings"]

STAFF_SECRET = "EVENHAND_STAFF_SECRET"
"""The variable that holds the client's secret, where the issuer gave one. Without it PKCE alone protects the code."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_Word = Annotated[str, Field(min_length=1, max_length=200)]


class StaffSettings(BaseModel):
    """What stands in the file.

    Attributes:
        issuer: address of the organisation's OpenID Connect issuer, as its tokens name it.
        client: the id under which the issuer knows this service.
        site: scheme, host and port under which staff reach the service.
        claim: where in the token the roles stand, with points between parts: ``roles``, ``realm_access.roles``.
        roles: for each role the words of the issuer that give it.
        contact: who gives roles, for whoever lacks one.
        scopes: what the issuer is asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: _Word
    client: _Word
    site: _Word
    claim: Annotated[str, Field(pattern=r"^[^\s.]+(\.[^\s.]+)*$", max_length=200)] = "roles"
    roles: dict[StaffRole, list[_Word]]
    contact: Annotated[str, Field(max_length=200)] = ""
    scopes: tuple[_Word, ...] = ("openid", "profile")

    @field_validator("issuer", "site")
    @classmethod
    def _is_secure(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(address)):
            raise ValueError("must begin with https://; only this machine itself may go without")
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("must be an address alone, without user, query or fragment")
        return address

    @field_validator("site")
    @classmethod
    def _is_bare(cls, site: str) -> str:
        if urlsplit(site).path not in ("", "/"):
            raise ValueError("must be scheme, host and port, without a path")
        return site.rstrip("/")

    @field_validator("scopes")
    @classmethod
    def _asks_for_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("must have openid")
        return scopes

    @property
    def back(self) -> str:
        """Where the issuer sends people back to; it is registered there."""
        return f"{self.site}/staff/back"


def is_loopback(address: str) -> bool:
    """Whether an address is on this machine itself.

    >>> is_loopback("http://127.0.0.1:8000/x"), is_loopback("http://127.0.0.1.evil.example")
    (True, False)
    """
    try:
        return urlsplit(address).hostname in _LOOPBACK
    except ValueError:
        return False


def read_staff_settings(path: str | Path) -> StaffSettings:
    """Read the file.

    Raises:
        PolicyError: there is none, or something in it is wrong.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _wrong(f"{path} cannot be opened ({error.strerror or type(error).__name__})") from None
    document = read_document(content)
    for problem in document.problems:
        line = document.positions.get(problem.path, (1, 1))[0]
        raise _wrong(f"{path}, line {line}: {problem.finding.what.rstrip('.')}")
    return staff_settings(document.data, str(path))


def staff_settings(content: Any, name: str = "The settings") -> StaffSettings:
    """The settings from plain data.

    Raises:
        PolicyError: something in them is wrong.
    """
    try:
        return StaffSettings.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise _wrong(f"{name}: {place}: {first['msg'].removeprefix('Value error, ')}") from None


def client_secret() -> str:
    """The client's secret from the environment; "" where there is none."""
    return os.environ.get(STAFF_SECRET, "")


def _wrong(what: str) -> PolicyError:
    return PolicyError(
        "staff-settings",
        f"{what}.",
        rule="staff sign in at an issuer that the organisation names, over TLS, with roles that it maps",
        remedy="see docs/how-to/staff.md for a whole file",
    )
