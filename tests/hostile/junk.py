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

"""Gives arguments that make no sense to commands of the switch.

Each of the COMMANDs, which are all of those that the switch lists with one of
the prefixes, has to refuse each of them in one line.  What has no arguments
is told by the switch itself.

Run by tests/system-port.at.
"""

import argparse
import json
import re
import socket
import subprocess
import sys

# None of these is a level, a state, a port, or a device of DPDK.
JUNK = ["", " ", "-1", "0", "18446744073709551616", "-9223372036854775809",
        "1e309", "0x", "nosuch", "--nosuch", "--", ":", "::", "*:*", "debug:",
        "%s%n%s%n", "../../etc/passwd", "0000:ff:1f.7", "net_nosuch0,iface=x",
        "up ", "UP\n", "\u00e4\u2028", "\x7f\x01\x1b[2J", "a" * 4096,
        "a," * 2048]


class Switch:
    """A connection to the command socket of a switch."""

    def __init__(self, path):
        self.path = path
        self.sock = None
        self.connect()

    def connect(self):
        """Connects anew."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(self.path)

    def run(self, command, params):
        """Runs 'command'.  Returns the result and the error, of which one is
        null, or neither if the switch closes the connection."""
        self.sock.sendall(json.dumps(dict(method=command, params=params,
                                          id=1)).encode())
        reply = b""
        while True:
            part = self.sock.recv(1 << 20)
            if not part:
                self.connect()
                return None, None
            reply += part
            try:
                reply = json.loads(reply)
                return reply.get("result"), reply.get("error")
            except ValueError:
                pass


def list_commands(prefixes):
    """Returns the names of the commands of the switch."""
    text = subprocess.run(["ovs-appctl", "list-commands"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    names = re.findall(r"^\s+(\S+)", text, re.M)
    return [name for name in names if name.startswith(tuple(prefixes))]


def is_sentence(error):
    """Returns whether 'error' is one line that says something."""
    line = error.rstrip("\n") if error else ""
    return len(line) > 8 and "\n" not in line.replace("UP\n", "")


def check(switch, command, ports, others):
    """Returns how many argument lists 'command' does not refuse well."""
    port = ports[0]
    lists = [[port, port, port], [1], [None], [{}], [["up"]], [port, 1]]
    for junk in JUNK + others:
        lists += [[junk], [junk, "up"], [port, junk], [junk, junk],
                  [port, port, junk], [junk] * 100]
    wrong = 0
    for params in lists:
        result, error = switch.run(command, params)
        if result is not None or not is_sentence(error):
            print(f"{command} {str(params)[:80]}: result {result!r:.80}, "
                  f"error {error!r:.200}")
            wrong += 1

    # Neither of these comes as far as the command.
    for params in [["a\0b"]], "up", {}, None:
        if switch.run(command, params)[0] is not None:
            print(f"{command} {params!r}: not refused")
            wrong += 1
    result, error = switch.run(command, [])
    if error is not None and not is_sentence(error):
        print(f"{command}: error {error!r}")
        wrong += 1
    print(f"{command}: {len(lists)} lists of arguments, {wrong} not refused")
    return wrong


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--port", action="append", required=True,
                        help="of a type of ours")
    parser.add_argument("--other", action="append", default=[],
                        help="port of another type")
    parser.add_argument("prefix", nargs="+")
    args = parser.parse_args()

    commands = list_commands(args.prefix)
    switch = Switch(args.socket)
    wrong = sum(check(switch, command, args.port, args.other)
                for command in commands)
    print(f"{len(commands)} commands")
    return 1 if wrong or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
