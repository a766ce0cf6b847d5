#! /usr/bin/env python3
#
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

"""Keeps vhost-user ports busy with front ends that want nothing but that.

Does one of these to all of the sockets, ROLE:FILE each, until SIGTERM, then
prints how many connections and messages that were:

connect
    Connects, and closes, as fast as it can.
slow
    Sends a byte of a message each 100 ms, and of every second one the whole
    header, but the rest only ten seconds later.
flood
    Starts a guest, and turns a ring off and on as fast as it can.
tables
    Replaces the memory of a guest as fast as it can.
unread
    Asks for what it never reads.

Run by tests/system-fair.at.
"""

import argparse
import errno
import os
import signal
import struct
import sys
import threading
import time

import vhost_user as vu


class Count:
    """How often something happened."""

    def __init__(self):
        self.connections = 0
        self.messages = 0


def connect(front_end, _):
    """There is nothing else to it."""
    front_end.sock.close()


def slow(front_end, count):
    """Sends messages byte by byte.

    Who has read a header may be tempted to wait for the rest.
    """
    header = vu.HEADER.pack(vu.SET_FEATURES, vu.VERSION, 8)
    while True:
        front_end.send_raw(header)
        time.sleep(10)
        trickle(front_end, bytes(8))
        trickle(front_end, header + bytes(8))
        count.messages += 2


def trickle(front_end, data):
    """Sends 'data' byte by byte."""
    for byte in data:
        front_end.send_raw(bytes([byte]))
        time.sleep(0.1)


def flood(front_end, count):
    """Turns ring 0 off and on, as often as a buffer has room for."""
    front_end.start()
    messages = b"".join(
        vu.HEADER.pack(vu.SET_VRING_ENABLE, vu.VERSION, 8)
        + struct.pack("=II", 0, i % 2) for i in range(100))
    while True:
        front_end.send_raw(messages)
        count.messages += 100


def tables(front_end, count):
    """Gives the switch other memory each time, in eight files."""
    front_end.negotiate()
    size = 4096
    while True:
        fds = [vu.memfd(size) for _ in range(8)]
        try:
            front_end.send_regions(
                [{"gpa": i * size, "size": size, "offset": 0,
                  "uaddr": vu.USER_ADDRESS + i * size} for i in range(8)], fds)
            count.messages += 1
        finally:
            for fd in fds:
                os.close(fd)


def unread(front_end, count):
    """Asks, and reads no answer."""
    while True:
        front_end.send(vu.GET_FEATURES)
        count.messages += 1


def run(kind, endpoint, count):
    """Does 'kind' to 'endpoint' for ever."""
    while True:
        try:
            front_end = endpoint.connect()
        except BlockingIOError as e:
            # There are too many that the switch has not taken yet.
            if e.errno != errno.EAGAIN:
                raise
            time.sleep(0.001)
            continue
        except (ConnectionError, TimeoutError):
            continue
        count.connections += 1
        try:
            kind(front_end, count)
        except (vu.Closed, TimeoutError, ConnectionError):
            pass
        finally:
            front_end.close()


def main():
    """Runs the command line."""
    kinds = {kind.__name__: kind
             for kind in (connect, slow, flood, tables, unread)}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1,
                        help="so many at once at each socket")
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("socket", nargs="+")
    args = parser.parse_args()

    count = Count()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    for name in args.socket:
        role, _, path = name.partition(":")
        endpoint = vu.Endpoint(path, role)
        for _ in range(args.connections):
            threading.Thread(target=run, daemon=True,
                             args=(kinds[args.kind], endpoint, count)).start()
    print("storm: ready", flush=True)
    signal.sigwait([signal.SIGTERM])
    print(f"storm: connections={count.connections} "
          f"messages={count.messages}", flush=True)
    sys.stdout.close()


if __name__ == "__main__":
    main()
