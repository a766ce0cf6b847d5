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

"""Cases of faults.md, section 7, "Ring level", for split and packed rings.

A guest that is started has a pair of empty rings of 256 descriptors.  What it
does wrong breaks a ring, of which the switch tells, or is legitimate, however
odd: then a good packet goes through afterward.
"""

import functools
import os
import select
import socket
import struct

import vhost_user as vu
from case import add, broken, case, ignored, refused
from vhost_user import INDIRECT, NEXT, SplitRing, WRITE

BUFFERS = 0x100000              # Where buffers are.
TABLES = 0x200000               # Where indirect tables are.
OUTSIDE = 1 << 40               # Not in the guest's memory.
PACKET = 12 + 60                # Bytes, with the header.

FEATURES = (vu.NET_F_MRG_RXBUF, vu.RING_F_INDIRECT_DESC)


def check_sending(test):
    """Sends a packet, which has to be taken."""
    ring = test.front_end.rings[1]
    if isinstance(ring, SplitRing):
        # Descriptors of odd chains are elsewhere.
        ring.chain((BUFFERS + 0x10000, PACKET), first=255)
        test.wait_until(lambda: ring.used_index() == ring.next_avail,
                        "the packet is not taken")
    else:
        i = ring.next
        ring.chain((BUFFERS + 0x10000, PACKET))
        test.wait_until(lambda: ring.is_used(i), "the packet is not taken")


def run(body, packed, features, check, test):
    test.front_end.start(packed, features)
    test.wait_up()
    body(test, test.front_end.rings)
    if check:
        check_sending(test)


def ring_case(number, split, packed, features=FEATURES, group="ring",
              in_tree=""):
    """Decorates a case that is expected to end as 'split' or 'packed' says.

    A string is what breaks the ring, None that nothing happens, and False
    that there is no such case.
    """
    def decorate(function):
        name = function.__name__.replace("_", "-")
        for suffix, result in (("split", split), ("packed", packed)):
            if result is not False:
                add(f"{name}-{suffix}",
                    functools.partial(run, function, suffix == "packed",
                                      features, result is None),
                    number, broken(result) if result else ignored(), group,
                    in_tree)
        return function
    return decorate


def indirect(test, ring, *descriptors, length=None, flags=0):
    """Sends an indirect table, rows of address, length, flags and next."""
    for i, row in enumerate(descriptors):
        if isinstance(ring, SplitRing):
            test.front_end.memory.write(TABLES + 16 * i, "QIHH", *row)
        else:
            address, size, row_flags, _ = row
            test.front_end.memory.write(TABLES + 16 * i, "QIHH", address,
                                        size, 0, row_flags & ~NEXT)
    if length is None:
        length = 16 * len(descriptors)
    ring.chain((TABLES, length), flags=INDIRECT | flags)


def used(ring, n):
    """Returns whether the first 'n' chains of one buffer each are used."""
    return (ring.used_index() == n if isinstance(ring, SplitRing)
            else ring.is_used(n - 1))


ADDRESS = "ring 1: buffer outside of the guest's memory: "


# The eventfds that a front end is notified by.

FULL = refused("full_calls", "ring 1: call eventfd is full: ")
HANGS = "a PMD thread hangs"


def fill_call(test):
    """Starts a guest that a PMD thread cannot notify.  Returns its eventfd."""
    front_end = test.front_end
    front_end.start()
    test.wait_up()
    # Two for each ring, to kick and to call.
    call = front_end.events[3]
    vu.fill(call)
    os.set_blocking(call, True)
    for i in range(8):
        front_end.rings[1].chain((BUFFERS + 4096 * i, PACKET), first=i)
    return call


@case(35, FULL, "ring", HANGS)
def full_call(test):
    fill_call(test)
    test.front_end.wait_closed()
    test.other_connects(2)


@case(35, FULL, "ring", HANGS)
def full_call_that_does_not_block(test):
    """Who has begun to wait goes on to, whatever is said then."""
    call = fill_call(test)
    test.wait_until(test.switch.is_waiting, "no PMD waits")
    os.set_blocking(call, False)
    test.front_end.wait_closed()
    test.other_connects(2)


@case(35, FULL, "ring", HANGS)
def full_call_that_is_replaced(test):
    """The library waits for the PMD before it takes the new one."""
    fill_call(test)
    test.front_end.send_u64(vu.SET_VRING_CALL, 1, [test.front_end.eventfd()])
    test.front_end.wait_closed()
    test.other_connects(2)


@case(35, FULL, "ring", HANGS)
def full_call_that_is_closed(test):
    """Closes the connection, but keeps the eventfd."""
    fill_call(test)
    test.front_end.sock.shutdown(socket.SHUT_RDWR)
    test.other_connects(2)
    test.wait_until(lambda: not test.switch.is_up(),
                    "the port does not go down")


@case(35, refused("full_calls",
                  "ring 1: call eventfd takes too long to write to: "), "ring")
def slow_call(test):
    """Has very many wait for the eventfd, all of which the kernel walks."""
    front_end = test.front_end
    front_end.start()
    test.wait_up()
    call = front_end.events[3]
    copies = [os.dup(call) for _ in range(350)]
    waiting = [select.epoll() for _ in range(350)]
    for poll in waiting:
        for copy in copies:
            poll.register(copy, select.EPOLLIN)

    def is_closed():
        front_end.rings[1].chain((BUFFERS, PACKET))
        return front_end.is_closed()

    test.wait_until(is_closed, "the connection is not closed")
    for poll in waiting:
        poll.close()
    for copy in copies:
        os.close(copy)
    test.other_connects(2)


# 15, 22 to 26: rings, indices and chains.

@case(15, broken("ring 1: ring has an impossible size or address: "), "ring")
def base_outside(test):
    test.front_end.start(packed=True, base=0x7fff)
    test.wait_up()


def bend(name, size=256, features=(), then_features=None, then_size=None,
         **place):
    """Adds a case whose ring 1 becomes larger than where it is in memory.

    'place' says how many bytes before the end of the memory a part of the ring
    is.  The library finds out where the ring is when it gets the kick, and so
    for 'size' and 'features'.  What comes then does not make it look again.
    """
    def body(test):
        fe = test.front_end
        fe.negotiate(features=features)
        fe.set_memory()
        fe.rings = [SplitRing(fe.memory, vu.ring_address(0)),
                    SplitRing(fe.memory, vu.ring_address(1), size)]
        ring = fe.rings[1]
        for part, distance in place.items():
            setattr(ring, part, fe.memory.size - distance)
        fe.send_state(vu.SET_VRING_NUM, 1, size)
        fe.send_state(vu.SET_VRING_BASE, 1, 0)
        fe.send_address(1, *(vu.USER_ADDRESS + address for address
                             in (ring.desc, ring.avail, ring.used)))
        fe.send_u64(vu.SET_VRING_KICK, 1, [fe.eventfd()])
        if then_features is not None:
            fe.features = ((fe.features & ~vu.bits(vu.F_RING_PACKED))
                           | vu.bits(*then_features))
            fe.send_u64(vu.SET_FEATURES, fe.features)
        if then_size:
            fe.send_state(vu.SET_VRING_NUM, 1, then_size)
        fe.send_u64(vu.SET_VRING_CALL, 1, [fe.eventfd()])
        fe.send_state(vu.SET_VRING_ENABLE, 1, 1)
        fe.start_ring(0, fe.rings[0])
        fe.sync()
        test.wait_up()
        ring.chain((BUFFERS, PACKET))

    add(name, body, 15,
        broken("ring 1: ring has an impossible size or address: "), "ring")


bend("used-ring-over-the-end", used=4)
bend("ring-grows-over-the-end", 2, then_size=32768, desc=128, avail=64,
     used=32)
bend("ring-was-packed", features=(vu.F_RING_PACKED,), then_features=(),
     used=4)
bend("available-event-over-the-end",
     then_features=(vu.RING_F_EVENT_IDX,), avail=4 + 2 * 256)
bend("used-event-over-the-end",
     then_features=(vu.RING_F_EVENT_IDX,), used=4 + 8 * 256)


@ring_case(22, "ring 1: descriptor outside of the ring made available", False)
def head_outside(_, rings):
    rings[1].offer(256)


@ring_case(22, "ring 1: descriptor outside of the ring made available", False)
def head_65535(_, rings):
    rings[1].offer(65535)


def jump(index):
    def body(_, rings):
        rings[1].set_index(index)
    return body


for _name, _index in (("one-too-many", 257), ("to-40000", 40000),
                      ("backwards", -1)):
    _body = jump(_index)
    _body.__name__ = f"index_jumps_{_name}"
    ring_case(23, "ring 1: available index moved by more than", False)(_body)


@ring_case(24, "ring 1: descriptor chained to one outside of the table", False)
def next_outside(_, rings):
    rings[1].descriptor(0, BUFFERS, PACKET, NEXT, 256)
    rings[1].offer(0)


@ring_case(25, "ring 1: descriptor chain is longer than the ring", False)
def chain_loops(_, rings):
    rings[1].descriptor(0, BUFFERS, 16, NEXT, 1)
    rings[1].descriptor(1, BUFFERS, 16, NEXT, 0)
    rings[1].offer(0)


@ring_case(25, False, "ring 1: descriptor chained to one that is not avail")
def chain_ends_nowhere(_, rings):
    rings[1].descriptor(0, BUFFERS, PACKET, NEXT | vu.AVAIL)


@ring_case(26, None, None)
def chain_as_long_as_the_ring(test, rings):
    ring = rings[1]
    ring.chain(*[(BUFFERS + 16 * i, 16) for i in range(256)])
    if isinstance(ring, SplitRing):
        test.wait_until(lambda: ring.used_index() == 1, "chain is not used")
    else:
        test.wait_until(lambda: ring.is_used(0), "chain is not used")


# 27 to 29: lengths.

ROOM = "ring 1: buffer has no room for the header of a packet"


@ring_case(27, None, None)
def empty_first(_, rings):
    rings[1].chain((BUFFERS, 0), (BUFFERS, PACKET))


@ring_case(27, None, None)
def empty_middle(_, rings):
    rings[1].chain((BUFFERS, 12), (BUFFERS, 0), (BUFFERS, 60))


@ring_case(27, None, None)
def empty_last(_, rings):
    rings[1].chain((BUFFERS, PACKET), (OUTSIDE, 0))


@ring_case(27, ROOM, ROOM)
def empty_only(_, rings):
    rings[1].chain((BUFFERS, 0))


@ring_case(28, ROOM, ROOM)
def shorter_than_header(_, rings):
    rings[1].chain((BUFFERS, 5), (BUFFERS, 6))


@ring_case(28, None, None)
def header_and_nothing(_, rings):
    rings[1].chain((BUFFERS, 12))


@ring_case(28, None, None)
def header_in_three(_, rings):
    rings[1].chain((BUFFERS, 4), (BUFFERS, 4), (BUFFERS, 4), (BUFFERS, 60))


@ring_case(28, None, None)
def four_gigabytes(_, rings):
    rings[1].chain(*[(BUFFERS, 1 << 20)] * 200)


@ring_case(29, None, None, in_tree="dies by SIGSEGV")
def runts_to_receive(test, rings):
    """Two buffers are shorter than the header, which ends in the third one."""
    memory = test.front_end.memory
    rings[0].chain((BUFFERS + 0x3000, 4), (BUFFERS + 0x2000, 2),
                   (BUFFERS, 4000), flags=WRITE)
    test.send_packet()
    test.wait_until(lambda: used(rings[0], 1), "nothing is received")
    packet = bytes.fromhex(test.switch.packet)
    for start, expected in ((0x3000, bytes(8)), (0x2000, bytes(8)),
                            (0, b"\0\0\0\0\1\0" + packet)):
        start += BUFFERS
        received = memory.map[start:start + len(expected)]
        if received != expected:
            raise ValueError(f"0x{start:x}: {received.hex()}")


@ring_case(29, "ring 0: buffer has no room for the header of a packet",
           "ring 0: buffer has no room for the header of a packet")
def no_room_to_receive(test, rings):
    rings[0].chain((BUFFERS, 4), (BUFFERS, 4), flags=WRITE)
    test.send_packet()


# 30: addresses.

@ring_case(30, ADDRESS, ADDRESS)
def buffer_outside(_, rings):
    rings[1].chain((BUFFERS, 12), (OUTSIDE, 60))


@ring_case(30, ADDRESS, ADDRESS)
def buffer_over_the_end(test, rings):
    rings[1].chain((test.front_end.memory.size - 12, PACKET))


@ring_case(30, ADDRESS, ADDRESS)
def buffer_wraps(_, rings):
    rings[1].chain((BUFFERS, 12), ((1 << 64) - 8, 60))


@ring_case(30, None, None)
def buffer_over_regions(test, rings):
    """A packet goes to a buffer in two regions that are mapped apart."""
    memory = test.front_end.memory
    half = memory.size // 2
    test.front_end.send_regions(
        [memory.region(size=half),
         memory.region(size=half, gpa=half, offset=half,
                       uaddr=vu.USER_ADDRESS + half)], [memory.fd] * 2)
    for i, ring in enumerate(rings):
        test.front_end.start_ring(i, ring)
    test.front_end.sync()
    test.wait_up()
    packet = bytes.fromhex(test.switch.packet)
    start = half - 12 - len(packet) // 2
    rings[0].chain((start, 2048), flags=WRITE)
    test.send_packet()
    test.wait_until(lambda: used(rings[0], 1), "nothing is received")
    received = memory.map[start + 12:start + 12 + len(packet)]
    if received != packet:
        raise ValueError(f"received {received.hex()}")


# 31: indirect tables.

SIZE = "ring 1: indirect table has an impossible size"


@ring_case(31, SIZE, SIZE)
def table_empty(test, rings):
    indirect(test, rings[1], length=0)


@ring_case(31, SIZE, SIZE)
def table_of_odd_size(test, rings):
    indirect(test, rings[1], (BUFFERS, PACKET, 0, 0), length=17)


@ring_case(31, SIZE, SIZE)
def table_larger_than_ring(test, rings):
    indirect(test, rings[1], (BUFFERS, PACKET, 0, 0), length=16 * 257)


@ring_case(31, SIZE, SIZE)
def table_of_gigabytes(test, rings):
    indirect(test, rings[1], (BUFFERS, PACKET, 0, 0), length=0xfffffff0)


@ring_case(31, "ring 1: indirect descriptor in an indirect table",
           "ring 1: indirect descriptor in an indirect table")
def table_in_table(test, rings):
    indirect(test, rings[1], (TABLES, 16, INDIRECT, 0))


@ring_case(31, "ring 1: indirect descriptor with a next one",
           "ring 1: indirect descriptor with a next one")
def table_with_next(_, rings):
    rings[1].chain((TABLES, 16), (BUFFERS, 60), flags=INDIRECT)


@ring_case(31, "ring 1: indirect table outside of the guest's memory",
           "ring 1: indirect table outside of the guest's memory")
def table_outside(_, rings):
    rings[1].chain((OUTSIDE, 16), flags=INDIRECT)


@ring_case(31, "ring 1: descriptor chain is longer than the ring", False)
def table_loops(test, rings):
    indirect(test, rings[1], (BUFFERS, 16, NEXT, 0))


@ring_case(31, "ring 1: descriptor chained to one outside of the table", False)
def table_next_outside(test, rings):
    indirect(test, rings[1], (BUFFERS, 16, NEXT, 1))


@ring_case(31, "ring 1: indirect descriptor without the feature",
           "ring 1: indirect descriptor without the feature",
           features=(vu.NET_F_MRG_RXBUF,))
def table_without_feature(test, rings):
    indirect(test, rings[1], (BUFFERS, PACKET, 0, 0))


@ring_case(31, None, None)
def table_that_is_good(test, rings):
    indirect(test, rings[1], (BUFFERS, 12, NEXT, 1), (BUFFERS, 60, 0, 0))


@ring_case(31, SIZE, SIZE)
def table_that_grows(test, rings):
    """The length changes while the switch reads it, from good to bad.

    It is used as good until it is seen as bad.
    """
    ring = rings[1]
    memory = test.front_end.memory
    before = test.switch.counters()["broken_rings"]
    for n in range(5000):
        place = (0 if isinstance(ring, SplitRing) else ring.next)
        indirect(test, ring, (BUFFERS, PACKET, 0, 0))
        length = ring.desc + 16 * place + 8
        for _ in range(20):
            memory.write(length, "I", 0xfffffff0)
            memory.write(length, "I", 16)
        memory.write(length, "I", 0xfffffff0)
        if (n % 50 == 49
                and test.switch.counters()["broken_rings"] > before):
            break


# 32: directions.

@ring_case(32, "ring 1: buffer for the wrong direction",
           "ring 1: buffer for the wrong direction")
def writable_to_send(_, rings):
    rings[1].chain((BUFFERS, PACKET), flags=WRITE)


@ring_case(32, "ring 0: buffer for the wrong direction",
           "ring 0: buffer for the wrong direction")
def read_only_to_receive(test, rings):
    rings[0].chain((BUFFERS, 2048))
    test.send_packet()


# 33: packed rings only.

@ring_case(33, False, None)
def wrong_wrap_counter(_, rings):
    rings[1].descriptor(0, BUFFERS, PACKET, vu.USED)
    rings[1].descriptor(0, BUFFERS, PACKET, vu.USED | vu.AVAIL)


@ring_case(33, False, None)
def id_outside(test, rings):
    """Only the driver uses the id."""
    rings[1].chain((BUFFERS, PACKET), id_=65535)
    test.wait_until(lambda: rings[1].is_used(0), "the packet is not taken")


@ring_case(33, False, ADDRESS)
def last_of_a_batch(_, rings):
    ring = rings[1]
    for i in range(3):
        ring.chain((BUFFERS, PACKET), id_=i)
    ring.chain((OUTSIDE, PACKET), id_=3)


@ring_case(33, False, None)
def odd_events(_, rings):
    rings[1].memory.write(rings[1].avail, "HH", 0xffff, 0xffff)
    rings[0].memory.write(rings[0].avail, "HH", 0x7fff, 3)


# 34: headers.

def odd_headers(test, rings):
    ring = rings[1]
    values = (0, 1, 13, 60, 65535)
    n = 0
    for flags in (0, 1, 255):
        for gso in (0, 1, 3, 4, 5, 128, 255):
            for value in values:
                address = BUFFERS + 128 * (n % 64)
                test.front_end.memory.write(
                    address, "BBHHHHH", flags, gso, value, value, value,
                    65535 - value, value)
                if isinstance(ring, SplitRing):
                    ring.chain((address, PACKET), first=n % 64)
                    test.wait_until(
                        lambda: ring.used_index() == ring.next_avail,
                        "a packet is not taken")
                else:
                    i = ring.next
                    ring.chain((address, PACKET))
                    test.wait_until(lambda i=i: ring.is_used(i),
                                    "a packet is not taken")
                n += 1


ring_case(34, None, None)(odd_headers)

OFFLOADS = (*FEATURES, vu.NET_F_CSUM, vu.NET_F_HOST_TSO4,
            vu.NET_F_HOST_TSO6)

TCP_PACKET = (bytes.fromhex("020000000001020000000002" "0800"
                            "4500002e0000400040060000" "0a0000010a000002"
                            "0001000200000000" "0000000050000000" "00000000")
              + b"abcdef")


def exchange(test, n, header):
    """Sends TCP_PACKET behind 'header' as number 'n', from 1, and returns what
    comes back."""
    memory = test.front_end.memory
    rx, tx = test.front_end.rings
    memory.map[BUFFERS:BUFFERS + 12 + len(TCP_PACKET)] = header + TCP_PACKET
    rx.chain((BUFFERS + 0x1000, 2048), flags=WRITE)
    with test.switch.returned_packets():
        tx.chain((BUFFERS, 12 + len(TCP_PACKET)))
        test.wait_until(lambda: used(rx, n), "the packet is lost")
    start = BUFFERS + 0x1000
    return (memory.map[start:start + 12],
            memory.map[start + 12:start + 12 + len(TCP_PACKET)])


@ring_case(34, None, None, OFFLOADS, "header")
def checksum_behind_packet(test, _):
    """A checksum is asked for that is not in the packet.

    The packet goes on as it is, which the port returns.
    """
    if not test.front_end.features & vu.bits(vu.NET_F_CSUM):
        raise ValueError("there are no offloads")
    places = (65000, 16), (65535, 65535), (34, 65535), (59, 16)
    for i, (start, offset) in enumerate(places):
        header, packet = exchange(test, i + 1, struct.pack(
            "<BBHHHHH", 1, 0, 0, 0, start, offset, 0))
        if header[:10] != bytes(10):
            raise ValueError(f"{start}, {offset}: header {header.hex()}")
        if packet != TCP_PACKET:
            raise ValueError(f"{start}, {offset}: packet {packet.hex()}")


# 35: a guest that does not receive.

@ring_case(35, None, None)
def never_refilled(test, _):
    for _ in range(50):
        test.send_packet()


# 10, 13, 19: messages that librte_vhost fails to handle, but with a reply, so
# that it does not close the connection.

def ask_in_vain(front_end, send):
    """Calls 'send' to ask for a reply, which says no, if there is one."""
    send(flags=vu.VERSION | vu.NEED_REPLY)
    _, payload = front_end.receive()
    if payload == bytes(8):
        raise ValueError("the message is handled")


def share_too_much(test):
    """Shares two regions, each of which the switch can map, but not both."""
    front_end = test.front_end
    size = 60 << 40
    fds = [vu.memfd(size) for _ in range(2)]
    table = [front_end.memory.region(size=size, gpa=i << 46, uaddr=i << 46)
             for i in range(2)]
    try:
        ask_in_vain(front_end, functools.partial(front_end.send_regions,
                                                 table, fds))
    finally:
        for fd in fds:
            os.close(fd)


@case(5, ignored(), "ring")
def reset_owner(test):
    """A message that the specification recommends to ignore."""
    test.front_end.start()
    test.wait_up()
    test.front_end.send(vu.RESET_OWNER)
    test.front_end.sync()
    check_sending(test)


@case(19, refused("refused_messages", "NET_SET_MTU|by librte_vhost"), "ring")
def refused_with_a_reply(test):
    """Nobody carries packets then, and least of all the library."""
    front_end = test.front_end
    front_end.start(features=FEATURES,
                    protocol=vu.bits(vu.F_MQ, vu.F_REPLY_ACK, vu.F_NET_MTU))
    test.wait_up()
    ask_in_vain(front_end, functools.partial(front_end.send_u64,
                                             vu.NET_SET_MTU, 0))
    rx, tx = front_end.rings
    rx.chain((BUFFERS + 0x3000, 4), (BUFFERS + 0x2000, 2), (BUFFERS, 4000),
             flags=WRITE)
    tx.chain((BUFFERS + 0x10000, PACKET))
    test.send_packet()
    test.switch.settle()
    if rx.used_index() or tx.used_index():
        raise ValueError("packets are carried")
    front_end.send_u64(vu.SET_VRING_KICK, 0, [front_end.eventfd()])


@case(13, refused("refused_messages|refused_memory",
                  "SET_MEM_TABLE|by librte_vhost"), "ring")
def memory_that_does_not_fit(test):
    """The library has unmapped the old memory, and has no new one."""
    front_end = test.front_end
    front_end.start()
    test.wait_up()
    share_too_much(test)
    test.send_packet()
    front_end.send_regions([front_end.memory.region()],
                           [front_end.memory.fd])


@case(13, refused("refused_messages|refused_memory",
                  "SET_MEM_TABLE|by librte_vhost"), "ring")
def memory_that_does_not_fit_before(test):
    """The same between all that a guest needs and that it is turned on."""
    front_end = test.front_end
    front_end.negotiate()
    front_end.set_memory()
    for i in range(2):
        front_end.start_ring(i, SplitRing(front_end.memory,
                                          vu.ring_address(i)), enable=0)
    front_end.sync()
    share_too_much(test)
    front_end.send_state(vu.SET_VRING_ENABLE, 0, 1)
    front_end.send_state(vu.SET_VRING_ENABLE, 1, 1)


# What only 22.11's successors have: a queue for commands.

@ring_case(20, None, None, features=(*FEATURES, vu.NET_F_CTRL_VQ))
def control_queue(test, rings):
    """The guest turns off all packets, by a queue that nobody serves."""
    memory = test.front_end.memory
    ring = type(rings[0])(memory, 0x50000)
    test.front_end.start_ring(2, ring)
    test.front_end.sync()
    memory.map[BUFFERS:BUFFERS + 4] = b"\0\0\1\xff"
    ring.chain((BUFFERS, 2), (BUFFERS + 2, 1))
