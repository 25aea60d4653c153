"""Why a server did not start."""


class StartError(Exception):
    """`str()` is the whole message for the user: what is wrong, and what would be right."""
