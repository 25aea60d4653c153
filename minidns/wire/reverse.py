"""The name of an address below in-addr.arpa or ip6.arpa (RFC 1035 section 3.5, RFC 3596 2.5)."""

_IPV4_ZONE = b"\x07in-addr\x04arpa\x00"
_IPV6_ZONE = b"\x03ip6\x04arpa\x00"
_OCTETS = tuple(bytes((len(b"%d" % octet),)) + b"%d" % octet for octet in range(256))
_NIBBLES = tuple(
    b"".join((b"\x01", b"%x" % (octet & 15), b"\x01", b"%x" % (octet >> 4))) for octet in range(256)
)


def reverse_name(address: bytes) -> bytes:
    """Lower-case wire, for an address of 4 or 16 octets."""
    if len(address) == 4:
        first, second, third, fourth = address
        return _OCTETS[fourth] + _OCTETS[third] + _OCTETS[second] + _OCTETS[first] + _IPV4_ZONE
    return b"".join([_NIBBLES[octet] for octet in reversed(address)]) + _IPV6_ZONE
