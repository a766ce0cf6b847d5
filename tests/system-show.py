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

"""Checks what 'ovs-appctl netdev-dpdk/vhost-show' shows.

'value PORT EXPRESSION' prints the value of a Python expression, in which 'p'
is the port as '--json' shows it, with members as attributes, and 'ring(N)' is
one of its rings.

'steps PORT SOCKET HOSTILE' is a front end on a server port, step by step, from
a good one to one that is refused.  HOSTILE is the directory tests/hostile.
"""

import datetime
import json
import subprocess
import sys
import time
import types


def command(*args):
    """Returns what the command prints."""
    return subprocess.run(
        ("ovs-appctl", "--timeout=10", "netdev-dpdk/vhost-show", *args),
        check=True, stdout=subprocess.PIPE, text=True).stdout


def show(port):
    """Returns what is shown of 'port', in both forms."""
    ports = json.loads(command("--json", port),
                       object_hook=lambda d: types.SimpleNamespace(**d))
    assert len(ports) == 1, ports
    return ports[0], [line.strip() for line in command(port).splitlines()]


def print_value(port, expression):
    """Prints the value of 'expression'."""
    p, _ = show(port)
    names = {"p": p, "ring": lambda i: p.rings[i]}
    print(eval(f"({expression})", names))  # A test's own expression.


def wait_until(condition):
    """Waits until 'condition'() does not raise AssertionError."""
    deadline = time.monotonic() + 10
    while True:
        try:
            condition()
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def counts(p):
    """Returns the numbers of faults of 'p' that are not 0."""
    return {name: fault.count for name, fault in vars(p.faults).items()
            if fault.count}


def seconds(text):
    """Returns the time of 'text'."""
    when = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    return when.replace(tzinfo=datetime.timezone.utc).timestamp()


def release(port):
    """Makes the switch forget what was done to 'port'."""
    subprocess.run(("ovs-appctl", "netdev-dpdk/vhost-release", port),
                   check=True, stdout=subprocess.DEVNULL)


def check_state(port, state, request):
    """Checks that the connection of 'port' is in 'state'."""
    p, text = show(port)
    line = f"state: {state}"
    if request:
        line += f", last request {request}"
    assert line in text, text
    assert p.state == state, p
    assert getattr(p, "last_request", None) == request, p


def check_started(port):
    """Checks what is shown of a guest with one pair of rings."""
    p, text = show(port)
    assert p.state == "device started" and p.link, p
    assert p.features == ["VHOST_USER_F_PROTOCOL_FEATURES",
                          "VIRTIO_F_VERSION_1"], p.features
    assert p.protocol_features == ["VHOST_USER_PROTOCOL_F_MQ",
                                   "VHOST_USER_PROTOCOL_F_REPLY_ACK"], p
    assert [vars(m) for m in p.memory_regions] == [
        {"guest_address": "0x0", "size": 4 << 20}], p.memory_regions
    assert "memory region 0: guest address 0x0, 4194304 bytes" in text, text
    for i, queue in ((0, "tx"), (1, "rx")):
        ring = p.rings[i]
        assert ring.datapath == "ring" and ring.enabled, ring
        assert (ring.size, ring.last_avail, ring.last_used) == (256, 0, 0)
        assert (f"ring {i} ({queue} queue 0): size 256, ring, enabled, "
                "last avail 0, last used 0") in text, text


def check_dropped(port):
    """Checks that a packet for a guest without buffers is shown."""
    p, text = show(port)
    assert p.rings[0].drops.failure == 1, p.rings[0]
    assert "dropped: failure 1" in text, text


def check_faults(port, n_messages, n_rings, since):
    """Checks what is shown of faults: the last one of a ring, before it those
    of messages, none of which is older than 'since'."""
    p, text = show(port)
    expected = {"ovs_vhost_refused_messages": n_messages}
    if n_rings:
        expected["ovs_vhost_broken_rings"] = n_rings
    assert counts(p) == expected, p.faults
    last = p.last_faults
    assert len(last) == min(n_messages + n_rings, 8), last
    assert [f.kind for f in last] == (
        ["ovs_vhost_refused_messages"] * (len(last) - n_rings)
        + ["ovs_vhost_broken_rings"] * n_rings), last
    times = [seconds(f.time) for f in last]
    assert times == sorted(times), times
    assert since - 1 <= times[0] <= times[-1] <= time.time() + 1, times
    assert seconds(p.faults.ovs_vhost_refused_messages.last) == \
        times[-1 - n_rings], p
    for f in last:
        assert f"{f.time} {f.text}" in text, text
    assert f"ovs_vhost_refused_messages: {n_messages}, last at " \
        f"{p.faults.ovs_vhost_refused_messages.last}" in text, text


def run_steps(port, path, hostile):
    """Goes through the steps of a connection."""
    sys.path.insert(0, hostile)
    import vhost_user as vu  # pylint: disable=import-outside-toplevel

    endpoint = vu.Endpoint(path, "server")
    check_state(port, "listening", None)

    front_end = endpoint.connect()
    wait_until(lambda: check_state(port, "connected", None))
    front_end.send(vu.SET_OWNER)
    wait_until(lambda: check_state(port, "negotiating", "SET_OWNER"))
    front_end.send_u64(vu.SET_FEATURES, vu.bits(vu.F_VERSION_1))
    wait_until(lambda: check_state(port, "negotiating", "SET_FEATURES"))
    assert show(port)[0].features == ["VIRTIO_F_VERSION_1"]
    front_end.close()
    wait_until(lambda: check_state(port, "listening", None))

    front_end = endpoint.connect()
    front_end.start()
    wait_until(lambda: check_started(port))
    check_state(port, "device started", "GET_FEATURES")
    subprocess.run(("ovs-ofctl", "packet-out", "br0", "in_port=controller,"
                    f"packet=020000000001020000000002{'00' * 48},"
                    "actions=output:1"), check=True)
    wait_until(lambda: check_dropped(port))
    front_end.close()
    wait_until(lambda: check_state(port, "listening", None))
    assert counts(show(port)[0]) == {}

    # More refused messages than are remembered.
    since = time.time()
    for i in range(10):
        front_end = endpoint.connect()
        front_end.send(vu.SET_OWNER, bytes(i + 1))
        front_end.wait_closed()
        front_end.close()
        n = i + 1
        wait_until(lambda n=n: check_faults(port, n, 0, since))
        release(port)
    check_state(port, "listening", None)
    texts = [f.text for f in show(port)[0].last_faults]
    assert [text.split(",")[0] for text in texts] == [
        f"message SET_OWNER has {i} bytes" for i in range(3, 11)], texts

    # A broken ring.
    front_end = endpoint.connect()
    front_end.start()
    wait_until(lambda: check_started(port))
    front_end.rings[1].set_index(300)
    wait_until(lambda: check_faults(port, 10, 1, since))
    ring = show(port)[0].rings[1]
    assert ring.datapath.startswith("broken (available index"), ring
    front_end.close()
    endpoint.close()


if __name__ == "__main__":
    {"value": print_value, "steps": run_steps}[sys.argv[1]](*sys.argv[2:])
