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

"""Measures how soon a new server port answers.

For each PORT, runs "ovs-vsctl add-port BRIDGE PORT", connects to its socket as
soon as that is there, asks for the features, and prints how long the answer
has taken, in ms.  The last line is the median.

Run by tests/system-vhost.at.
"""

import argparse
import pathlib
import statistics
import subprocess
import time

import vhost_user as vu


def connect(path, timeout=30):
    """Returns a connection to the socket 'path', which may not exist yet."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return vu.Endpoint(path, "server").connect()
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)


def measure(bridge, rundir, port):
    """Adds 'port' and returns how long it takes to answer, in ms."""
    with subprocess.Popen(["ovs-vsctl", "add-port", bridge, port, "--", "set",
                           "interface", port, "type=dpdkvhostuser"]) as adder:
        front_end = connect(str(rundir / port))
        start = time.monotonic()
        front_end.sync()
        took = (time.monotonic() - start) * 1000
    front_end.close()
    if adder.returncode:
        raise RuntimeError(f"ovs-vsctl: exit status {adder.returncode}")
    return took


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rundir", type=pathlib.Path, required=True)
    parser.add_argument("bridge")
    parser.add_argument("port", nargs="+")
    args = parser.parse_args()

    times = [measure(args.bridge, args.rundir, port) for port in args.port]
    print("answers after " + ", ".join(f"{t:.0f}" for t in times) + " ms")
    print(f"{statistics.median(times):.0f}")


if __name__ == "__main__":
    main()
