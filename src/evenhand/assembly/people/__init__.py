"""What do people say, ask and see, and what does a home hold of them?

The idea: everything said and asked goes through one chained trail (`_trail`, ADR 0023); what is held is gathered from
every store. What the law says of it is in `rights` and `rules`.
"""

__all__: list[str] = []
