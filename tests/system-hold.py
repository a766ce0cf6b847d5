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

"""What tests/system-hold.at does to the switch.

'misbehave SOCKET ROLE N' is N front ends, one after the other, on a port in
ROLE, each of which sends a message that is refused.  It prints how many ms
each of them had to wait for that.

'wait SOCKET ROLE' is a good front end, and prints how many ms it had to wait
for its first answer.

'knock SOCKET N' connects N times to a server port, and hangs up after a
request.

'break SOCKET ROLE N' is a guest that breaks its ring N times, each time on the
same connection, and then is good and sends a packet.  It prints for each time
how many ms it took the switch to notice, and how many ms the slowest answer
took meanwhile; and how many ms the packet took.

'serve SOCKET ROLE' is a guest that sends a packet, and stays until the switch
goes.

'kill PROCESS THREAD SIGNAL' sends a signal to the one thread of a process
whose name starts with THREAD.  Core dumps of the process are off then.
"""

import ctypes
import os
import resource
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "hostile"))
import hostile  # noqa: E402  pylint: disable=wrong-import-position
import vhost_user as vu  # noqa: E402  pylint: disable=wrong-import-position

TIMEOUT = 30


def retry(endpoint, body):
    """Calls 'body' with connections until one is not closed by the switch.

    A client port connects anew when what it offers changes.
    """
    while True:
        front_end = endpoint.connect(TIMEOUT)
        try:
            body(front_end)
            return front_end
        except vu.Closed:
            front_end.close()


def misbehave(path, role, number):
    """Sends messages that are refused."""
    switch = hostile.Switch(None, "br0", "v0")
    endpoint = vu.Endpoint(path, role)
    before = switch.counters()["refused_messages"]
    n = 0
    while n < int(number):
        front_end = endpoint.connect(TIMEOUT)
        start = time.monotonic()
        try:
            front_end.send(vu.SET_OWNER, b"oops")
            front_end.wait_closed(TIMEOUT)
        except vu.Closed:
            pass
        delay = time.monotonic() - start
        front_end.close()
        if switch.counters()["refused_messages"] > before + n:
            n += 1
            print(round(1000 * delay))
    endpoint.close()


def wait(path, role):
    """Waits for an answer."""
    endpoint = vu.Endpoint(path, role)
    start = time.monotonic()
    retry(endpoint, lambda front_end: front_end.sync(TIMEOUT)).close()
    print(round(1000 * (time.monotonic() - start)))
    endpoint.close()


def knock(path, number):
    """Hangs up before there is an answer."""
    endpoint = vu.Endpoint(path, "server")
    for _ in range(int(number)):
        front_end = endpoint.connect()
        front_end.send(vu.GET_FEATURES)
        front_end.close()
        time.sleep(0.05)


def send(front_end):
    """Sends a packet."""
    frame = bytes.fromhex("020000000001020000000002") + bytes(48)
    front_end.memory.write(0x30000, "12x60s", frame)
    front_end.rings[1].chain((0x30000, 12 + len(frame)))


def wait_answered(front_end, is_done):
    """Asks the switch until 'is_done'.

    Returns how long that and the slowest answer took, in ms.
    """
    start = time.monotonic()
    slowest = 0
    while not is_done():
        if time.monotonic() > start + TIMEOUT:
            raise TimeoutError("the switch does nothing")
        asked = time.monotonic()
        front_end.sync(TIMEOUT)
        slowest = max(slowest, time.monotonic() - asked)
        time.sleep(0.02)
    return round(1000 * (time.monotonic() - start)), round(1000 * slowest)


def break_rings(path, role, number):
    """Breaks a ring, resets the device, and so on."""
    switch = hostile.Switch(None, "br0", "v0")
    endpoint = vu.Endpoint(path, role)
    front_end = retry(endpoint, lambda front_end: front_end.start())
    before = switch.counters()["broken_rings"]
    for n in range(int(number)):
        front_end.rings[1].set_index(40000)
        print(*wait_answered(front_end, lambda: (
            switch.counters()["broken_rings"] > before + n)), flush=True)
        front_end.restart_rings()
    send(front_end)
    print(*wait_answered(front_end,
                         lambda: front_end.rings[1].used_index() == 1))
    front_end.close()
    endpoint.close()


def serve(path, role):
    """Is a guest."""
    endpoint = vu.Endpoint(path, role)
    front_end = retry(endpoint, lambda front_end: front_end.start())
    send(front_end)
    print("ready", flush=True)
    try:
        front_end.wait_closed(60)
    finally:
        front_end.close()
        endpoint.close()


def threads(process, name):
    """Returns the threads of 'process' whose names start with 'name'."""
    found = []
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/comm",
                  encoding="utf-8") as comm:
            if comm.read().startswith(name):
                found.append(int(thread))
    return found


def kill(process, name, signal_name):
    """Sends a signal to a thread."""
    process = int(process)
    thread, = threads(process, name)
    resource.prlimit(process, resource.RLIMIT_CORE, (0, 0))
    signo = signal.Signals[f"SIG{signal_name}"]
    if ctypes.CDLL(None).tgkill(process, thread, signo):
        raise OSError(f"tgkill({process}, {thread}, {signo})")


if __name__ == "__main__":
    {"misbehave": misbehave, "wait": wait, "knock": knock,
     "break": break_rings, "serve": serve, "kill": kill
     }[sys.argv[1]](*sys.argv[2:])
