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

"""Cases of faults.md, section 7, "Message level"."""

import contextlib
import functools
import os
import select
import socket
import struct
import time

import vhost_user as vu
from case import (add, case, ignored, library, memory, message, noted,
                  refused)
from vhost_user import USER_ADDRESS, bits

LEAKS = "one file descriptor leaks"


# 1 to 3: what is no message at all.

@case(1, message("message ends too early, last message none: "))
def truncated_header(test):
    fe = test.front_end
    fe.send_raw(vu.HEADER.pack(vu.GET_FEATURES, 1, 0)[:6])
    fe.sock.shutdown(socket.SHUT_WR)


@case(2, message("GET_FEATURES has 4294967295 bytes, not 0: "))
def huge_size(test):
    test.front_end.send(vu.GET_FEATURES, size=0xffffffff)


@case(3, message("message ends too early, last message SET_OWNER: "))
def short_payload(test):
    fe = test.front_end
    fe.send(vu.SET_OWNER)
    fe.send(vu.SET_FEATURES, b"1234", size=8)
    fe.sock.shutdown(socket.SHUT_WR)


@case(3, ignored())
def half_a_message(test):
    test.front_end.send(vu.SET_FEATURES, bytes(4), size=8)
    test.other_connects(1)
    test.front_end.send_raw(bytes(4))


# 4: payloads of the wrong size.

SIZES = {
    "GET_FEATURES": (vu.GET_FEATURES, 0),
    "SET_FEATURES": (vu.SET_FEATURES, 8),
    "SET_OWNER": (vu.SET_OWNER, 0),
    "RESET_OWNER": (vu.RESET_OWNER, 0),
    "SET_MEM_TABLE": (vu.SET_MEM_TABLE, 8),
    "SET_VRING_NUM": (vu.SET_VRING_NUM, 8),
    "SET_VRING_ADDR": (vu.SET_VRING_ADDR, 40),
    "SET_VRING_BASE": (vu.SET_VRING_BASE, 8),
    "GET_VRING_BASE": (vu.GET_VRING_BASE, 8),
    "SET_VRING_KICK": (vu.SET_VRING_KICK, 8),
    "SET_VRING_CALL": (vu.SET_VRING_CALL, 8),
    "SET_VRING_ERR": (vu.SET_VRING_ERR, 8),
    "GET_PROTOCOL_FEATURES": (vu.GET_PROTOCOL_FEATURES, 0),
    "SET_PROTOCOL_FEATURES": (vu.SET_PROTOCOL_FEATURES, 8),
    "GET_QUEUE_NUM": (vu.GET_QUEUE_NUM, 0),
    "SET_VRING_ENABLE": (vu.SET_VRING_ENABLE, 8),
}


def wrong_size(request, size, test):
    test.front_end.send(request, bytes(size))


def add_wrong_sizes():
    for name, (request, size) in SIZES.items():
        for word, wrong in (("short", size - 1), ("empty", 0),
                            ("long", size + 1)):
            if wrong >= 0 and wrong != size:
                if name == "SET_MEM_TABLE" and word == "long":
                    expected = message("SET_MEM_TABLE has 0 regions")
                else:
                    expected = message(f"{name} has {wrong} bytes, not ")
                add(f"{word}-{name.lower().replace('_', '-')}",
                    functools.partial(wrong_size, request, wrong), 4,
                    expected,
                    in_tree=("stale bytes of the stack are used"
                             if (name, word) == ("SET_VRING_NUM", "empty")
                             else ""))


add_wrong_sizes()


# 5: numbers and flags.

def odd_message(request, flags, test):
    test.front_end.send(request, flags=flags)


for _name, _request, _flags, _why in (
        ("request-0", 0, 1, "request 0 is not known"),
        ("request-9999", 9999, 1, "request 9999 is not known"),
        ("reply", vu.GET_FEATURES, 5, "GET_FEATURES is marked as a reply"),
        ("version-0", vu.GET_FEATURES, 0, "has version 0 of the protocol"),
        ("version-2", vu.GET_FEATURES, 2, "has version 2 of the protocol"),
        ("version-3", vu.GET_FEATURES, 3, "has version 3 of the protocol"),
        ("reserved-flag", vu.GET_FEATURES, 0x11, "has reserved flags 0x11"),
        ("need-reply", vu.GET_FEATURES, 9, "asks for a reply, which was not")):
    add(_name, functools.partial(odd_message, _request, _flags), 5,
        message(_why),
        in_tree="answered" if _name == "version-2" else "")


# 6 to 8: file descriptors.

@case(6, message("GET_FEATURES has 8 file descriptors, not 0: "))
def fds_for_nothing(test):
    test.front_end.send(vu.GET_FEATURES, fds=[test.null] * 8)


@case(6, message("GET_FEATURES has too many file descriptors: "))
def many_fds(test):
    test.front_end.send(vu.GET_FEATURES, fds=[test.null] * 200)


@case(6, message("request 9999 is not known: "))
def fds_for_unknown(test):
    test.front_end.send(9999, fds=[test.null] * 8)


@case(6, message("SET_FEATURES has 1 file descriptors, not 0: "))
def fds_with_payload(test):
    """The descriptor comes with the second half of the message."""
    test.front_end.send_raw(vu.HEADER.pack(vu.SET_FEATURES, 1, 8))
    test.front_end.send_raw(bytes(8), [test.null])


@case(7, message("SET_VRING_KICK has 0 file descriptors, not 1: "))
def no_fd_for_kick(test):
    test.front_end.send_u64(vu.SET_VRING_KICK, 0)


@case(7, message("SET_VRING_CALL has 1 file descriptors, not 0: "))
def fd_with_no_fd_flag(test):
    test.front_end.send_u64(vu.SET_VRING_CALL, vu.NO_FD, [test.null])


@case(7, message("SET_MEM_TABLE has 0 file descriptors, not 1: "))
def no_fd_for_memory(test):
    test.front_end.send_regions([test.memory.region()], [])


@case(7, message("SET_MEM_TABLE has 2 file descriptors, not 1: "))
def two_fds_for_a_region(test):
    test.front_end.send_regions([test.memory.region()],
                                [test.memory.fd] * 2)


def memory_of(make, test):
    fd = make(test)
    try:
        test.front_end.send_regions([test.memory.region()], [fd])
    finally:
        os.close(fd)


def make_socket(_):
    return socket.socket(socket.AF_UNIX).detach()


def make_pipe(_):
    r, w = os.pipe()
    os.close(r)
    return w


def make_read_only(test):
    return os.open(f"/proc/self/fd/{test.memory.fd}", os.O_RDONLY)


def make_sealed(test):
    import fcntl
    fd = vu.memfd(test.memory.size, os.MFD_ALLOW_SEALING)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    return fd


for _name, _make, _why in (
        ("socket", make_socket, "file is a socket, not memory"),
        ("null", lambda _: os.open("/dev/null", os.O_RDWR),
         "file is a character device, not memory"),
        ("zero", lambda _: os.open("/dev/zero", os.O_RDWR),
         "file is a character device, not memory"),
        ("pipe", make_pipe, "file is a pipe, not memory"),
        ("eventfd", lambda _: os.eventfd(0),
         "file is an anonymous file, not memory"),
        ("directory", lambda _: os.open("/", os.O_RDONLY),
         "file is a directory, not memory"),
        ("path", lambda _: os.open("/etc/passwd", os.O_PATH),
         "file "),
        ("read-only-file", make_read_only, "file cannot be mapped"),
        ("sealed-file", make_sealed, "file cannot be mapped")):
    add(f"memory-is-{_name}", functools.partial(memory_of, _make), 8,
        memory(f"SET_MEM_TABLE region 0: {_why}"), in_tree=LEAKS)


@case(8, message("SET_VRING_KICK with file that is a directory"))
def kick_is_directory(test):
    fd = os.open("/", os.O_RDONLY)
    test.front_end.send_state(vu.SET_VRING_NUM, 0, 256)
    test.front_end.send_u64(vu.SET_VRING_KICK, 0, [fd])
    os.close(fd)


def make_epoll(_):
    with select.epoll() as epoll:
        return os.dup(epoll.fileno())


def event_is(request, make, test):
    fd = make(test)
    try:
        test.front_end.send_state(vu.SET_VRING_NUM, 0, 256)
        test.front_end.send_u64(request, 0, [fd])
    finally:
        os.close(fd)


for _name, _request in (("KICK", vu.SET_VRING_KICK),
                        ("CALL", vu.SET_VRING_CALL),
                        ("ERR", vu.SET_VRING_ERR)):
    for _kind, _make, _why in (
            ("socket", make_socket, "a socket"),
            ("pipe", make_pipe, "a pipe"),
            ("memfd", lambda _: vu.memfd(8), "a regular file"),
            ("epoll", make_epoll, "an anonymous file")):
        add(f"{_name.lower()}-is-{_kind}",
            functools.partial(event_is, _request, _make), 8,
            message(f"SET_VRING_{_name} with file that is {_why}, not an "
                    "eventfd: "))


@case(8, refused("full_calls", "ring 0: call eventfd is full: "))
def call_is_full(test):
    """An eventfd is as full as only who writes such a number can make it."""
    fe = test.front_end
    fe.start()
    fd = os.eventfd(0)          # Blocks.
    os.eventfd_write(fd, 0xfffffffffffffffe)
    fe.send_u64(vu.SET_VRING_CALL, 0, [fd])
    os.close(fd)


def planted(names, test):
    """Passes sockets with part of a message, so that the switch keeps them.

    Those that look like the connection of another front end might be taken for
    that, whose messages nobody would check then.
    """
    with contextlib.ExitStack() as stack:
        ends = []
        for name in names:
            pair = socket.socketpair()
            stack.enter_context(pair[0])
            stack.enter_context(pair[1])
            if name:
                pair[0].bind(name)
            ends.append(pair[0].fileno())
        test.front_end.send_raw(b"x", ends)
        test.front_end.wait_closed()


add("planted-socket", functools.partial(planted, [None]), 8,
    message("request 0 is not complete, but comes with a socket: "))
add("planted-sockets", functools.partial(planted, [None] * 16), 8,
    message("request 0 is not complete, but comes with a socket: "))


@case(8, message("SET_FEATURES is not complete, but comes with a socket: "))
def planted_socket_with_header(test):
    fe = test.front_end
    a, b = socket.socketpair()
    with a, b:
        fe.send(vu.SET_FEATURES, bytes(4), [a.fileno()], size=8)
        fe.wait_closed()


def lingering():
    """Returns a socket that takes 30 seconds to close."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    sock.setblocking(False)
    try:
        while True:
            sock.send(bytes(65536))
    except BlockingIOError:
        pass
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 30))
    return sock, other


def linger(send, test):
    """The last one that closes the socket waits until all is read."""
    sock, other = lingering()
    try:
        send(test.front_end, sock)
        sock.close()
        test.front_end.wait_closed()
        test.other_connects(2)
    finally:
        other.close()


def linger_in_message(front_end, sock):
    front_end.send(vu.GET_FEATURES, fds=[sock.fileno()])


def linger_unread(front_end, sock):
    """The switch does not read the second message."""
    front_end.send_raw(vu.HEADER.pack(0, 1, 0))
    front_end.send(vu.GET_FEATURES, fds=[sock.fileno()])


def linger_in_many(front_end, sock):
    """The kernel closes those that the switch does not take."""
    front_end.send(vu.GET_FEATURES, fds=[sock.fileno()] * 253)


for _send, _why in (
        (linger_in_message, "GET_FEATURES has 1 file descriptors, not 0: "),
        (linger_unread, "request 0 is not known: "),
        (linger_in_many, "GET_FEATURES has too many file descriptors: ")):
    add(_send.__name__.replace("_", "-"), functools.partial(linger, _send), 8,
        message(_why))


def linger_surely(front_end, sock):
    """Has the switch be the last that closes 'sock', and not be able to.

    So many messages come before that the switch takes a second to get there.
    """
    front_end.send_raw(vu.HEADER.pack(vu.SET_OWNER, vu.VERSION, 0) * 4500)
    linger_unread(front_end, sock)
    sock.close()
    front_end.wait_closed(20)


def linger_and_connect(n_live, test):
    """What cannot be closed must not become more and more.

    Meanwhile there are 'n_live' connections that stay.
    """
    def is_stuck():
        test.endpoint.connect().close()
        test.switch.release()
        return "cannot be closed" in test.switch.status("last_fault")

    sock, other = lingering()
    live = []
    try:
        linger_surely(test.front_end, sock)
        test.switch.release()
        for _ in range(n_live):
            live.append(test.endpoint.connect())
            live[-1].sync()
        n_fds = test.switch.count_fds()
        test.wait_until(is_stuck, "the port is not stuck", 15)
        for _ in range(100):
            test.endpoint.connect().close()
        # Both ports have their turn each time.
        for _ in range(20):
            test.other_connects(2)
        test.wait_until(lambda: test.switch.count_fds() <= n_fds + 20,
                        "there are too many descriptors")
    finally:
        other.close()
        for front_end in live:
            front_end.close()
    test.wait_until(lambda: is_served(test), "no front end is served", 15)


def is_served(test):
    """Returns whether a new front end is served now."""
    test.switch.release()
    front_end = test.endpoint.connect()
    try:
        front_end.sync(1)
    except (vu.Closed, TimeoutError):
        return False
    finally:
        front_end.close()
    return True


for _n in (0, 4):
    add(f"linger-and-connect-beside-{_n}",
        functools.partial(linger_and_connect, _n), 8,
        refused("message_floods|refused_messages|refused_connections", ""),
        group="server")


# 9 and 10: tables of memory.

def regions(changes, test):
    table = [test.memory.region(**change) for change in changes]
    test.front_end.send_regions(table, [test.memory.fd] * min(len(table), 8),
                                n=len(table))


TOP = (1 << 64) - 4096
PAGE = {"size": 4096}


def page(n, **changes):
    """Returns changes that make a region page number 'n'."""
    return dict(PAGE, gpa=n * 4096, uaddr=USER_ADDRESS + n * 4096, **changes)


@case(9, message("SET_MEM_TABLE has 0 regions, not 1 to 8: "),
      in_tree="accepted")
def no_regions(test):
    regions([], test)


@case(9, message("SET_MEM_TABLE has 296 bytes, not 8 to 264: "))
def nine_regions(test):
    regions([page(i) for i in range(9)], test)


@case(9, ignored())
def eight_regions(test):
    regions([page(i) for i in range(8)], test)


@case(9, message("has 4294967295 regions, not 1 to 8: "))
def regions_without_end(test):
    test.front_end.send_regions([test.memory.region()], [test.memory.fd],
                                n=0xffffffff)


@case(9, message("has 40 bytes for 8 regions: "))
def regions_without_room(test):
    test.front_end.send_regions([test.memory.region()],
                                [test.memory.fd] * 8, n=8)


for _name, _changes, _why in (
        ("same-regions", [{}] * 8, "region 1 overlaps region 0 in the guest"),
        ("overlap-in-guest", [page(0), dict(page(1), gpa=4095)],
         "region 1 overlaps region 0 in the guest"),
        ("overlap-in-front-end",
         [page(0), dict(page(1), uaddr=USER_ADDRESS)],
         "region 1 overlaps region 0 in the front end"),
        ("guest-address-wraps", [{"gpa": TOP}], "region 0 of .* wraps"),
        ("user-address-wraps", [{"uaddr": TOP}], "region 0 of .* wraps"),
        ("offset-wraps", [{"offset": TOP}], "region 0 of .* wraps"),
        ("size-wraps", [{"size": (1 << 64) - 1, "gpa": 4096}],
         "region 0 of .* wraps"),
        ("empty-region", [{"size": 0}], "region 0 is empty")):
    add(_name, functools.partial(regions, _changes), 9,
        message(f"SET_MEM_TABLE {_why}"),
        in_tree="accepted" if "overlap" in _why else "")


for _name, _changes in (
        ("region-longer-than-file", {"size": (4 << 20) + 1}),
        ("region-behind-file", {"offset": 4 << 20}),
        ("region-of-exabytes", {"size": 1 << 60})):
    add(_name, functools.partial(regions, [_changes]), 10,
        memory("SET_MEM_TABLE region 0: file has 4194304 bytes, not the "),
        in_tree="dies by SIGBUS")


@case(10, memory("SET_MEM_TABLE region [01]: file cannot be mapped"))
def regions_without_space(test):
    """Each of them fits, but not both: the library would lose its table.

    With ThreadSanitizer, not even one does.
    """
    fe = test.front_end
    fe.negotiate()
    size = 60 << 40
    fds = [vu.memfd(size) for _ in range(2)]
    try:
        fe.send_regions([test.memory.region(gpa=i * size, size=size,
                                            uaddr=i * size)
                         for i in range(2)], fds,
                        flags=vu.VERSION | vu.NEED_REPLY)
        fe.wait_closed()
    finally:
        for fd in fds:
            os.close(fd)


@case(10, memory("SET_MEM_TABLE (takes more than 1/8 of the address space|"
                 "region 0: file cannot be mapped)"))
def half_of_the_address_space(test):
    """It would be mapped, and nothing else any more.

    With ThreadSanitizer, it would not.
    """
    fe = test.front_end
    fe.negotiate()
    size = 60 << 40
    fd = vu.memfd(size)
    try:
        fe.send_regions([test.memory.region(size=size)], [fd])
        fe.wait_closed()
    finally:
        os.close(fd)


@case(10, ignored(), "locked")
def sparse_region(test):
    """What is not touched is not there, even if memory is locked."""
    fe = test.front_end
    fe.negotiate()
    size = 64 << 20
    fd = vu.memfd(size)
    try:
        fe.send_regions([test.memory.region(size=size)], [fd])
        fe.sync()
        if os.fstat(fd).st_blocks:
            raise ValueError(f"{os.fstat(fd).st_blocks} blocks were filled")
    finally:
        os.close(fd)


# 13: memory that changes under a PMD.

@case(13, ignored())
def memory_replaced(test):
    """A guest with rings replaces its memory again and again."""
    fe = test.front_end
    fe.start()
    test.wait_up()
    half = fe.memory.region(size=fe.memory.size // 2)
    for i in range(200):
        fe.send_regions([half if i % 2 else fe.memory.region()],
                        [fe.memory.fd])
        fe.sync()


# 14 to 16: rings.

def state(request, index, num, test):
    test.front_end.negotiate()
    test.front_end.send_state(request, index, num)


for _name, _index, _num, _expected in (
        ("ring-255", 255, 256, ignored()),
        ("ring-256", 256, 256, message("NUM is for ring 256, there are at")),
        ("ring-65536", 65536, 256, message("NUM is for ring 65536, ")),
        ("ring-size-0", 0, 0, message("has a ring of 0 descriptors")),
        ("ring-size-255", 0, 255, message("which is not a power of 2")),
        ("ring-size-65536", 0, 65536,
         message("has a ring of 65536 descriptors"))):
    add(_name, functools.partial(state, vu.SET_VRING_NUM, _index, _num), 14,
        _expected)


@case(14, ignored())
def ring_size_again(test):
    """What the library allocates for rings of that size fits once only."""
    test.front_end.negotiate()
    for _ in range(900):
        test.front_end.send_state(vu.SET_VRING_NUM, 0, 32768)
    test.front_end.sync()


@case(14, message("makes 360448 descriptors of all rings, there are at most"))
def rings_without_end(test):
    test.front_end.negotiate()
    for i in range(256):
        test.front_end.send_state(vu.SET_VRING_NUM, i, 32768)


@case(14, ignored())
def rings_of_the_largest_qemu(test):
    test.front_end.negotiate()
    for i in range(256):
        test.front_end.send_state(vu.SET_VRING_NUM, i, 1024)
    test.front_end.sync()


@case(14, message("SET_VRING_NUM is for ring 256"), in_tree=LEAKS)
def ring_256_with_fd(test):
    """librte_vhost gives up before it calls anybody back."""
    test.front_end.send_state(vu.SET_VRING_NUM, 256, 256, fds=[test.null])


@case(14, message("SET_VRING_KICK is for ring 0x10000: "))
def kick_of_ring_65536(test):
    test.front_end.send_u64(vu.SET_VRING_KICK, 0x10000,
                            [test.front_end.eventfd()])


@case(14, message("SET_VRING_KICK starts ring 0, which has no size: "))
def kick_after_stop(test):
    """The library has freed what a ring needs, and would use it."""
    fe = test.front_end
    fe.start()
    test.wait_up()
    fe.ask(vu.GET_VRING_BASE, struct.pack("=II", 0, 0))
    fe.send_u64(vu.SET_VRING_KICK, 0, [fe.eventfd()])


def addresses(desc, avail, used, test):
    fe = test.front_end
    fe.negotiate()
    fe.set_memory(vu.Memory())
    fe.send_state(vu.SET_VRING_NUM, 0, 256)
    fe.send_state(vu.SET_VRING_BASE, 0, 0)
    fe.send_address(0, USER_ADDRESS + desc, USER_ADDRESS + avail,
                    USER_ADDRESS + used)
    fe.send_u64(vu.SET_VRING_KICK, 0, [fe.eventfd()])
    fe.send_u64(vu.SET_VRING_CALL, 0, [fe.eventfd()])
    fe.send_state(vu.SET_VRING_ENABLE, 0, 1)


for _name, _desc, _avail, _used, _expected in (
        ("unaligned-descriptors", 8, 4096, 8192,
         message("SET_VRING_ADDR has a ring that is not aligned")),
        ("unaligned-available", 0, 4097, 8192,
         message("SET_VRING_ADDR has a ring that is not aligned")),
        ("unaligned-used", 0, 4096, 8194,
         message("SET_VRING_ADDR has a ring that is not aligned")),
        ("unmapped-ring", 1 << 40, 2 << 40, 3 << 40, ignored()),
        ("ring-at-the-end", (4 << 20) - 16, 4096, 8192, ignored()),
        ("ring-over-itself", 4096, 4096, 4096, ignored())):
    add(_name, functools.partial(addresses, _desc, _avail, _used), 15,
        _expected)


@case(15, library("SET_VRING_ADDR"))
def address_before_memory(test):
    test.front_end.negotiate()
    test.front_end.send_address(0, USER_ADDRESS, USER_ADDRESS + 4096,
                                USER_ADDRESS + 8192)


@case(16, noted("message_floods", "more than 1000 messages a second: "))
def flood(test):
    """Ring 0 is turned off and on while PMDs poll.

    How many messages that takes depends on how fast the switch handles them.
    """
    fe = test.front_end
    fe.start()
    test.wait_up()
    before = test.switch.counters()["message_floods"]
    for i in range(20000):
        fe.send_state(vu.SET_VRING_ENABLE, 0, i % 2)
        if (i % 1000 == 999
                and test.switch.counters()["message_floods"] > before):
            break
    test.other_connects(2)


@case(16, message("replies are not read, last message GET_FEATURES: "))
def replies_not_read(test):
    try:
        for _ in range(4000):
            test.front_end.send(vu.GET_FEATURES)
    except vu.Closed:
        pass


# 17: what was not negotiated.

INFLIGHT = struct.pack("=QQHHI", 4096, 0, 1, 256, 0)

for _name, _request, _payload, _n in (
        ("get-inflight", vu.GET_INFLIGHT_FD, INFLIGHT, 0),
        ("set-inflight", vu.SET_INFLIGHT_FD, INFLIGHT, 1),
        ("set-inflight-of-too-many-queues", vu.SET_INFLIGHT_FD,
         struct.pack("=QQHHI", 4096, 0, 1000, 256, 0), 1),
        ("set-inflight-at-odd-offset", vu.SET_INFLIGHT_FD,
         struct.pack("=QQHHI", 4096, 1, 1, 256, 0), 1),
        ("get-config", vu.GET_CONFIG, struct.pack("=III", 0, 0, 0), 0),
        ("set-config", vu.SET_CONFIG, struct.pack("=III", 0, 0, 0), 0),
        ("crypto", vu.CREATE_CRYPTO_SESSION, b"", 0),
        ("postcopy-advise", vu.POSTCOPY_ADVISE, b"", 0),
        ("postcopy-listen", vu.POSTCOPY_LISTEN, b"", 0),
        ("postcopy-end", vu.POSTCOPY_END, b"", 0),
        ("iotlb", vu.IOTLB_MSG, bytes(32), 0),
        ("log-base", vu.SET_LOG_BASE, struct.pack("=QQ", 4096, 0), 1),
        ("rarp", vu.SEND_RARP, bytes(8), 0),
        ("mtu", vu.NET_SET_MTU, struct.pack("=Q", 1500), 0),
        ("backend-req-fd", vu.SET_BACKEND_REQ_FD, b"", 1),
        ("add-mem-reg", vu.ADD_MEM_REG, bytes(40), 1),
        ("reset-device", vu.RESET_DEVICE, b"", 0),
        ("status", vu.SET_STATUS, bytes(8), 0)):
    add(f"not-negotiated-{_name}",
        functools.partial(
            lambda request, payload, n, test: test.front_end.send(
                request, payload, [test.memory.fd] * n),
            _request, _payload, _n),
        17, message("was not negotiated: "),
        in_tree=LEAKS if "set-inflight" in _name else "")


def log_base(size, offset, fd_size, test):
    fe = test.front_end
    fe.negotiate(bits(vu.F_MQ, vu.F_LOG_SHMFD))
    fd = vu.memfd(fd_size)
    try:
        fe.ask(vu.SET_LOG_BASE, struct.pack("=QQ", size, offset), [fd])
    finally:
        os.close(fd)


for _name, _size, _offset, _fd_size, _expected in (
        ("log-with-offset", 4096, 4096, 8192,
         message("SET_LOG_BASE has offset 0x1000, ")),
        ("log-offset-wraps", 4096, TOP, 8192,
         message("SET_LOG_BASE has offset 0xfffffffffffff000, ")),
        ("empty-log", 0, 0, 4096, message("SET_LOG_BASE has an empty log: ")),
        ("log-longer-than-file", 8192, 0, 4096,
         memory("SET_LOG_BASE with file that has 4096 bytes, not ")),
        ("good-log", 4096, 0, 4096, ignored())):
    add(_name, functools.partial(log_base, _size, _offset, _fd_size), 17,
        _expected, in_tree="maps too little" if _offset == 4096 else "")


@case(17, memory("SET_LOG_BASE with file that has pages of .* bytes, which a "
                 "log of 4096 bytes ends within"))
def log_within_a_huge_page(test):
    """The library cannot unmap it."""
    fe = test.front_end
    fe.negotiate(bits(vu.F_MQ, vu.F_LOG_SHMFD))
    fd = vu.memfd(2 << 20, os.MFD_HUGETLB)
    try:
        fe.send(vu.SET_LOG_BASE, struct.pack("=QQ", 4096, 0), [fd])
        fe.wait_closed()
    finally:
        os.close(fd)


# 19: values for the network.

def set_mtu(mtu, test):
    test.front_end.negotiate(bits(vu.F_MQ, vu.F_NET_MTU))
    test.front_end.send_u64(vu.NET_SET_MTU, mtu)


for _mtu, _expected in ((0, library("NET_SET_MTU")),
                        (67, library("NET_SET_MTU")),
                        (1 << 40, library("NET_SET_MTU")),
                        (68, ignored()), (65535, ignored())):
    add(f"mtu-{_mtu}", functools.partial(set_mtu, _mtu), 19, _expected)


@case(19, library("NET_SET_MTU"))
def mtu_0_with_reply(test):
    """The library answers that it has failed, and would go on."""
    fe = test.front_end
    fe.negotiate(bits(vu.F_MQ, vu.F_REPLY_ACK, vu.F_NET_MTU))
    reply = fe.ask(vu.NET_SET_MTU, bytes(8), flags=vu.VERSION | vu.NEED_REPLY)
    if not any(reply):
        raise ValueError("the library has not failed")


@case(19, ignored())
def good_with_reply(test):
    fe = test.front_end
    fe.negotiate(bits(vu.F_MQ, vu.F_REPLY_ACK, vu.F_NET_MTU))
    for _ in range(3):
        reply = fe.ask(vu.NET_SET_MTU, struct.pack("=Q", 1500),
                       flags=vu.VERSION | vu.NEED_REPLY)
        if any(reply):
            raise ValueError("the library has failed")
        fe.ask(vu.GET_FEATURES, flags=vu.VERSION | vu.NEED_REPLY)


@case(19, ignored())
def rarp_junk(test):
    test.front_end.negotiate(bits(vu.F_MQ, vu.F_RARP))
    test.front_end.send_u64(vu.SEND_RARP, 0xffffffffffffffff)


@case(19, message("SET_BACKEND_REQ_FD was not negotiated: "))
def backend_req_fd_without_iommu(test):
    """Only guests with an IOMMU need it, and are offered it."""
    fe = test.front_end
    fe.negotiate(bits(vu.F_MQ, vu.F_BACKEND_REQ))
    if fe.protocol != bits(vu.F_MQ):
        raise ValueError(f"protocol features {fe.protocol:#x} are offered")
    a, b = socket.socketpair()
    with a, b:
        fe.send(vu.SET_BACKEND_REQ_FD, fds=[a.fileno()])


# 21: more than one front end.

@case(21, ignored(), group="server")
def second_guest_leaves(test):
    """A guest that is replaced gets the port back when the other one goes."""
    first = test.front_end
    first.start()
    test.wait_up()
    second = test.connect()
    second.start()
    second.rings[1].chain((0x100000, 72))
    test.wait_until(lambda: second.rings[1].used_index() == 1,
                    "nothing is taken from the second guest")
    second.close()
    first.rings[1].chain((0x100000, 72))
    test.wait_until(lambda: first.rings[1].used_index() == 1,
                    "nothing is taken from the first guest")


def start_pairs(front_end, n, finish=True):
    """Starts a guest with 'n' pairs of rings, all but turning ring 1 on unless
    'finish'."""
    front_end.negotiate()
    front_end.set_memory()
    front_end.rings = [vu.SplitRing(front_end.memory, vu.ring_address(i))
                       for i in range(2 * n)]
    for i in (*range(2, 2 * n), 0, 1):
        front_end.start_ring(i, front_end.rings[i],
                             enable=int(finish or i != 1))
    front_end.sync()


@case(21, ignored(), group="server")
def second_guest_with_fewer_queues(test):
    """Nothing is sent to queues that only the guest before it has."""
    start_pairs(test.front_end, 4)
    test.wait_up()
    second = test.connect()
    second.start()
    rx, tx = second.rings
    rx.chain((0x101000, 2048), flags=vu.WRITE)
    with test.switch.returned_packets():
        tx.chain((0x100000, 72))
        test.wait_until(lambda: rx.used_index() == 1,
                        "the second guest does not receive")
    second.close()


@case(21, ignored(), group="server")
def guest_that_comes_back_at_once(test):
    """The main thread may yet have to make the port smaller, for a guest with
    fewer queues."""
    start_pairs(test.front_end, 4)
    test.wait_up()
    for i in range(20):
        successor = test.connect()
        start_pairs(successor, 4, finish=False)
        test.front_end.close()
        time.sleep(0.0002 * i)
        test.front_end = successor
        successor.send_state(vu.SET_VRING_ENABLE, 1, 1)
        successor.sync()
        test.switch.settle()
        successor.rings[7].chain((0x100000, 72))
        test.wait_until(lambda ring=successor.rings[7]:
                        ring.used_index() == 1,
                        "nothing is taken from the last queue")


@case(21, ignored(), group="server")
def probe_of_a_busy_port(test):
    """A connection that says nothing does not take queues away."""
    fe = test.front_end
    fe.start()
    for i in (2, 3):
        fe.rings.append(vu.SplitRing(fe.memory, vu.ring_address(i)))
        fe.start_ring(i, fe.rings[i])
    fe.sync()
    # It has to start with all of its rings.
    fe.restart_rings()
    test.wait_up()
    fe.rings[3].chain((0x100000, 72))
    test.wait_until(lambda: fe.rings[3].used_index() == 1,
                    "nothing is taken from the second queue")
    probe = test.connect()
    probe.sync()
    probe.close()
    test.wait_until(test.switch.is_quiet, "descriptors come and go")
    fe.rings[3].chain((0x100000, 72), first=1)
    test.wait_until(lambda: fe.rings[3].used_index() == 2,
                    "nothing is taken from the second queue any more")


@case(21, noted("refused_connections", "more than 4 connections: "),
      group="server")
def connection_storm(test):
    others = [test.connect() for _ in range(50)]
    time.sleep(0.2)
    for other in others:
        other.close()
