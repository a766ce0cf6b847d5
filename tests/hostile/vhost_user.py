# Copyright (c) 2026 The ovs-netdev-dpdk Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at:
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A front end of vhost-user that speaks the protocol well or badly.

FrontEnd is a connection: its methods are what a good front end does, and
send() sends anything.  Memory is the memory of a guest, and SplitRing and
PackedRing are its rings, written descriptor by descriptor.

Used by the cases in this directory.
"""

import errno
import mmap
import os
import select
import socket
import struct
import time

# How many times as long as elsewhere anything may take with ThreadSanitizer,
# where a new pool alone takes seconds.
SLOWNESS = 10 if "thread" in os.environ.get("SANITIZERS", "") else 1

# Requests.
GET_FEATURES = 1
SET_FEATURES = 2
SET_OWNER = 3
RESET_OWNER = 4
SET_MEM_TABLE = 5
SET_LOG_BASE = 6
SET_LOG_FD = 7
SET_VRING_NUM = 8
SET_VRING_ADDR = 9
SET_VRING_BASE = 10
GET_VRING_BASE = 11
SET_VRING_KICK = 12
SET_VRING_CALL = 13
SET_VRING_ERR = 14
GET_PROTOCOL_FEATURES = 15
SET_PROTOCOL_FEATURES = 16
GET_QUEUE_NUM = 17
SET_VRING_ENABLE = 18
SEND_RARP = 19
NET_SET_MTU = 20
SET_BACKEND_REQ_FD = 21
IOTLB_MSG = 22
SET_VRING_ENDIAN = 23
GET_CONFIG = 24
SET_CONFIG = 25
CREATE_CRYPTO_SESSION = 26
POSTCOPY_ADVISE = 28
POSTCOPY_LISTEN = 29
POSTCOPY_END = 30
GET_INFLIGHT_FD = 31
SET_INFLIGHT_FD = 32
RESET_DEVICE = 34
ADD_MEM_REG = 37
SET_STATUS = 39
GET_STATUS = 40

# Flags of a message.
VERSION = 1
REPLY = 4
NEED_REPLY = 8

# Protocol features.
F_MQ = 0
F_LOG_SHMFD = 1
F_RARP = 2
F_REPLY_ACK = 3
F_NET_MTU = 4
F_BACKEND_REQ = 5
F_INFLIGHT_SHMFD = 12
F_STATUS = 16

# Virtio features.
NET_F_CSUM = 0
NET_F_HOST_TSO4 = 11
NET_F_HOST_TSO6 = 12
NET_F_MRG_RXBUF = 15
NET_F_CTRL_VQ = 17
F_LOG_ALL = 26
RING_F_INDIRECT_DESC = 28
RING_F_EVENT_IDX = 29
USER_F_PROTOCOL_FEATURES = 30
F_VERSION_1 = 32
F_RING_PACKED = 34

NO_FD = 1 << 8                  # In SET_VRING_KICK and the like.

# Flags of descriptors.
NEXT = 1
WRITE = 2
INDIRECT = 4
AVAIL = 1 << 7                  # Packed rings only.
USED = 1 << 15

HEADER = struct.Struct("=III")
USER_ADDRESS = 0x7f0000000000   # Of the memory, in the front end.


class Closed(Exception):
    """The switch has closed the connection."""


def bits(*features):
    """Returns a bitmap of 'features'."""
    return sum(1 << feature for feature in features)


def memfd(size=0, flags=0):
    """Returns the descriptor of an anonymous file of 'size' bytes."""
    fd = os.memfd_create("guest", os.MFD_CLOEXEC | flags)
    os.ftruncate(fd, size)
    return fd


def fill(eventfd):
    """Fills the counter of 'eventfd', which may not block yet."""
    while True:
        try:
            if select.select([eventfd], [], [], 0)[0]:
                os.eventfd_read(eventfd)
            os.eventfd_write(eventfd, (1 << 64) - 2)
            return
        except BlockingIOError:
            pass


class Memory:
    """The memory of a guest: one region that starts at address 0."""

    def __init__(self, size=4 << 20):
        self.size = size
        self.fd = memfd(size)
        self.map = mmap.mmap(self.fd, size)
        self.words = memoryview(self.map).cast("H")

    def region(self, **changes):
        """Returns the region, with 'changes'."""
        region = dict(gpa=0, size=self.size, uaddr=USER_ADDRESS, offset=0)
        region.update(changes)
        return region

    def write(self, address, fmt, *values):
        """Writes 'values' in the format 'fmt' to 'address'."""
        struct.pack_into("<" + fmt, self.map, address, *values)

    def write_word(self, address, value):
        """Writes a 16-bit 'value' at once, which write() does not."""
        self.words[address // 2] = value & 0xffff

    def read(self, address, fmt):
        """Returns the values in the format 'fmt' at 'address'."""
        return struct.unpack_from("<" + fmt, self.map, address)

    def close(self):
        """Forgets the memory."""
        self.words.release()
        self.map.close()
        os.close(self.fd)


class SplitRing:
    """A split ring of 'size' descriptors at address 'base'."""

    def __init__(self, memory, base, size=256):
        self.memory = memory
        self.size = size
        self.desc = base
        self.avail = base + 16 * size
        self.used = (self.avail + 6 + 2 * size + 15) & ~15
        self.next_avail = 0
        self.last_avail = 0

    def descriptor(self, i, address, length, flags=0, next_=0):
        """Writes descriptor 'i'."""
        self.memory.write(self.desc + 16 * i, "QIHH", address, length, flags,
                          next_)

    def offer(self, *heads):
        """Makes the chains that start with 'heads' available."""
        for head in heads:
            self.memory.write(self.avail + 4
                              + 2 * (self.next_avail % self.size), "H", head)
            self.next_avail = (self.next_avail + 1) & 0xffff
        self.set_index(self.next_avail)

    def set_index(self, index):
        """Makes 'index' the available index."""
        self.memory.write_word(self.avail + 2, index)

    def used_index(self):
        """Returns the used index."""
        return self.memory.read(self.used + 2, "H")[0]

    def chain(self, *buffers, first=0, flags=0):
        """Offers 'buffers', pairs of address and length, as a chain."""
        for i, (address, length) in enumerate(buffers):
            more = NEXT if i + 1 < len(buffers) else 0
            self.descriptor(first + i, address, length, flags | more,
                            first + i + 1)
        self.offer(first)


class PackedRing:
    """A packed ring of 'size' descriptors at address 'base'."""

    def __init__(self, memory, base, size=256):
        self.memory = memory
        self.size = size
        self.desc = base
        self.avail = base + 16 * size
        self.used = self.avail + 16
        self.wrap = True
        self.next = 0

    def descriptor(self, i, address, length, flags=0, id_=0):
        """Writes descriptor 'i', whose flags come last."""
        self.memory.write(self.desc + 16 * i, "QIH", address, length, id_)
        self.memory.write_word(self.desc + 16 * i + 14, flags)

    def available(self):
        """Returns the flags of an available descriptor."""
        return AVAIL if self.wrap else USED

    def is_used(self, i):
        """Returns whether descriptor 'i' is used."""
        flags = self.memory.read(self.desc + 16 * i + 14, "H")[0]
        return bool(flags & AVAIL) == bool(flags & USED)

    def chain(self, *buffers, id_=0, flags=0):
        """Offers 'buffers', pairs of address and length, as a chain."""
        todo = []
        for i, (address, length) in enumerate(buffers):
            more = NEXT if i + 1 < len(buffers) else 0
            todo.append((self.next, address, length,
                         flags | more | self.available(), id_))
            self.next += 1
            if self.next == self.size:
                self.next = 0
                self.wrap = not self.wrap
        for args in reversed(todo):
            self.descriptor(*args)


def ring_address(index):
    """Returns where in the memory ring number 'index' is."""
    return 0x10000 * (index + 1)


class FrontEnd:
    """A connection to a vhost-user port.

    If 'logs', each guest that starts migrates from then on.
    """

    logs = False

    def __init__(self, sock):
        self.sock = sock
        self.memory = None
        self.rings = []
        self.events = []
        self.features = 0
        self.protocol = 0

    def close(self):
        """Ends the connection."""
        self.sock.close()
        if self.memory:
            self.memory.close()
            self.memory = None
        for fd in self.events:
            os.close(fd)
        self.events = []

    # Messages.

    def send(self, request, payload=b"", fds=(), flags=VERSION, size=None):
        """Sends a message.  'size' may be a wrong one."""
        size = len(payload) if size is None else size
        self.send_raw(HEADER.pack(request, flags, size) + payload, fds)

    def send_raw(self, data, fds=()):
        """Sends 'data', and 'fds' with its first byte."""
        control = []
        if fds:
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                        struct.pack(f"{len(fds)}i", *fds))]
        try:
            while data:
                n = self.sock.sendmsg([data], control)
                data = data[n:]
                control = []
        except OSError as e:
            if e.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            raise Closed() from e

    def receive(self, timeout=5):
        """Returns the next message: request and payload."""
        header = self.read(HEADER.size, timeout)
        request, _, size = HEADER.unpack(header)
        return request, self.read(size, timeout)

    def read(self, n, timeout=5):
        """Reads 'n' bytes."""
        data = b""
        while len(data) < n:
            if not select.select([self.sock], [], [],
                                 SLOWNESS * timeout)[0]:
                raise TimeoutError("no reply")
            try:
                part = self.sock.recv(n - len(data))
            except ConnectionResetError as e:
                raise Closed() from e
            if not part:
                raise Closed()
            data += part
        return data

    def ask(self, request, payload=b"", fds=(), flags=VERSION, timeout=5):
        """Sends a message and returns the payload of the reply."""
        self.send(request, payload, fds, flags)
        reply, payload = self.receive(timeout)
        if reply != request:
            raise ValueError(f"reply to {reply}, not {request}")
        return payload

    def ask_u64(self, request):
        """Sends a message and returns the reply, which is a number."""
        return struct.unpack("=Q", self.ask(request))[0]

    def send_u64(self, request, value, fds=(), flags=VERSION):
        """Sends a message with a number."""
        self.send(request, struct.pack("=Q", value), fds, flags)

    def send_state(self, request, index, num=0, **kwargs):
        """Sends a message of SET_VRING_NUM and the like."""
        self.send(request, struct.pack("=II", index, num), **kwargs)

    def send_address(self, index, desc, avail, used, **kwargs):
        """Sends SET_VRING_ADDR, with addresses in the front end."""
        self.send(SET_VRING_ADDR,
                  struct.pack("=IIQQQQ", index, 0, desc, used, avail, 0),
                  **kwargs)

    def send_regions(self, regions, fds, n=None, **kwargs):
        """Sends SET_MEM_TABLE, with 'n' as the number of regions."""
        n = len(regions) if n is None else n
        payload = struct.pack("=II", n, 0)
        for region in regions:
            payload += struct.pack("=QQQQ", region["gpa"], region["size"],
                                   region["uaddr"], region["offset"])
        self.send(SET_MEM_TABLE, payload, fds, **kwargs)

    # What a good front end does.

    def negotiate(self, protocol=bits(F_MQ, F_REPLY_ACK), features=()):
        """Negotiates some features, without REPLY_ACK if not asked for."""
        self.send(SET_OWNER)
        offered = self.ask_u64(GET_FEATURES)
        self.protocol = protocol & self.ask_u64(GET_PROTOCOL_FEATURES)
        self.send_u64(SET_PROTOCOL_FEATURES, self.protocol)
        wanted = bits(USER_F_PROTOCOL_FEATURES, F_VERSION_1, *features)
        self.features = wanted & offered
        self.send_u64(SET_FEATURES, self.features)

    def sync(self, timeout=5):
        """Waits until the switch has handled all messages."""
        return self.ask(GET_FEATURES, timeout=timeout)

    def set_memory(self, memory=None):
        """Gives the switch the memory of a guest."""
        self.memory = memory or Memory()
        self.send_regions([self.memory.region()], [self.memory.fd])

    def set_log(self, fd):
        """Asks for a log of the memory that is written, in the file 'fd'."""
        self.ask(SET_LOG_BASE, struct.pack("=QQ", mmap.PAGESIZE, 0), [fd])
        self.send_u64(SET_FEATURES, self.features | bits(F_LOG_ALL))
        self.sync()

    def eventfd(self):
        """Returns a new eventfd, which is closed with the connection."""
        fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.events.append(fd)
        return fd

    def start_ring(self, index, ring, base=0, enable=1):
        """Makes 'ring' ring number 'index', from index 'base' on, and turns it
        on unless 'enable' is 0."""
        self.send_state(SET_VRING_NUM, index, ring.size)
        self.send_state(SET_VRING_BASE, index,
                        base | (0 if isinstance(ring, SplitRing) else 1 << 15))
        self.send_address(index, USER_ADDRESS + ring.desc,
                          USER_ADDRESS + ring.avail, USER_ADDRESS + ring.used)
        self.send_u64(SET_VRING_KICK, index, [self.eventfd()])
        self.send_u64(SET_VRING_CALL, index, [self.eventfd()])
        self.send_state(SET_VRING_ENABLE, index, enable)

    def start(self, packed=False, features=(), size=256,
              protocol=bits(F_MQ, F_REPLY_ACK), base=0):
        """Starts a guest with one pair of rings.

        The guest receives by rings[0] and sends by rings[1].
        """
        if packed:
            features = (*features, F_RING_PACKED)
        if self.logs:
            protocol |= bits(F_LOG_SHMFD)
        self.negotiate(protocol, features)
        self.set_memory()
        kind = PackedRing if packed else SplitRing
        self.rings = [kind(self.memory, ring_address(i), size)
                      for i in range(2)]
        for i, ring in enumerate(self.rings):
            self.start_ring(i, ring, base)
        self.sync()
        if self.logs:
            log = memfd(mmap.PAGESIZE)
            self.set_log(log)
            os.close(log)

    def restart_rings(self):
        """Stops the split rings of start(), empties them and starts them."""
        for i, ring in enumerate(self.rings):
            self.ask(GET_VRING_BASE, struct.pack("=II", i, 0))
            self.rings[i] = SplitRing(self.memory, ring_address(i), ring.size)
            self.rings[i].set_index(0)
            self.memory.write(ring.used + 2, "H", 0)
        for i, ring in enumerate(self.rings):
            self.start_ring(i, ring)
        self.sync()

    def is_closed(self):
        """Returns whether the switch has closed the connection."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def wait_closed(self, timeout=5):
        """Waits until the switch closes the connection."""
        deadline = time.monotonic() + SLOWNESS * timeout
        while time.monotonic() < deadline:
            left = deadline - time.monotonic()
            if select.select([self.sock], [], [], max(left, 0))[0]:
                try:
                    if not self.sock.recv(65536):
                        return
                except ConnectionResetError:
                    return
        raise TimeoutError("the connection is still open")


class Endpoint:
    """The socket of a port in 'role', server or client.

    A front end that listens has bound its socket to another name, which then
    means another file, so that the switch cannot tell its connection by name.
    """

    def __init__(self, path, role):
        self.path = path
        self.listener = None
        if role == "client":
            self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.bound = f"{path}.bound"
            self.listener.bind(self.bound)
            os.rename(self.bound, path)
            os.close(os.open(self.bound, os.O_CREAT | os.O_EXCL, 0o600))
            self.listener.listen(16)

    def connect(self, timeout=10):
        """Returns a new FrontEnd."""
        if self.listener:
            self.listener.settimeout(SLOWNESS * timeout)
            sock, _ = self.listener.accept()
            sock.settimeout(SLOWNESS * timeout)
        else:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(SLOWNESS * timeout)
            sock.connect(self.path)
        return FrontEnd(sock)

    def close(self):
        """Listens no more."""
        if self.listener:
            self.listener.close()
            os.unlink(self.path)
            os.unlink(self.bound)
