"""examples/service/client.py: what cannot be sent is said before it is sent, with the rule and without the value."""

from __future__ import annotations

import pytest

from shop_cases import client_program

pytestmark = pytest.mark.service
NOWHERE = "http://127.0.0.1:9"
client = client_program()


@pytest.mark.parametrize("once", ["é", "canary\n", "canary\0", "", "x" * 129, " canary", "ca\tnary", "\ud800"])
def test_a_key_for_once_that_no_header_carries_is_refused_with_the_rule(once):
    """Not as a service that cannot be reached, nor as an error of another library; the key is not told."""
    with client.Decisions(NOWHERE, "eh_1_x", tries=1) as decisions:
        for ask in (decisions.decide, lambda who, **more: decisions.decide_several([who], **more)):
            with pytest.raises(ValueError, match="1 to 128 printable ASCII characters") as refused:
                ask("1042", once=once)
            assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "lang", "says"),
    [
        ("canaryé", "en", "machine's key"),
        ("canary\nX-Other: 1", "en", "machine's key"),
        ("", "en", "machine's key"),
        ("eh_1_x", "né", "language"),
        ("eh_1_x", "nl\r\n", "language"),
    ],
)
def test_a_key_or_a_language_that_no_header_carries_is_refused_with_the_rule(key, lang, says):
    """When the client is made, not at its first question."""
    with pytest.raises(ValueError, match=says) as refused:
        client.Decisions(NOWHERE, key, lang=lang)
    assert "canary" not in str(refused.value)


def test_a_key_may_end_with_the_line_of_its_file():
    """Whoever reads it from a file has a line end behind it; what goes wrong then is that nobody listens there."""
    with (
        client.Decisions(NOWHERE, "eh_1_x\n", tries=1) as decisions,
        pytest.raises(client.Refused, match="cannot be reached"),
    ):
        decisions.decide("1042", once="order-1042 of today")
