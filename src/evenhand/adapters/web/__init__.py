"""What does a browser meet? Routes of a small web server; extra ``serve``.

Pages and decisions come from the rooms below; here are addresses, headers, cookies and forms. Nothing in here decides,
and nothing is imported by `import evenhand`.
"""

from .person_pages import Desk, House, person_pages

__all__ = ["Desk", "House", "person_pages"]
