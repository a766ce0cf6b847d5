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

"""Measures how long after a crash of the switch its ports forward packets.

At each socket, ROLE:FILE, is a guest that connects again as soon as it can,
and that sends broadcasts all the time.  When all guests receive, runs COMMAND,
which has to end the switch and to start it, and prints how long after that
each guest received its first packet again, in ms.  The bridge has to forward
broadcasts.  --record appends that to a file for recover-table.py.

Run by tests/system-recover.at.
"""

import argparse
import json
import subprocess
import sys
import threading
import time

import vhost_user as vu

BUFFERS = 0x100000              # Where the buffers to receive into are.
PACKET = 0x80000                # Where the packet to send is.


class Guest(threading.Thread):
    """A guest at a port."""

    def __init__(self, number, name):
        super().__init__(daemon=True)
        role, _, path = name.partition(":")
        self.name = path.rpartition("/")[2]
        self.role = role
        self.endpoint = vu.Endpoint(path, role)
        self.frame = (bytes(12) + b"\xff" * 6
                      + bytes((2, 0, 0, 0, 0, number)) + b"\x88\xb5"
                      + bytes(46))
        self.since = 0          # Connections from before do not count.
        self.received = None    # When the first packet came.

    def run(self):
        """Connects again and again."""
        while True:
            try:
                front_end = self.endpoint.connect()
            except (OSError, TimeoutError):
                time.sleep(0.01)
                continue
            try:
                self.serve(front_end)
            except (OSError, TimeoutError, vu.Closed):
                pass
            front_end.close()

    def serve(self, front_end):
        """Sends and receives until the switch goes away."""
        connected = time.monotonic()
        front_end.start()
        rx, tx = front_end.rings
        for i in range(128):
            rx.chain((BUFFERS + 2048 * i, 2048), first=i, flags=vu.WRITE)
        front_end.memory.map[PACKET:PACKET + len(self.frame)] = self.frame
        last = 0
        while not front_end.is_closed():
            if tx.used_index() == tx.next_avail:
                tx.chain((PACKET, len(self.frame)))
            used = rx.used_index()
            if used != last:
                if connected > self.since and not self.received:
                    self.received = time.monotonic()
                rx.offer(*(i % 128 for i in range(last, last
                                                  + (used - last) % 65536)))
                last = used
            time.sleep(0.005)


def wait_for_all(guests, timeout):
    """Waits until all 'guests' have received a packet.  Returns whether."""
    deadline = time.monotonic() + timeout
    while not all(guest.received for guest in guests):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def report(guests, start, args):
    """Prints, and records if asked to, when 'guests' received packets."""
    for role in ("server", "client"):
        times = [guest.received for guest in guests if guest.role == role]
        known = sorted(int((t - start) * 1000) for t in times if t)
        if times:
            print(f"{role}: {len(known)} of {len(times)} ports forward"
                  + (f", the first one after {known[0]} ms, the last one "
                     f"after {known[-1]} ms" if known else ""))
        if times and args.record:
            with open(args.record, "a", encoding="utf-8") as f:
                print(json.dumps(dict(switch=args.switch, signal=args.signal,
                                      role=role, ports=len(times),
                                      times=known)), file=f)


def recover(guests, args):
    """Runs the command and waits for 'guests'.  Returns the exit status."""
    if not wait_for_all(guests, args.timeout):
        print("not all guests receive")
        return 1

    start = time.monotonic()
    for guest in guests:
        guest.since = start
        guest.received = None
    status = subprocess.run(args.command, shell=True, check=False).returncode
    up = time.monotonic()
    all_back = wait_for_all(guests, args.timeout)
    print(f"the switch was up after {(up - start) * 1000:.0f} ms")
    report(guests, start, args)
    return 0 if all_back and not status else 1


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timeout", type=float, default=30, metavar="S",
                        help="how long to wait for packets")
    parser.add_argument("--command", required=True)
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--switch", default="", help="its name in the record")
    parser.add_argument("--signal", default="", help="how it ends")
    parser.add_argument("socket", nargs="+")
    args = parser.parse_args()

    guests = [Guest(i, name) for i, name in enumerate(args.socket)]
    for guest in guests:
        guest.start()
    try:
        return recover(guests, args)
    finally:
        for guest in guests:
            guest.endpoint.close()


if __name__ == "__main__":
    sys.exit(main())
