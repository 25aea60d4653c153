"""Ten experiments that show what the kernel does with an address, on this machine's own kernel."""
