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

# As many as ovs-dpdk-peer takes, to send for ever.
FOR_EVER = 2**32 - 1


@dataclasses.dataclass
class App:
    """An ovs-dpdk-peer behind a vhost port."""
    mode: str
    options: str = ""
    stopped: bool = False       # Connected, but not running?
    copies: int = 1             # Who gets each of its packets.


@dataclasses.dataclass
class Workload:
    name: str
    title: str
    apps: list                  # Of ports 1, 2, ...
    flows: list                 # OpenFlow flows.
    nics: list = dataclasses.field(default_factory=list)
    idle_ports: int = 0         # More ports, with applications that are idle.
    mtu: int = 1500
    in_flight: int = IN_FLIGHT
    kind: str = "cost"          # What is measured, see lab.py.
    metrics: typing.Tuple[str, ...] = ("cycles",)
    counts_drops: bool = True   # Do applications see both ends?


UNITS = {
    "cycles": "cycles/packet",
    "poll": "cycles/poll",
    "p50": "ns, p50",
    "p99": "ns, p99",
}

# Matches no more than the port, and is looked up by that.
SIMPLE = ["in_port=1,actions=output:2", "in_port=2,actions=output:1"]

# Matches on UDP, and is looked up in the exact match cache first.
BY_UDP = ["udp,in_port=1,tp_dst=4791,actions=output:2",
          "udp,in_port=2,tp_dst=4791,actions=output:1"]


def closed_loop(name, title, options="", flows=None, in_flight=IN_FLIGHT,
                **more):
    """Return a workload of two applications that send 'in_flight' packets
    back and forth."""
    if "--queue-size" not in options:
        options += " --queue-size=%d" % QUEUE_SIZE
    return Workload(name, title,
                    [App("loop %d" % in_flight, options),
                     App("loop", options)],
                    flows or SIMPLE, in_flight=in_flight, **more)


def flood(name, title, options):
    """Return a workload of one application whose packets go to eight, one of
    which sends them back."""
    options += " --queue-size=%d" % QUEUE_SIZE
    sinks = [App("sink", options) for _ in range(7)]
    ports = ",".join(str(port) for port in range(2, 10))
    return Workload(name, title,
                    [App("loop %d" % IN_FLIGHT, options, copies=8),
                     App("loop", options)] + sinks,
                    ["in_port=1,actions=output:" + ports.replace(
                        ",", ",output:"),
                     "in_port=2,actions=output:1"])


def nic(name, title, devargs, **more):
    """Return a workload of one application and a virtual NIC."""
    sender = IN_FLIGHT if devargs.startswith("net_ring") else 0
    return Workload(name, title,
                    [App("loop %d" % sender,
                         "--queue-size=%d" % QUEUE_SIZE)],
                    ["in_port=1,actions=output:100",
                     "in_port=100,actions=output:1"],
                    nics=[devargs], **more)


def idle_queues(name, title, options):
    """Return a workload of one application with queues that nothing comes
    from, and a NIC with queues to compare with."""
    return Workload(name, title,
                    [App("sink", "--queues=16 " + options, stopped=True)],
                    [], nics=["net_null0,no-rx=1"], kind="idle",
                    metrics=("poll",), counts_drops=False)


WORKLOADS = [
    closed_loop("v2v-64", "64 bytes, one flow, simple match"),
    closed_loop("v2v-64-1k", "64 bytes, 1,000 flows",
                "--flows=1000 --next-flow", BY_UDP),
    closed_loop("v2v-64-100k", "64 bytes, 100,000 flows",
                "--flows=100000 --next-flow", BY_UDP),
    closed_loop("v2v-imix", "28 x 60, 16 x 566, 4 x 1514 bytes",
                "--size=imix"),
    closed_loop("v2v-1500", "1500 bytes", "--size=1500"),
    closed_loop("v2v-9000", "9000 bytes, buffers of 2 kB",
                "--size=9000 --mtu=9000 --buffer=2048", mtu=9000,
                in_flight=64),
    closed_loop("burst-1", "64 bytes, one at a time", in_flight=1),
    closed_loop("burst-4", "64 bytes, four at a time", in_flight=4),
    closed_loop("packed", "64 bytes, packed rings", "--packed"),
    closed_loop("macswap", "64 bytes, applications write to each",
                "--macswap"),
    Workload("full", "64 bytes, the receiver takes nothing",
             [App("loop %d" % FOR_EVER, "--queue-size=%d" % QUEUE_SIZE),
              App("sink", stopped=True)], SIMPLE),
    flood("flood-64", "64 bytes, from 1 port to 8", "--size=64"),
    flood("flood-1500", "1500 bytes, from 1 port to 8", "--size=1500"),
    nic("nic-ring", "64 bytes, net_ring to guest and back", "net_ring0"),
    nic("nic-null", "64 bytes, net_null to guest and back",
        "net_null0,size=64", counts_drops=False),
    idle_queues("idle-split", "poll of an idle split ring", ""),
    idle_queues("idle-packed", "poll of an idle packed ring", "--packed"),
    Workload("ping", "round trip of one packet",
             [App("ping")], ["in_port=1,actions=in_port"], kind="ping",
             metrics=("p50", "p99")),
    closed_loop("idle-ports-1", "64 bytes, beside 1 idle port",
                idle_ports=1),
    closed_loop("idle-ports-16", "64 bytes, beside 16 idle ports",
                idle_ports=16),
    closed_loop("idle-ports-64", "64 bytes, beside 64 idle ports",
                idle_ports=64),
]


def find(name):
    """Return the workload 'name', or None."""
    for workload in WORKLOADS:
        if workload.name == name:
            return workload
    return None
