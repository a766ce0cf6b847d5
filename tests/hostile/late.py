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

"""A guest that falls asleep right after the switch has looked whether it does.

At each of PORT:FILE, a port and its socket, whose packets the switch sends
back to where they come from, is a guest that sends ROUNDS times two packets.
When the first one comes back, the guest does not want to be notified, so that
the switch need not look at once whether it wants to be with the second one.
Then it does want that, and is, sooner than by what the switch does for guests
that nobody polls any more.

Then nobody polls the guests any more, and a packet that goes from the one at
FROM, another PORT:FILE, to all of them has to wake up each of them.

Run by tests/system-ring.at.
"""

import argparse
import re
import subprocess
import sys
import time

import idle
import vhost_user as vu

RECEIVED = 0x90000              # Where the packet to receive goes.

# What a round may take on average, in s.  Without a look in time it is more
# than twice as much.
ROUND = 0.03


class Guest(idle.Guest):
    """A guest that receives what it sends."""

    def __init__(self, port, path, packed):
        super().__init__(port, path, packed)
        self.to = self.front_end.rings[0]
        self.call = self.front_end.events[1]
        self.want(self.ring, False)

    def want(self, ring, want):
        """Tells whether to be notified of what was used of 'ring'."""
        self.front_end.memory.write_word(
            ring.avail + (2 if self.packed else 0), 0 if want else 1)

    def offer(self):
        """Offers a buffer, and returns what says whether it was used."""
        i = self.to.next if self.packed else self.to.next_avail + 1
        self.to.chain((RECEIVED, 2048), flags=vu.WRITE)
        return lambda: (self.to.is_used(i) if self.packed
                        else self.to.used_index() == i)

    def expect(self, is_used):
        """Waits until the buffer was used."""
        deadline = time.monotonic() + 10
        while not is_used():
            if time.monotonic() > deadline:
                sys.exit(f"{self.port}: a packet does not come")
            time.sleep(0.0001)

    def stay_awake(self):
        """Has the switch find that the guest does not sleep."""
        self.want(self.to, False)
        is_used = self.offer()
        self.send()
        self.expect(is_used)
        # The switch has looked by then, or it does later, and then there is
        # nothing left to be lost.
        while self.is_called(0.005):
            pass

    def fall_asleep(self):
        """Wants to be notified of a packet, which 'is_used' says has come."""
        self.want(self.to, True)
        return self.offer()

    def wake_up(self, is_used):
        """Waits to be notified of it."""
        self.expect(is_used)
        if not self.is_called(10):
            sys.exit(f"{self.port}: not notified")


def poll_only(port):
    """Makes the only PMD thread poll nothing but 'port', which is pinned to
    it."""
    show = idle.appctl("dpif-netdev/pmd-rxq-show")
    core = re.search(r"core_id (\d+)", show).group(1)
    subprocess.run(("ovs-vsctl", "set", "Interface", port,
                    f"other_config:pmd-rxq-affinity=0:{core}"), check=True)
    deadline = time.monotonic() + 10
    while len(re.findall(r"port:", show)) > 1:
        show = idle.appctl("dpif-netdev/pmd-rxq-show")
        if time.monotonic() > deadline:
            sys.exit("queues are still polled")
        time.sleep(0.01)


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("sender", metavar="FROM")
    parser.add_argument("port", nargs="+")
    args = parser.parse_args()

    guests = [Guest(*name.split(":", 1), i % 2 == 1)
              for i, name in enumerate(args.port)]
    sender = idle.Guest(*args.sender.split(":", 1), False)
    took = 0
    for _ in range(args.rounds):
        for guest in guests:
            guest.stay_awake()
            is_used = guest.fall_asleep()
            start = time.monotonic()
            guest.send()
            guest.wake_up(is_used)
            took += time.monotonic() - start

    for guest in guests:
        guest.stay_awake()
    poll_only(sender.port)
    used = [guest.fall_asleep() for guest in guests]
    start = time.monotonic()
    sender.send()
    for guest, is_used in zip(guests, used):
        guest.wake_up(is_used)
    late = time.monotonic() - start

    n = args.rounds * len(guests)
    print(f"notified after {took / n * 1000:.1f} ms on average, "
          f"without a poll after {late * 1000:.0f} ms")
    return 0 if took < ROUND * n else "notifications are late"


if __name__ == "__main__":
    sys.exit(main())
