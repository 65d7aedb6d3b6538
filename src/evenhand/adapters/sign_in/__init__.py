"""How does staff sign in? At the organisation's own OpenID Connect issuer, and sessions are kept sealed.

OpenID Connect Core 1.0, RFC 7636 (PKCE). What it does not do: it keeps no password; who may do what stands in
`staff`."""

__all__: list[str] = []
