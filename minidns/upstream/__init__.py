"""Asking other servers over UDP, TCP and TLS: sockets, ports, identifiers, time-outs.

What is asked and what is believed of a reply is the resolver's business (`minidns.resolver`).
"""
