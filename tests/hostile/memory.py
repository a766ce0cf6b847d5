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

"""What a hostile front end does to memory that it has shared.

The switch polls the rings of a guest that is started, so it finds out at once.
"""

import functools
import itertools
import mmap
import os
import time

import vhost_user as vu
from case import add, case, refused

BUFFERS = 0x100000              # Where buffers are.
PACKET = 12 + 60                # Bytes, with the header.

LOST = refused("lost_memory", "memory was taken away while it was in use: ")

TRIES = itertools.count()


def run(body, packed, test):
    """Starts a guest, and does 'body' to it."""
    test.front_end.start(packed)
    test.wait_up()
    body(test.front_end)
    test.front_end.wait_closed()
    test.wait_until(lambda: not test.switch.is_up(),
                    "the port does not go down")


def truncated(front_end):
    """Truncates all of it, while nothing is sent."""
    os.ftruncate(front_end.memory.fd, 0)


def offer(ring, i):
    """Sends packet 'i' with a descriptor of its own."""
    where = (BUFFERS + 4096 * i, PACKET)
    if isinstance(ring, vu.SplitRing):
        ring.chain(where, first=i)
    else:
        ring.chain(where)


def truncated_in_use(front_end):
    """Leaves the rings, but takes the packets away that are in them.

    A descriptor that is in use must not be written, for it is zeroed first,
    which would break the ring.
    """
    ring = front_end.rings[1]
    for i in range(200):
        offer(ring, i)
    os.ftruncate(front_end.memory.fd, BUFFERS)
    for i in range(200, 250):
        offer(ring, i)


def truncated_and_back(front_end):
    """Truncates it, and makes it as long as it was."""
    os.ftruncate(front_end.memory.fd, mmap.PAGESIZE)
    os.ftruncate(front_end.memory.fd, front_end.memory.size)
    os.ftruncate(front_end.memory.fd, 0)


for _body in truncated, truncated_in_use, truncated_and_back:
    for _packed in False, True:
        add(f"{_body.__name__.replace('_', '-')}-"
            f"{'packed' if _packed else 'split'}",
            functools.partial(run, _body, _packed), 11, LOST, "memory",
            "dies by SIGBUS")


@case(11, LOST, "memory", "dies by SIGBUS")
def truncated_log(test):
    """Asks for a log of its memory, and truncates that."""
    front_end = test.front_end
    front_end.start(protocol=vu.bits(vu.F_MQ, vu.F_LOG_SHMFD, vu.F_REPLY_ACK))
    test.wait_up()
    log = vu.memfd(mmap.PAGESIZE)
    front_end.set_log(log)
    for i in range(200):
        front_end.rings[0].chain((BUFFERS + 4096 * i, 2048), flags=vu.WRITE,
                                 first=i)
    os.ftruncate(log, 0)
    os.close(log)
    test.send_packet()
    front_end.wait_closed()


@case(11, refused("lost_memory|refused_memory",
                  "memory was taken away|is shorter|has 0 bytes"),
      "memory", "dies by SIGBUS")
def truncated_while_shared(test):
    """Truncates memory while the message that shares it is on its way."""
    front_end = test.front_end
    front_end.start()
    test.wait_up()
    other = vu.memfd(front_end.memory.size)
    front_end.send_regions([front_end.memory.region(gpa=1 << 30)], [other])
    time.sleep(next(TRIES) % 20 / 20000)
    os.ftruncate(other, 0)
    os.close(other)
    front_end.wait_closed()


@case(11, LOST, "memory")
def truncated_and_replaced(test):
    """Truncates memory, and shares other memory then.

    A switch that does not poll in between, on a busy machine, has lost
    nothing, so it gets several chances.
    """
    for _ in range(10):
        front_end = test.front_end
        front_end.start()
        test.wait_up()
        other = vu.memfd(front_end.memory.size)
        os.ftruncate(front_end.memory.fd, 0)
        time.sleep(0.001)
        front_end.send_regions([front_end.memory.region(gpa=1 << 30)],
                               [other])
        os.close(other)
        try:
            front_end.wait_closed(1)
            return
        except TimeoutError:
            front_end.close()
            test.front_end = test.connect()
    raise TimeoutError("the connection was never closed")
