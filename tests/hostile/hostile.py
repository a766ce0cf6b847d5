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

"""Does to a vhost-user port what a hostile front end would do.

The cases are those of messages.py, held.py, memory.py and rings.py, by name;
'--list' shows them.  Run in ovs-dpdk-sandbox, by tests/system-hostile.at or by
people, on a port of a bridge that has another port for '--other'.
"""

import argparse
import contextlib
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

import held      # noqa: F401  Adds cases.
import memory    # noqa: F401  Adds cases.
import messages  # noqa: F401  Adds cases.
import rings     # noqa: F401  Adds cases.
import vhost_user as vu
from case import CASES


class Failed(Exception):
    """A case did not end as expected."""


def run(*args):
    """Returns what the command 'args' prints."""
    return subprocess.run(args, check=True, stdout=subprocess.PIPE,
                          text=True, timeout=20 * vu.SLOWNESS).stdout.strip()


class Switch:
    """The switch under test, as seen from outside."""

    def __init__(self, pid, bridge, port):
        self.pid = pid
        self.bridge = bridge
        self.port = port

    def check_alive(self):
        """Fails if the switch is not the process that it was."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            if stat.read().rpartition(")")[2].split()[0] in "ZX":
                raise Failed("the switch is dead")

    def count_fds(self):
        """Returns the number of descriptors of the switch."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def rss(self):
        """Returns the resident memory of the switch, in kB."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s*(\d+)", status.read())[1])

    def hoards(self):
        """Returns whether the switch keeps what it frees.

        The address sanitizer does, and looks for leaks by itself.
        """
        with open(f"/proc/{self.pid}/maps", encoding="ascii") as maps:
            return "libasan" in maps.read()

    def counters(self):
        """Returns the counters of faults of the port, by kind."""
        text = run("ovs-ofctl", "-O", "OpenFlow15", "dump-ports", self.bridge,
                   self.port)
        return {kind: int(n) for kind, n
                in re.findall(r"\bovs_vhost_(\w+)=(\d+)", text)
                if kind != "holds"}

    def status(self, key):
        """Returns 'key' of the status of the port."""
        return run("ovs-vsctl", "--if-exists", "get", "interface", self.port,
                   f"status:{key}").strip('"')

    def release(self):
        """Makes the port forget what was done to it."""
        run("ovs-appctl", "netdev-dpdk/vhost-release", self.port)

    def is_up(self):
        """Returns whether the port is up."""
        return run("ovs-vsctl", "get", "interface", self.port,
                   "link_state") == "up"

    # What send_packet() sends.
    packet = "020000000001020000000002" + "0000" + bytes(range(46)).hex()

    def send_packet(self):
        """Sends a packet to the port."""
        run("ovs-ofctl", "packet-out", self.bridge,
            f"in_port=controller,packet={self.packet},"
            f"actions=output:{self.port}")

    @contextlib.contextmanager
    def returned_packets(self):
        """Makes the port get what it sends."""
        run("ovs-ofctl", "add-flow", self.bridge,
            f"in_port={self.port},actions=in_port")
        # What the core keeps of the past drops the packets.
        run("ovs-appctl", "revalidator/wait")
        try:
            yield
        finally:
            run("ovs-ofctl", "del-flows", self.bridge, f"in_port={self.port}")

    def is_quiet(self):
        """Returns whether no connection of the port is being closed."""
        n = self.count_fds()
        self.settle()
        return self.count_fds() == n

    def is_waiting(self):
        """Returns whether a thread of the switch waits in write()."""
        write = "64 " if platform.machine() == "aarch64" else "1 "
        return any(
            (thread / "syscall").read_text(encoding="ascii").startswith(write)
            for thread in pathlib.Path(f"/proc/{self.pid}/task").iterdir())

    def settle(self):
        """Waits until the main thread has done what it has been asked for."""
        for _ in range(2):
            run("ovs-appctl", "version")


def wait_until(condition, why, timeout=5):
    """Waits until 'condition'() is true."""
    deadline = time.monotonic() + vu.SLOWNESS * timeout
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(why)
        time.sleep(0.005)


class Test:
    """What a case gets."""

    def __init__(self, switch, endpoint, other):
        self.switch = switch
        self.endpoint = endpoint
        self.other = other
        self.memory = vu.Memory()
        self.null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        self.front_end = None
        self.wait_until = wait_until
        self.send_packet = switch.send_packet

    def connect(self):
        """Returns a new connection."""
        front_end = self.endpoint.connect()
        while self.endpoint.listener:
            # A client port connects anew when what it offers changes.
            wait_until(self.switch.is_quiet, "descriptors come and go")
            if not front_end.is_closed():
                break
            front_end.close()
            front_end = self.endpoint.connect()
        return front_end

    def wait_up(self):
        """Waits until the port has the guest."""
        wait_until(self.switch.is_up, "the port does not come up", 10)

    def other_connects(self, seconds):
        """Fails unless another port serves a front end within 'seconds'."""
        front_end = self.other.connect(seconds)
        try:
            front_end.sync(seconds)
        finally:
            front_end.close()


def check_fault(switch, expected, before):
    """Checks that the counter of 'expected' moves, and no other one."""
    kinds = expected.kind.split("|") if expected.kind else []
    now = {}

    def moved():
        now.update(switch.counters())
        return not kinds or any(now[kind] > before[kind] for kind in kinds)

    wait_until(moved, f"ovs_vhost_{expected.kind} does not move")
    for other, n in now.items():
        if other not in kinds and n != before[other]:
            raise Failed(f"ovs_vhost_{other} moves: "
                         f"{switch.status('last_fault')}")
    if kinds:
        wait_until(lambda: re.search(expected.regex,
                                     switch.status("last_fault")),
                   f"last_fault does not match '{expected.regex}'")


def run_case(test, named, n_fds):
    """Runs the case 'named'."""
    switch = test.switch
    switch.release()
    before = switch.counters()
    test.front_end = test.connect()
    try:
        try:
            named.function(test)
        except vu.Closed:
            if not named.expected.closes:
                raise
        if named.expected.closes:
            test.front_end.wait_closed()
        else:
            test.front_end.sync(10)
        check_fault(switch, named.expected, before)
    except (OSError, ValueError, subprocess.CalledProcessError,
            vu.Closed) as e:
        raise Failed(f"{type(e).__name__}: {e}, last fault: "
                     f"{switch.status('last_fault')}") from e
    finally:
        test.front_end.close()
    switch.check_alive()
    if n_fds is not None:
        wait_until(lambda: switch.count_fds() <= n_fds,
                   f"the switch has not {n_fds} descriptors any more")


def selected(args):
    """Returns the cases that are selected."""
    return [named for named in CASES.values()
            if (named.name in args.case if args.case
                else named.group in args.group.split(","))]


def list_cases(args):
    """Prints the cases that are selected."""
    for named in selected(args):
        in_tree = f"; in-tree: {named.in_tree}" if named.in_tree else ""
        print(f"{named.number:2} {named.group:8} {named.name}{in_tree}")


def run_cases(args):
    """Runs the cases that are selected.  Returns the number of failures."""
    switch = Switch(args.pid, args.bridge, args.port)
    endpoint = vu.Endpoint(args.socket, args.role)
    test = Test(switch, endpoint, vu.Endpoint(args.other, "server"))
    n_failed = 0

    # The first guest makes the switch allocate what it then keeps.
    test.front_end = test.connect()
    test.front_end.start()
    test.wait_up()
    test.front_end.close()
    wait_until(lambda: not switch.is_up(), "the port does not go down")
    test.connect().close()
    time.sleep(0.5)
    n_fds = None if args.busy else switch.count_fds()
    rss = []
    for _ in range(args.rounds):
        for named in selected(args):
            start = time.monotonic()
            result = "ok"
            try:
                run_case(test, named, n_fds)
            except Failed as e:
                result = f"FAILED: {e}"
                n_failed += 1
            print(f"{named.number:2} {named.name}: {result} "
                  f"({time.monotonic() - start:.2f} s)", flush=True)
            switch.check_alive()
        rss.append(switch.rss())
    switch.release()
    endpoint.close()
    print(f"descriptors {n_fds} to {switch.count_fds()}, RSS {rss} kB, "
          f"{n_failed} failed")
    if rss[-1] - rss[0] > args.max_growth and not switch.hoards():
        print("RSS has grown")
        n_failed += 1
    return n_failed


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true",
                        help="show the cases")
    parser.add_argument("--group",
                        default="message,server,ring,header,memory,locked",
                        help="run cases of these groups")
    parser.add_argument("--socket", help="socket of the port")
    parser.add_argument("--role", choices=("server", "client"),
                        help="role of the port", default="server")
    parser.add_argument("--other", help="socket of another server port")
    parser.add_argument("--pid", type=int, help="process of the switch")
    parser.add_argument("--bridge", default="br0")
    parser.add_argument("--port", help="the port")
    parser.add_argument("--rounds", type=int, default=1,
                        help="run the cases so often")
    parser.add_argument("--max-growth", type=int, default=4096,
                        help="kB that the RSS may grow after the first round")
    parser.add_argument("--busy", action="store_true",
                        help="other ports change meanwhile, so do not look at "
                             "the descriptors of the switch")
    parser.add_argument("case", nargs="*", help="run only these cases")
    parser.add_argument("--log", action="store_true",
                        help="have the memory of guests logged")
    args = parser.parse_args()
    vu.FrontEnd.logs = args.log

    unknown = set(args.case) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if args.list:
        list_cases(args)
        return 0
    return 1 if run_cases(args) else 0


if __name__ == "__main__":
    sys.exit(main())
