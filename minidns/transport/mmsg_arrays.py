"""Linux on 64 bits: the arrays that recvmmsg(2) and sendmmsg(2) work on, laid out once.

For each of `slots` datagrams a struct mmsghdr, one struct iovec, a socket address, a control buffer
and a slot for the octets, all preallocated. The kernel writes addresses, lengths and packet
information; the same headers then carry the replies back. Python reads and writes the fields of
many headers at once, through strided views. Structures (64-bit, recvmsg(2)), in octets:

  struct mmsghdr  0 name* 8 namelen(u32) 16 iov* 24 iovlen 32 control* 40 controllen
                  48 flags(u32) 56 msg_len(u32)                                   64 in all
  struct iovec    0 base* 8 len                                                   16 in all
  struct cmsghdr  0 len 8 level(u32) 12 type(u32) 16 data
"""

import ctypes
import mmap
import socket
import sys
from array import array

from minidns.sockets.pktinfo import IN6_PKTINFO_OCTETS, IN_PKTINFO_OCTETS

_HEADER = 64
_IOVEC = 16
_NAME = 32  # room for sockaddr_in6 (28 octets), a power of two
_SOCKADDR_IN = 16
_SOCKADDR_IN6 = 28
# Where the IP address lies in them.
_SIN_ADDR = slice(4, 8)
_SIN6_ADDR = slice(8, 24)
_CMSG_DATA = 16
# The first two octets of fe80::/10 (RFC 4291 section 2.5.6) as the machine reads them.
_LINK_LOCAL = frozenset(
    int.from_bytes((0xFE, second), sys.byteorder) for second in range(0x80, 0xC0)
)
# Slots one cache line apart from a power of two: at a stride of 4,096 octets the first lines of all
# slots share one set of the L1 cache, which costs 0.2 microseconds a packet.
_SLOT_GAP = 64


class MmsgArrays:
    """The arrays of one socket.

    `start` of slot i is `starts[i]`; `packets[start:end]` gives bytes. `lengths` are the octets
    received, `sizes` the octets to receive or send, `ports` the clients' ports as the machine reads
    two octets in network order, `interfaces` the packet information's interface index.
    """

    def __init__(self, family: int, slots: int, slot_octets: int, with_pktinfo: bool) -> None:
        self.slots = slots
        self.slot_octets = slot_octets
        self.stride = slot_octets + _SLOT_GAP
        self.name_octets = _SOCKADDR_IN if family == socket.AF_INET else _SOCKADDR_IN6
        address = _SIN_ADDR if family == socket.AF_INET else _SIN6_ADDR
        # Where in `names` the IP addresses are: 4 or 16 octets.
        self.clients = [
            slice(at + address.start, at + address.stop) for at in range(0, slots * _NAME, _NAME)
        ]
        data_octets = IN_PKTINFO_OCTETS if family == socket.AF_INET else IN6_PKTINFO_OCTETS
        self.control_octets = socket.CMSG_SPACE(data_octets) if with_pktinfo else 0

        # Anonymous mmaps and no bytearrays: a slice of one is bytes in one step.
        self.packets = mmap.mmap(-1, slots * self.stride)
        self.names = mmap.mmap(-1, slots * _NAME)
        self._headers = bytearray(slots * _HEADER)
        self._iovecs = bytearray(slots * _IOVEC)
        self.controls = bytearray(slots * max(self.control_octets, 8))
        self.starts = range(0, slots * self.stride, self.stride)

        header_words = memoryview(self._headers).cast("I")
        header_quads = memoryview(self._headers).cast("Q")
        self.lengths = header_words[14::16]
        self._control_lengths = header_quads[5::8]
        self.sizes = memoryview(self._iovecs).cast("Q")[1::2]
        self.ports = memoryview(self.names).cast("H")[1 :: _NAME // 2]
        control_words = memoryview(self.controls).cast("I")
        words = max(self.control_octets, 8) // 4
        at = (_CMSG_DATA if family == socket.AF_INET else _CMSG_DATA + 16) // 4
        self.interfaces = control_words[at::words]
        self.address_heads = memoryview(self.controls).cast("H")[_CMSG_DATA // 2 :: words * 2]

        self._full_sizes = array("Q", [slot_octets]) * slots
        self._full_control_lengths = array("Q", [self.control_octets]) * slots
        self.no_interfaces = array("I", [0]) * slots
        self.header_address = _address_of(self._headers)
        self._link_headers(header_quads)

    def reset(self, count: int) -> None:
        """Make the first `count` headers fit to receive again.

        The address length needs none of it: the kernel writes back what it was, the family's size.
        """
        self.sizes[:count] = self._full_sizes[:count]
        if self.control_octets:
            self._control_lengths[:count] = self._full_control_lengths[:count]

    def header_at(self, index: int) -> int:
        """The memory address of one header."""
        return self.header_address + index * _HEADER

    def name_at(self, index: int) -> bytes:
        """The client's socket address: struct sockaddr_in or sockaddr_in6."""
        return self.names[index * _NAME : index * _NAME + self.name_octets]

    def control_at(self, index: int) -> bytes:
        """The packet information as the kernel gave it; empty where the socket delivers none."""
        if not self.control_octets or not self._control_lengths[index]:
            return b""
        at = index * self.control_octets
        return bytes(self.controls[at : at + self.control_octets])

    def put(self, index: int, packet: bytes, name: bytes, control: bytes) -> None:
        """Something to send; name and control as another's `name_at` and `control_at` gave them.

        The packet has at most `slot_octets`.
        """
        start, at = self.starts[index], index * _NAME
        self.packets[start : start + len(packet)] = packet
        self.names[at : at + self.name_octets] = name
        self.sizes[index] = len(packet)
        if self.control_octets:
            self._control_lengths[index] = len(control)
            at = index * self.control_octets
            self.controls[at : at + len(control)] = control

    def clear_interfaces(self, count: int) -> None:
        """Of the first `count`, as `sockets.pktinfo.reply_control` does for one message."""
        if not self.control_octets:
            return
        if self.name_octets == _SOCKADDR_IN6:
            heads = self.address_heads[:count].tolist()
            if not _LINK_LOCAL.isdisjoint(heads):
                for slot, head in enumerate(heads):
                    if head not in _LINK_LOCAL:
                        self.interfaces[slot] = 0
                return
        self.interfaces[:count] = self.no_interfaces[:count]

    def _link_headers(self, header_quads: memoryview) -> None:
        packets = _address_of(self.packets)
        iovecs = _address_of(self._iovecs)
        names = _address_of(self.names)
        controls = _address_of(self.controls)
        iovec_quads = memoryview(self._iovecs).cast("Q")
        header_words = memoryview(self._headers).cast("I")
        for slot in range(self.slots):
            iovec_quads[2 * slot] = packets + slot * self.stride
            header_quads[8 * slot] = names + slot * _NAME
            header_words[16 * slot + 2] = self.name_octets
            header_quads[8 * slot + 2] = iovecs + slot * _IOVEC
            header_quads[8 * slot + 3] = 1
            if self.control_octets:
                header_quads[8 * slot + 4] = controls + slot * self.control_octets
        self.reset(self.slots)


def _address_of(memory: bytearray | mmap.mmap) -> int:
    """Where it lies; both kinds stay there, a view on a bytearray forbids resizing."""
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
