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

"""Resets the device of a guest again and again.

Connects once, and then stops both rings and starts them anew, as a guest does
that resets its device or loads another driver: every other time with memory of
another size, without which librte_vhost keeps the memory that it has.  Each
time, a packet goes to the switch, which has to send it back.

Run by tests/system-vhost.at.
"""

import argparse
import os
import struct
import time

import vhost_user as vu

BUFFER = 0x100000               # Where the buffer to receive into is.
PACKET = 0x80000                # Where the packet to send is.
RINGS = 0x10000                 # Where the rings are, and how far apart.

SIZES = 4 << 20, 6 << 20        # Of the memory.

# How long a packet may take, in s.
TIMEOUT = 10

# The shortest time between two resets, in s: the switch wants no more than
# 1000 messages a second.
PACE = 0.025


class Device:
    """The device of a guest at 'endpoint'."""

    def __init__(self, endpoint, packed):
        self.front_end = endpoint.connect()
        self.kind = vu.PackedRing if packed else vu.SplitRing
        self.front_end.start(packed)

    def stop(self):
        """Stops both rings, as a guest does whose driver ends."""
        for i in range(2):
            self.front_end.send_state(vu.SET_VRING_ENABLE, i, 0)
            self.front_end.ask(vu.GET_VRING_BASE, struct.pack("=II", i, 0))

    def start(self, size):
        """Starts both rings from the beginning, in memory of 'size' bytes."""
        front_end = self.front_end
        old_events, front_end.events = front_end.events, []
        old_memory = front_end.memory
        front_end.send_u64(vu.SET_FEATURES, front_end.features)
        if size != old_memory.size:
            front_end.set_memory(vu.Memory(size))
            old_memory.close()
        else:
            old_memory.map[RINGS:3 * RINGS] = bytes(2 * RINGS)
        front_end.rings = [self.kind(front_end.memory, RINGS * (i + 1))
                           for i in range(2)]
        for i, ring in enumerate(front_end.rings):
            front_end.start_ring(i, ring)
        front_end.sync()
        for fd in old_events:
            os.close(fd)

    def exchange(self, number):
        """Sends packet 'number' and waits until it comes back."""
        frame = (bytes(12) + b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x88\xb5"
                 + struct.pack("=Q", number) + bytes(38))
        memory = self.front_end.memory
        rx, tx = self.front_end.rings
        memory.map[PACKET:PACKET + len(frame)] = frame
        rx.chain((BUFFER, 2048), flags=vu.WRITE)
        tx.chain((PACKET, len(frame)))
        deadline = time.monotonic() + TIMEOUT
        while not (rx.is_used(0) if self.kind == vu.PackedRing
                   else rx.used_index() == 1):
            if time.monotonic() > deadline:
                raise TimeoutError(f"packet {number} does not come back")
            time.sleep(0.0005)
        if memory.map[BUFFER + 12:BUFFER + len(frame)] != frame[12:]:
            raise ValueError(f"packet {number} is another one")


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packed", action="store_true")
    parser.add_argument("--resets", type=int, required=True)
    parser.add_argument("socket", metavar="ROLE:FILE")
    args = parser.parse_args()

    role, _, path = args.socket.partition(":")
    endpoint = vu.Endpoint(path, role)
    try:
        device = Device(endpoint, args.packed)
        device.exchange(0)
        for i in range(1, args.resets + 1):
            began = time.monotonic()
            device.stop()
            device.start(SIZES[i // 2 % 2])
            device.exchange(i)
            time.sleep(max(0, PACE - (time.monotonic() - began)))
        device.front_end.close()
    finally:
        endpoint.close()
    print(f"{args.resets} resets")


if __name__ == "__main__":
    main()
