"""Every module that describes tables on `database.METADATA`; a module of new tables is imported here."""

from __future__ import annotations

from evenhand.adapters.entry import used_links
from evenhand.adapters.sign_in import session_table
from evenhand.adapters.stores import belonging, campaign_tables, event_tables, rights_tables
from evenhand.adapters.stores.database import METADATA

__all__ = ["METADATA", "belonging", "campaign_tables", "event_tables", "rights_tables", "session_table", "used_links"]
