"""Bytes: names, a strict reader of queries, the writer of responses, the one door to dnslib."""
