"""Arguments, exit codes, and the only print."""
