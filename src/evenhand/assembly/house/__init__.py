"""Which pages has the house for staff, and where do they stand?

The idea: desks are joined to the same functions as the commands; doors and pages are handed to the web. What a page
looks like is in `staff`, `console` and `portal`.
"""

__all__: list[str] = []
