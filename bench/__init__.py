"""Paired benchmarks of minidns against other DNS servers; see README.md in this directory."""
