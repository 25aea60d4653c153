"""Why a server did not start, or did not go on."""


class StartError(Exception):
    """`str()` is the whole message for the user: what is wrong, and what would be right."""


class WorkersFailed(Exception):
    """Workers kept ending. `str()` is the whole message for the user."""
