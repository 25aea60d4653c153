"""Names that no zone here holds: who is asked, what is believed, how long it is kept.

Decisions and memory only. No socket, no clock, no chance: upstreams are asked through an `Exchange`
that is given, and a moment comes in as `now` or from a clock that is given. Knows no zones.
"""
