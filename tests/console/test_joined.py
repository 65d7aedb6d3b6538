"""The console beside the service: there where campaigns are, and behind the sign-in for staff."""

from __future__ import annotations

from evenhand.adapters.stores.home import Home
from evenhand.assembly import staff_mounts

HERE = "http://127.0.0.1:8000"


def test_the_console_is_mounted_where_a_service_has_campaigns_and_named_in_no_frame_otherwise(console):
    """Pages for staff that are served alone have no campaigns to show."""
    place = Home(console.folder)
    assert "/console" in staff_mounts(place, try_at=HERE, campaigns=console.register)
    assert "/console" not in staff_mounts(place, try_at=HERE)
