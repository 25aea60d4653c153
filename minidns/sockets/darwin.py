"""macOS only: constants that Python's `socket` module lacks, from xnu's bsd/netinet/in.h."""

import sys

IS_DARWIN = sys.platform == "darwin"

IP_PKTINFO = 26  # also IP_RECVPKTINFO; struct in_pktinfo as on Linux
