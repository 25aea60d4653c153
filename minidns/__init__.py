"""minidns: a DNS server on one address, over UDP and TCP, from YAML zones."""

__version__ = "0.1.0"
