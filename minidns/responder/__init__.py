"""Wire in, wire out: the ladder of refusals, EDNS, then the authority."""
