"""Every module that describes tables on `database.METADATA`; a module of new tables is imported here."""

from __future__ import annotations

from evenhand.adapters import belonging, campaign_tables, event_tables, rights_tables, session_table, used_links
from evenhand.adapters.database import METADATA

__all__ = ["METADATA", "belonging", "campaign_tables", "event_tables", "rights_tables", "session_table", "used_links"]
