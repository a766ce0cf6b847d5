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

"""A workload on the switch of an ovs-dpdk-sandbox(8), and what it costs.

Runs in the sandbox, on the CPU of the applications, so that nothing but the
PMD thread is on the CPU of the PMD thread."""

import json
import os
import re
import signal
import socket
import subprocess
import time

from ovs_dpdk_bench import stats, workload

# Seconds of a slice.  A disturbance spoils the slice that it happens in.
SLICE = 0.125

# Seconds until a change of the data path has settled.
SETTLE = 0.1

# Seconds until applications have received what has been sent.
CATCH_UP = 0.05

# Seconds that anything may take to come about.
TIMEOUT = 60

# Applications that start at the same time, on one CPU.
MAX_STARTING = 8

# Queues that are idle in workloads of that kind.
N_IDLE_QUEUES = workload.IDLE_PORTS * workload.IDLE_QUEUES


class Error(Exception):
    """Something that the user has to know; the text says what."""


class Switch:
    """The switch, through its control socket: unlike ovs-appctl, that does
    not start a program for each command."""

    def __init__(self):
        with open(os.environ["OVS_DPDK_SANDBOX_PIDFILE"]) as f:
            pid = int(f.read())
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect("%s/ovs-vswitchd.%d.ctl"
                            % (os.environ["OVS_RUNDIR"], pid))

    def call(self, method, *params):
        """Return the output of a command."""
        request = {"id": 0, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode())
        answer = b""
        while True:
            data = self.socket.recv(65536)
            if not data:
                raise Error("the switch has closed its control socket")
            answer += data
            try:
                reply = json.loads(answer)
            except ValueError:
                continue
            if reply.get("error"):
                raise Error("%s: %s" % (method, reply["error"].strip()))
            return reply["result"]

    def pmd(self):
        """Return the counters of all PMD threads together, which only ever
        grow."""
        counters = {}
        for command, names in PMD_COUNTERS.items():
            text = self.call("dpif-netdev/pmd-" + command)
            of_pmds = "".join(re.findall(r"^pmd thread.*\n(?:[ \n].*\n?)*",
                                         text, re.MULTILINE))
            for key, name in names.items():
                found = re.findall(r"%s:\s+(\d+)" % name, of_pmds)
                counters[key] = sum(int(number) for number in found)
        return counters


PMD_COUNTERS = {
    "stats-show": {
        "rx_packets": "packets received",
        "busy_cycles": "  processing cycles",
    },
    "perf-show": {
        "iterations": "Iterations",
        "cycles": "Used TSC cycles",
        "tx_packets": "Tx packets",
        "tx_batches": "Tx batches",
    },
}


def run(*command):
    """Run a command and return its output."""
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Error("%s: %s" % (" ".join(command), done.stdout.strip()))
    return done.stdout.strip()


def wait_until(condition, what):
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise Error("%s within %d seconds" % (what, TIMEOUT))
        time.sleep(0.05)


class Application:
    """A running ovs-dpdk-peer."""

    def __init__(self, app, port):
        self.app = app
        self.port = port
        command = ["ovs-dpdk-peer", "--interval=0",
                   "--socket=%s/vhost%d" % (os.environ["OVS_RUNDIR"], port),
                   "--id=%d" % port, "--memory=%d" % app.memory,
                   "--cpu=" + os.environ["OVS_DPDK_SANDBOX_APP_CPU"]]
        if os.environ["OVS_DPDK_SANDBOX_HUGE"] == "no":
            command.append("--no-huge")
        command += app.options.split() + app.mode.split()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def wait_for(self, start):
        """Return the rest of the next line that starts with 'start'."""
        last = "no output"
        for line in self.process.stdout:
            if line.startswith(start):
                return line[len(start):]
            last = line.strip()
        raise Error("application on vhost%d: %s" % (self.port, last))

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def ask(self):
        """Ask for what has been sent and received by now."""
        if not self.app.stopped:
            self.process.send_signal(signal.SIGUSR1)

    def answer(self):
        if self.app.stopped:
            return {"tx_packets": 0, "rx_packets": 0}
        words = self.wait_for("peer: counters ").split()
        return {key: float(value)
                for key, value in (word.split("=") for word in words)}

    def stop(self):
        """End the application at once: in good order, it would wait for the
        last packet, which may never come."""
        self.process.kill()
        self.process.stdout.close()
        self.process.wait()


class Load:
    """What other programs use of all CPUs."""

    def __init__(self):
        self.tick = os.sysconf("SC_CLK_TCK")

    def read(self):
        """Return the seconds, of all CPUs together, that others have had."""
        with open("/proc/stat") as f:
            # user nice system idle iowait irq softirq steal
            times = [int(x) for x in f.readline().split()[1:9]]
        busy = sum(times) - times[3] - times[4]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as f:
                    # utime, stime, and those of children that have ended.
                    fields = f.read().rpartition(")")[2].split()
            except OSError:
                continue
            busy -= sum(int(x) for x in fields[11:15])
        return busy / self.tick


class Lab:
    """A workload that is running, on the switch of the sandbox."""

    def __init__(self, chosen):
        self.workload = chosen
        self.load = Load()
        self.applications = []

    def __enter__(self):
        os.sched_setaffinity(0, {int(os.environ["OVS_DPDK_SANDBOX_APP_CPU"])})
        self.set_up()
        try:
            self.start_applications()
        except BaseException:
            self.__exit__()
            raise
        time.sleep(SETTLE)
        return self

    def __exit__(self, *_):
        for application in self.applications:
            application.stop()

    def set_up(self):
        """Prepare the ports, of numbers from 1."""
        self.switch = Switch()
        self.add_bridge()
        n = len(self.workload.apps) + self.workload.idle_ports
        self.add_ports(range(1, n + 1))

    def add_bridge(self):
        command = ["ovs-vsctl", "add-br", "br0",
                   "--", "set", "bridge", "br0", "datapath_type=netdev",
                   "fail-mode=secure"]
        if self.workload.nic:
            command += ["--", "add-port", "br0", "nic0",
                        "--", "set", "interface", "nic0", "type=dpdk",
                        "ofport_request=100",
                        "options:dpdk-devargs=" + self.workload.nic,
                        "options:n_rxq=%d" % self.workload.nic_queues]
        run(*command)
        for flow in self.workload.flows:
            run("ovs-ofctl", "add-flow", "br0", flow)

    def add_ports(self, numbers):
        command = ["ovs-vsctl"]
        for number in numbers:
            port = "vhost%d" % number
            command += ["--", "add-port", "br0", port,
                        "--", "set", "interface", port, "type=dpdkvhostuser",
                        "mtu_request=%d" % self.workload.mtu,
                        "ofport_request=%d" % number]
        run(*command)

    def start_applications(self):
        """Start the applications, the one on port 1 last, which is the one
        that sends."""
        n = len(self.workload.apps)
        idle = workload.App("sink", stopped=True, memory=32)
        apps = list(enumerate(self.workload.apps, 1))
        apps += [(n + 1 + i, idle) for i in range(self.workload.idle_ports)]
        for first in range(1, len(apps), MAX_STARTING):
            self.start_some(apps[first:first + MAX_STARTING])
        self.start_some(apps[:1])

    def start_some(self, apps):
        """Start applications, all at once, and wait for them."""
        started = [Application(app, port) for port, app in apps]
        self.applications += started
        for application in started:
            application.wait_for("peer: ready")
            self.wait_for_link(application.port)
            if application.app.stopped:
                application.pause()

    def wait_for_link(self, port):
        run("ovs-vsctl", "--timeout=%d" % TIMEOUT, "wait-until", "interface",
            "vhost%d" % port, "link_state=up")

    # Data paths

    def ports(self):
        return ["vhost%d" % application.port
                for application in self.applications]

    def set_datapath(self, datapath):
        """Let the library or our own path, "auto", carry the packets."""
        for port in self.ports():
            self.switch.call("netdev-dpdk/vhost-datapath", port, datapath)
        time.sleep(SETTLE)

    def why_library(self):
        """Return why a ring is left to the library, or None if none is."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            # Makes the switch write the status anew.
            for port in self.ports():
                run("ovs-vsctl", "set", "interface", port,
                    "external_ids:time=%.3f" % time.monotonic())
            left = re.findall(
                r'_datapath="?(library[^",}]*)',
                " ".join(run("ovs-vsctl", "get", "interface", port, "status")
                         for port in self.ports()))
            if not left:
                return None
            time.sleep(0.5)
        return left[0]

    # Measuring

    def ask_applications(self):
        """Return the counters of all applications.  Where what one of them
        sends is counted by several, these have to catch up with it first."""
        sender = self.applications[-1]
        catch_up = sender.app.copies > 1
        if catch_up:
            sender.pause()
            time.sleep(CATCH_UP)
        for application in self.applications:
            application.ask()
        if catch_up:
            sender.resume()
        return [application.answer() for application in self.applications]

    def snapshot(self):
        counters = self.switch.pmd()
        counters["begin"] = time.monotonic()
        apps = self.ask_applications()
        counters["app_tx"] = sum(c["tx_packets"] * a.app.copies
                                 for a, c in zip(self.applications, apps))
        counters["app_rx"] = sum(c["rx_packets"] for c in apps)
        counters["apps"] = apps
        counters["end"] = time.monotonic()
        counters["load"] = self.load.read()
        return counters

    def measure(self, seconds):
        """Return a sample: what the workload has cost for that long."""
        measure_kind = {"cost": self.measure_cost, "idle": self.measure_idle,
                        "ping": self.measure_ping}[self.workload.kind]
        before = self.snapshot()
        sample = measure_kind(seconds)
        after = self.snapshot()
        diff = {key: after[key] - before[key]
                for key in after if key != "apps"}
        elapsed = after["begin"] - before["end"]
        if self.workload.kind == "ping":
            sample["p50"] = after["apps"][0]["p50_ns"]
            sample["p99"] = after["apps"][0]["p99_ns"]
        sample["batch"] = diff["tx_packets"] / max(diff["tx_batches"], 1)
        # Where nobody receives, what has been sent.
        sample["mpps"] = ((diff["app_rx"] or diff["app_tx"])
                          / elapsed / 1e6)
        # The kernel rounds the times of processes and CPUs differently.
        sample["load"] = max(diff["load"], 0) / diff["end"]
        sample["drops"] = self.count_drops(diff)
        return sample

    def count_drops(self, diff):
        """Return how many packets did not reach an application, or None if
        that cannot be told.  Some are on their way."""
        if not self.workload.counts_drops:
            return None
        drops = diff["app_tx"] - diff["app_rx"]
        copies = max(a.copies for a in self.workload.apps)
        return int(drops) if drops > self.workload.in_flight * copies else 0

    def measure_slices(self, seconds, cycles, events):
        """Return how much the counter 'cycles' grows for each of 'events', or
        None if there are none.  What is disturbed only gets more expensive, so
        the lower quartile of the slices is closer to the switch's own cost
        than the average."""
        costs = []
        before = self.switch.pmd()
        for _ in range(max(round(seconds / SLICE), 1)):
            time.sleep(SLICE)
            after = self.switch.pmd()
            n = after[events] - before[events]
            if n > 0:
                costs.append((after[cycles] - before[cycles]) / n)
            before = after
        return stats.quantile(costs, 0.25) if costs else None

    def measure_cost(self, seconds):
        cost = self.measure_slices(seconds, "busy_cycles", "rx_packets")
        if cost is None:
            raise Error("no packets arrive at the switch")
        return {"cycles": cost}

    def measure_ping(self, seconds):
        time.sleep(seconds)
        return {}

    def count_queues(self, port):
        """Return how many queues of 'port' are polled."""
        text = self.switch.call("dpif-netdev/pmd-rxq-show")
        return len(re.findall(r"port: %s\s+queue-id:\s+\d+ \(enabled\)"
                              % port, text))

    def measure_idle(self, seconds):
        """All that the PMD thread does in a round without packets is for the
        queues that it looks at, also what the switch counts apart from that,
        such as the time: so that is all cycles from round to round."""
        wait_until(lambda: sum(map(self.count_queues, self.ports()))
                   == N_IDLE_QUEUES, "the ports have not got their queues")
        cost = self.measure_slices(seconds, "cycles", "iterations")
        if cost is None:
            raise Error("the switch polls nothing")
        return {"poll": cost / N_IDLE_QUEUES}
