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

"""The same workloads with no switch at all: dpdk-testpmd between two ports of
net_vhost, which forwards what comes without looking at it."""

import os
import re
import selectors
import subprocess
import time

from ovs_dpdk_bench import lab

PROGRAM = "dpdk-testpmd"

# Of testpmd's pool, enough for two full rings, and bytes in each of its
# buffers, enough for all frames.
N_MBUFS = 16384
MBUF_SIZE = {1500: 2176, 9000: 9600}


class Testpmd:
    """A running testpmd, through its command line."""

    def __init__(self, mtu):
        env = os.environ
        self.log = os.path.join(env["OVS_RUNDIR"], "testpmd.log")
        # Its output must come line by line, in the order in which it is made.
        command = [
            "stdbuf", "-oL", PROGRAM, "--no-pci", "--no-telemetry",
            "--lcores=0@%s,1@%s" % (env["OVS_DPDK_SANDBOX_APP_CPU"],
                                    env["OVS_DPDK_SANDBOX_PMD_CPU"]),
            "-m512"]
        command += (["--no-huge", "--no-shconf"]
                    if env["OVS_DPDK_SANDBOX_HUGE"] == "no"
                    else ["--in-memory"])
        command += ["--vdev=net_vhost%d,iface=%s/vhost%d"
                    % (i, env["OVS_RUNDIR"], 1 + i) for i in range(2)]
        command += ["--", "--interactive", "--nb-cores=1",
                    "--mbuf-size=%d" % MBUF_SIZE[mtu],
                    "--total-num-mbufs=%d" % N_MBUFS,
                    "--record-core-cycles", "--record-burst-stats"]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.read_until("testpmd> ")
        self.call("start", r"(?s)packets/burst.*testpmd> ")

    def read_until(self, pattern):
        """Return the output up to what matches 'pattern', once that is
        there."""
        end = time.monotonic() + lab.TIMEOUT
        text = ""
        while not re.search(pattern, text):
            data = b""
            if self.selector.select(max(end - time.monotonic(), 0)):
                data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                with open(self.log) as log:
                    lines = log.read().strip().splitlines() or ["no output"]
                raise lab.Error("%s: %s" % (PROGRAM, lines[-1]))
            text += data.decode(errors="replace")
        return text

    def call(self, command, pattern):
        """Return the output of a command up to what matches 'pattern'."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.read_until(pattern)

    def pmd(self):
        """Return what lab.Switch.pmd() returns.  Bursts of nothing do not
        count, neither do their cycles."""
        text = self.call("show fwd stats all",
                         r"(?s)Accumulated.*testpmd> ")
        ports, _, total = text.partition("Accumulated")
        n_packets = int(re.search(r"RX-packets:\s+(\d+)", total).group(1))
        found = re.search(r"\(\w+ cycles=(\d+) / total", total)
        return {
            "rx_packets": n_packets,
            # Also those that the receiver had no room for.
            "tx_packets": n_packets,
            "tx_batches": sum(int(n) for n in re.findall(
                r"TX-bursts : (\d+)", ports)),
            "busy_cycles": int(found.group(1)) if found else 0,
        }

    def stop(self):
        """End testpmd, which has to be done before its ports go away."""
        try:
            self.process.communicate("quit\n", timeout=lab.TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class TestpmdLab(lab.Lab):
    """A workload that is running, on testpmd."""

    def set_up(self):
        self.switch = Testpmd(self.workload.mtu)

    def __exit__(self, *_):
        super().__exit__()
        self.switch.stop()

    def wait_for_link(self, port):
        lab.wait_until(
            lambda: "Link status: up" in self.switch.call(
                "show port info %d" % (port - 1),
                r"(?s)Link status: .*testpmd> "),
            "vhost%d has no link" % port)
