"""Linux only: constants that Python's `socket` module lacks, from the kernel's own headers.

Values from include/uapi/linux/in.h, in6.h and include/uapi/asm-generic/socket.h; the last are the
same on every architecture but alpha, mips, parisc and sparc, where using them fails harmlessly.
"""

import sys

IS_LINUX = sys.platform == "linux"

# include/uapi/linux/in.h, ip(7)
IP_PKTINFO = 8
IP_MTU_DISCOVER = 10
IP_PMTUDISC_OMIT = 5  # never DF, and no path MTU learnt from ICMP; Linux 3.13

# include/uapi/linux/in6.h, ipv6(7)
IPV6_MTU_DISCOVER = 23
IPV6_PMTUDISC_OMIT = 5  # Linux 3.15

# include/uapi/asm-generic/socket.h, socket(7)
SO_TIMESTAMP_OLD = 29
SO_SNDBUFFORCE = 32  # past net.core.wmem_max, wants CAP_NET_ADMIN
SO_RCVBUFFORCE = 33  # past net.core.rmem_max, wants CAP_NET_ADMIN
SO_TIMESTAMPNS_OLD = 35
SO_TIMESTAMPING_OLD = 37
SO_RXQ_OVFL = 40

# Options that make recvmsg() deliver control messages besides the packet information.
CONTROL_MESSAGE_OPTIONS = (
    SO_TIMESTAMP_OLD,
    SO_TIMESTAMPNS_OLD,
    SO_TIMESTAMPING_OLD,
    SO_RXQ_OVFL,
)
