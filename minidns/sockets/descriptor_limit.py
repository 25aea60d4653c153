"""Open files: the soft limit raised to what the connections need (getrlimit(2), RLIMIT_NOFILE).

accept() with EMFILE is worse than a refused connection, since the kernel's queue then stays full;
so the number of TCP connections is known to fit before the first is accepted.
"""

import resource

KEPT_DESCRIPTORS = 256  # for upstreams, files, listeners, the event loop; as Knot keeps them


def fit_connections(wanted: int, kept: int = KEPT_DESCRIPTORS) -> int:
    """Raise the soft limit so that `wanted` connections fit beside `kept` other descriptors.

    Returns how many do fit: `wanted`, or fewer where the hard limit is lower, at least 1.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + kept
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
        except (OSError, ValueError):  # macOS refuses values above kern.maxfilesperproc
            pass
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - kept))
