"""RFC 1034 section 4.3.2 over the zones held here."""
