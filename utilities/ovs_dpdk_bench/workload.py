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

"""The workloads: which ports there are, who is behind them, what they do."""

import dataclasses
import typing

# Packets in a closed loop, and descriptors of a queue, enough for all.
IN_FLIGHT = 256
QUEUE_SIZE = 1024

# Ports whose idle queues are polled, and queues of each of them, as many as a
# virtio-user port can have.
IDLE_PORTS = 4
IDLE_QUEUES = 8

# As many as ovs-dpdk-peer takes, to send for ever.
FOR_EVER = 2**32 - 1


@dataclasses.dataclass
class App:
    """An ovs-dpdk-peer behind a vhost port."""
    mode: str
    options: str = ""
    stopped: bool = False       # Connected, but not running?
    copies: int = 1             # Who gets each of its packets.
    memory: int = 64            # In MB.


@dataclasses.dataclass
class Workload:
    name: str
    title: str
    apps: list                  # Of ports 1, 2, ...
    flows: list                 # OpenFlow flows.
    nic: str = ""               # Virtual NIC, OpenFlow port 100.
    nic_queues: int = 1
    idle_ports: int = 0         # More ports, with applications that are idle.
    mtu: int = 1500
    in_flight: int = IN_FLIGHT
    kind: str = "cost"          # What is measured, see lab.py.
    metrics: typing.Tuple[str, ...] = ("cycles",)
    counts_drops: bool = True   # Do applications see both ends?
    testpmd: bool = False       # Can testpmd do that, too?

    # Does a switch that is faster than the application see parts of bursts,
    # and is that no reason to discard a pair?  The descriptors of a packed
    # ring become available one by one.
    partial_bursts: bool = False

    # The largest ratio that is good enough, by metric, compared with Debian's
    # in-tree switch.
    most: dict = dataclasses.field(default_factory=dict)


UNITS = {
    "cycles": "cycles/packet",
    "poll": "cycles/poll",
    "p50": "ns, p50",
    "p99": "ns, p99",
}

# The same compared with an in-tree switch of the same source and compiler.
MOST_SAME_SOURCE = 1.0

# Matches no more than the port, and is looked up by that.
SIMPLE = ["in_port=1,actions=output:2", "in_port=2,actions=output:1"]

# Matches on UDP, and is looked up in the exact match cache first.
BY_UDP = ["udp,in_port=1,tp_dst=4791,actions=output:2",
          "udp,in_port=2,tp_dst=4791,actions=output:1"]


def cycles(ratio):
    return {"cycles": ratio}


def closed_loop(name, title, options="", flows=None, in_flight=IN_FLIGHT,
                testpmd=True, **more):
    """Return a workload of two applications that send 'in_flight' packets
    back and forth."""
    options += " --queue-size=%d" % QUEUE_SIZE
    return Workload(name, title,
                    [App("loop %d" % in_flight, options),
                     App("loop", options)],
                    flows or SIMPLE, in_flight=in_flight,
                    testpmd=testpmd and not flows, **more)


def beside(n):
    """Return a workload of two applications beside 'n' idle ports."""
    return closed_loop("idle-ports-%d" % n,
                       "64 bytes, beside idle ports: %d" % n,
                       idle_ports=n, testpmd=False)


def flood(name, title, options):
    """Return a workload of one application whose packets go to eight, one of
    which sends them back."""
    options += " --queue-size=%d" % QUEUE_SIZE
    outputs = ["output:%d" % port for port in range(2, 10)]
    return Workload(name, title,
                    [App("loop %d" % IN_FLIGHT, options, copies=8),
                     App("loop", options)]
                    + [App("sink", options) for _ in range(7)],
                    ["in_port=1,actions=" + ",".join(outputs),
                     "in_port=2,actions=output:1"], most=cycles(0.65))


def nic(name, title, devargs, sent, **more):
    """Return a workload of one application, which sends 'sent' packets, and a
    virtual NIC."""
    return Workload(name, title,
                    [App("loop %d" % sent, "--queue-size=%d" % QUEUE_SIZE)],
                    ["in_port=1,actions=output:100",
                     "in_port=100,actions=output:1"],
                    nic=devargs, most=cycles(0.85), **more)


def idle_queues(name, title, options):
    """Return a workload of applications with queues that nothing comes
    from."""
    options += " --queues=%d" % IDLE_QUEUES
    return Workload(name, title,
                    [App("sink", options, stopped=True)
                     for _ in range(IDLE_PORTS)],
                    [], kind="idle", metrics=("poll",), counts_drops=False,
                    most={"poll": 0.1})


WORKLOADS = [
    closed_loop("v2v-64", "64 bytes, one flow, simple match",
                most=cycles(0.65)),
    closed_loop("v2v-64-1k", "64 bytes, 1,000 flows",
                "--flows=1000 --next-flow", BY_UDP, most=cycles(0.70)),
    closed_loop("v2v-64-100k", "64 bytes, 100,000 flows",
                "--flows=100000 --next-flow", BY_UDP),
    closed_loop("v2v-imix", "28 x 60, 16 x 566, 4 x 1514 bytes",
                "--size=imix"),
    closed_loop("v2v-1500", "1500 bytes", "--size=1500", most=cycles(0.78)),
    closed_loop("v2v-9000", "9000 bytes, buffers of 2 kB",
                "--size=9000 --mtu=9000 --buffer=2048", mtu=9000,
                in_flight=128),
    closed_loop("burst-1", "64 bytes, one at a time", in_flight=1,
                most=cycles(0.65)),
    closed_loop("burst-4", "64 bytes, four at a time", in_flight=4,
                most=cycles(0.65)),
    closed_loop("packed", "64 bytes, packed rings", "--packed",
                partial_bursts=True, most=cycles(0.85)),
    closed_loop("macswap", "64 bytes, applications write to each",
                "--macswap"),
    Workload("full", "64 bytes, the receiver takes nothing",
             [App("loop %d" % FOR_EVER, "--queue-size=%d" % QUEUE_SIZE),
              App("sink", stopped=True)], SIMPLE, testpmd=True,
             most=cycles(0.75)),
    flood("flood-64", "64 bytes, from 1 port to 8", "--size=64"),
    flood("flood-1500", "1500 bytes, from 1 port to 8", "--size=1500"),
    # What one queue of that NIC sends comes back through the one of the same
    # number, and each of the switch's threads has a queue to send.
    nic("nic-ring", "64 bytes, net_ring to guest and back", "net_ring0",
        IN_FLIGHT, nic_queues=2),
    nic("nic-null", "64 bytes, net_null to guest and back",
        "net_null0,size=64", 0, counts_drops=False),
    idle_queues("idle-split", "poll of an idle split ring", ""),
    idle_queues("idle-packed", "poll of an idle packed ring", "--packed"),
    Workload("ping", "round trip of one packet",
             [App("ping")], ["in_port=1,actions=in_port"], kind="ping",
             metrics=("p50", "p99"), most={"p99": 1.0}),
    beside(1),
    beside(16),
    beside(64),
]


def find(name):
    """Return the workload 'name', or None."""
    for workload in WORKLOADS:
        if workload.name == name:
            return workload
    return None
