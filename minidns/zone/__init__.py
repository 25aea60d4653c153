"""Immutable zones: loading, checking, compiling record sets to wire form."""
