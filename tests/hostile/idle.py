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

"""Guests that are idle, but for a packet now and then.

At each of PORT:FILE, a port and its socket, is a guest that sends ROUNDS times
two packets, for the switch to find when it has polled an idle queue for a
while.  With the first one, the guest does not want to be notified that it was
taken, so that the switch does not look at once whether it wants that with the
second one.  Then it does want that, and fails if it is not.

In the end, guests with split rings are idle.  To poll a queue of theirs has to
cost the switch at most half of what it costs where librte_vhost has the ring,
which is received from to find that out.  That library takes longer for packed
rings whoever asks it, so these prove nothing.

Run by tests/system-ring.at.
"""

import argparse
import os
import re
import select
import subprocess
import sys
import time

import vhost_user as vu

PACKET = 0x80000                # Where the packet to send is.
FRAME = (bytes(12) + b"\xff" * 6 + bytes((2, 0, 0, 0, 0, 1)) + b"\x88\xb5"
         + bytes(46))


class Guest:
    """A guest at 'port', with packed rings or split ones."""

    def __init__(self, port, path, packed):
        self.port = port
        self.packed = packed
        self.front_end = vu.Endpoint(path, "server").connect()
        self.front_end.start(packed)
        self.front_end.memory.map[PACKET:PACKET + len(FRAME)] = FRAME
        self.ring = self.front_end.rings[1]
        # Two for each ring, to kick and to be called.
        self.call = self.front_end.events[3]

    def want_call(self, want):
        """Tells whether to be notified of packets that were taken."""
        self.front_end.memory.write_word(
            self.ring.avail + (2 if self.packed else 0), 0 if want else 1)

    def send(self):
        """Sends a packet, and waits until it was taken."""
        i = self.ring.next if self.packed else self.ring.next_avail + 1
        self.ring.chain((PACKET, len(FRAME)))
        deadline = time.monotonic() + 10
        while not (self.ring.is_used(i) if self.packed
                   else self.ring.used_index() == i):
            if time.monotonic() > deadline:
                sys.exit(f"{self.port}: a packet is not taken")
            time.sleep(0.0001)

    def is_called(self, seconds):
        """Returns whether the guest is notified within 'seconds'."""
        if not select.select([self.call], [], [], seconds)[0]:
            return False
        os.eventfd_read(self.call)
        return True

    def run(self):
        """Sends a packet without a notification and one with."""
        self.want_call(False)
        self.send()
        # The switch has looked at what is wanted by then, or it does later,
        # and then there is nothing left to be lost.
        while self.is_called(0.005):
            pass
        self.want_call(True)
        self.send()
        if not self.is_called(10):
            sys.exit(f"{self.port}: not notified")


def appctl(*args):
    """Returns what the command prints."""
    return subprocess.run(("ovs-appctl", "--timeout=10") + args, check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def pmd_counters():
    """Returns the cycles and the rounds of the PMD threads."""
    text = appctl("dpif-netdev/pmd-perf-show")
    return [sum(map(int, re.findall(name + r":\s+(\d+)", text)))
            for name in ("Used TSC cycles", "Iterations")]


def cost_of_round(guests, datapath):
    """Returns the cycles of a round of the PMD thread where the rings go that
    way, in the least disturbed of some slices of time."""
    for guest in guests:
        appctl("netdev-dpdk/vhost-datapath", guest.port, datapath)
    costs = []
    for _ in range(8):
        cycles, rounds = pmd_counters()
        time.sleep(0.05)
        more_cycles, more_rounds = pmd_counters()
        costs.append((more_cycles - cycles) / max(more_rounds - rounds, 1))
    return min(costs)


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("port", nargs="+")
    args = parser.parse_args()

    guests = [Guest(*name.split(":", 1), i % 2 == 1)
              for i, name in enumerate(args.port)]
    for _ in range(args.rounds):
        for guest in guests:
            guest.run()
    for guest in guests:
        if guest.packed:
            guest.front_end.close()
    split = [guest for guest in guests if not guest.packed]
    library = cost_of_round(split, "library")
    ours = cost_of_round(split, "auto")
    print(f"cycles of a round: library {library:.0f}, ours {ours:.0f}")
    return 0 if ours < library / 2 else "idle queues are received from"


if __name__ == "__main__":
    sys.exit(main())
