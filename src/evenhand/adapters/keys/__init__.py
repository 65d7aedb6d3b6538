"""Where are the keys of people, runs and machines kept? Apart from what they open, and wrapped where it is asked.

What it does not do: it makes no cipher of its own (AES-256-GCM and HMAC of the library ``cryptography``)."""

__all__: list[str] = []
