"""`host:port` as text, IPv6 in brackets (RFC 3986 section 3.2.2): taken apart and put together."""


class BadHostPort(ValueError):
    """The message follows the whole text, in quotes: ` has no closing bracket`."""


def split_host_port(text: str) -> tuple[str, str | None]:
    """Both as they stand; the port is None where the text has none. Raises BadHostPort.

    More than one colon without brackets is all host.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise BadHostPort(" has no closing bracket")
        if rest and not rest.startswith(":"):
            raise BadHostPort(f": after ']' comes ':PORT', not '{rest}'")
        if ":" not in host:
            raise BadHostPort(": brackets are for IPv6")
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        return text, None
    host, colon, port = text.partition(":")
    return host, port if colon else None


def join_host_port(host: str, port: int) -> str:
    """`host:port`, IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
