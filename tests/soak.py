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

"""Does what people do to ports, at random and without a pause.

Has some ports of each type on bridge br0, with applications that send and
receive, and some of these actions at once, again and again: adds, deletes and
renames ports, restarts their applications, changes MTU, queues, policing, QoS
and more, adds and removes a thread that polls, reads what can be read, and has
cases of tests/hostile done to a port that is there for nothing else.  The seed
decides which: what to do never depends on how fast or how well it goes.

An error of a port, a command that fails, a port that does not come up for its
application and a switch that is another process end it at once.  In the end,
all of its ports are deleted.

Run by tests/system-soak.at in ovs-dpdk-sandbox, beside two ports that have
nothing to do with it and that must not notice.
"""

import argparse
import concurrent.futures
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.abspath(__file__))
RUN = os.environ["OVS_RUNDIR"]
sys.path.insert(0, os.path.join(TESTS, "hostile"))

import hostile  # noqa: E402

# Seconds that anything may take.  With ThreadSanitizer, a pool that is freed
# costs four times its memory.
PATIENCE = 300 if "thread" in os.environ.get("SANITIZERS", "") else 60


class Failed(Exception):
    """Something is not as it has to be."""


def command(*args, timeout=PATIENCE):
    """Returns what the command 'args' prints."""
    done = subprocess.run(args, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          timeout=timeout, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(args)}: exit status {done.returncode}: "
                     f"{done.stdout.strip()}")
    return done.stdout.strip()


def appctl(*args):
    """Returns the answer of the switch to 'args'."""
    return command("ovs-appctl", *args)


def vsctl(commands):
    """Makes all 'commands' one transaction of ovs-vsctl."""
    args = []
    for words in commands:
        args += ["--", *words]
    if args:
        command("ovs-vsctl", *args)


def wait_until(condition, what):
    """Waits until 'condition'() is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"not within {PATIENCE} seconds: {what}")
        time.sleep(0.05)


class Application:
    """The application at the other end of a port of a vhost type."""

    MODES = (("loop", "1000"), ("sink",), ("send", "10000000"))

    def __init__(self, port, rng):
        self.args = ["--timeout=300", "--interval=0", f"--id={port.ofport}",
                     f"--rate={rng.choice((100, 1000, 5000))}",
                     f"--queues={rng.choice((1, 1, 2))}",
                     f"--mtu={rng.choice((1500, 1500, 4000))}",
                     f"--size={rng.choice(('64', 'imix', '64-1514'))}"]
        if rng.random() < 0.5:
            self.args.append("--packed")
        if port.kind == "client":
            self.args.append("--server")
        if os.environ.get("OVS_DPDK_SANDBOX_HUGE") == "no":
            self.args.append("--no-huge")
        self.mode = rng.choice(self.MODES)
        self.process = None

    def start(self, port):
        """Starts it at the socket of 'port'."""
        with open(f"{port.label}.out", "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                ["ovs-dpdk-peer", f"--socket={port.socket()}", *self.args,
                 *self.mode], stdout=out, stderr=subprocess.STDOUT)

    def give_way(self):
        """Leaves the CPU to others, once it has started."""
        if self.is_running():
            os.setpriority(os.PRIO_PROCESS, self.process.pid, 19)

    def is_running(self):
        """Returns whether it runs."""
        return self.process is not None and self.process.poll() is None

    def end(self, signal_):
        """Ends it by 'signal_'."""
        if self.is_running():
            self.process.send_signal(signal_)
            try:
                # It goes on as long as packets come.
                self.process.wait(1)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


class Port:
    """A port that things happen to."""

    def __init__(self, label, kind, ofport):
        self.label = label
        self.kind = kind
        self.ofport = ofport
        self.exists = False
        self.renamed = False
        self.moved = False
        self.application = None

    def is_vhost(self):
        """Returns whether it is of a vhost type."""
        return self.kind in ("server", "client")

    def name(self):
        """Returns its present name."""
        return f"{self.label}{'x' if self.renamed else ''}"

    def socket(self):
        """Returns the present name of its socket."""
        if self.kind == "server":
            return f"{RUN}/{self.name()}"
        return f"{RUN}/{self.label}.{'moved' if self.moved else 'socket'}"

    def add(self):
        """Returns the ovs-vsctl commands that add it."""
        self.exists = True
        options = {
            "server": ["type=dpdkvhostuser"],
            "client": ["type=dpdkvhostuserclient",
                       f"options:vhost-server-path={self.socket()}"],
            "null": ["type=dpdk",
                     f"options:dpdk-devargs=net_null{self.label}"],
            "quiet": ["type=dpdk",
                      f"options:dpdk-devargs=net_null{self.label},no-rx=1"],
        }[self.kind]
        return [["add-port", "br0", self.name()],
                ["set", "interface", self.name(), *options,
                 f"ofport_request={self.ofport}"]]

    def delete(self):
        """Returns the ovs-vsctl commands that delete it."""
        self.exists = False
        return [["del-port", self.name()]]

    def set(self, *values):
        """Returns the ovs-vsctl command that sets 'values'."""
        return [["set", "interface", self.name(), *values]]


class Plan:
    """What a step does: ovs-vsctl commands, and others at the same time."""

    def __init__(self):
        self.transaction = []
        self.others = []        # Functions.
        self.restarts = []      # Ports whose application has to start anew.
        self.names = []


class Actions:
    """The actions: each adds to a plan what it does to a port."""

    def __init__(self, rng):
        self.rng = rng

    def add_or_delete(self, plan, port):
        """Adds or deletes the port."""
        plan.transaction += port.delete() if port.exists else port.add()
        plan.restarts.append(port)

    def replace(self, plan, port):
        """Deletes and adds the port at once."""
        plan.transaction += port.delete() + port.add()
        plan.restarts.append(port)

    def rename(self, plan, port):
        """Gives device or socket to a port with another name."""
        plan.transaction += port.delete()
        port.renamed = not port.renamed
        plan.transaction += port.add()
        plan.restarts.append(port)

    def mtu(self, plan, port):
        """Changes the MTU."""
        mtu = self.rng.choice((576, 1400, 1500, 1501, 2000, 4000, 9000))
        plan.transaction += port.set(f"mtu_request={mtu}")

    def queues(self, plan, port):
        """Changes numbers and sizes of queues."""
        plan.transaction += port.set(
            f"options:n_rxq={self.rng.randint(1, 4)}",
            f"options:n_rxq_desc={1 << self.rng.randint(6, 12)}",
            f"options:n_txq_desc={1 << self.rng.randint(6, 12)}")

    def affinity(self, plan, port):
        """Pins queues, or not."""
        if self.rng.random() < 0.5:
            plan.transaction += [["remove", "interface", port.name(),
                                  "other_config", "pmd-rxq-affinity"]]
        else:
            core = os.environ["OVS_DPDK_SANDBOX_PMD_CPU"]
            plan.transaction += port.set(
                f'other_config:pmd-rxq-affinity="0:{core},1:{core}"')

    def policing(self, plan, port):
        """Sets or clears ingress policing."""
        plan.transaction += port.set(
            f"ingress_policing_rate={self.rng.choice((0, 1, 1000, 100000))}",
            f"ingress_policing_burst={self.rng.choice((0, 400, 10000))}")

    def qos(self, plan, port):
        """Sets or clears QoS."""
        type_ = self.rng.choice((None, "egress-policer", "trtcm-policer"))
        if not type_:
            plan.transaction.append(["clear", "port", port.name(), "qos"])
            return
        rate = self.rng.choice((10000, 1000000, 100000000))
        keys = [f"other_config:cir={rate}", "other_config:cbs=4096"]
        queue = []
        if type_ == "trtcm-policer":
            keys += [f"other_config:eir={rate}", "other_config:ebs=4096"]
            queue = [f"queues:0=@queue{port.ofport}"]
            plan.transaction.append(
                [f"--id=@queue{port.ofport}", "create", "queue", *keys])
        plan.transaction += [
            ["set", "port", port.name(), f"qos=@qos{port.ofport}"],
            [f"--id=@qos{port.ofport}", "create", "qos", f"type={type_}",
             *keys, *queue]]

    def datapath(self, plan, port):
        """Has the library carry the packets, or not."""
        value = self.rng.choice(("auto", "library"))
        plan.transaction += port.set(f"options:vhost-datapath={value}")

    def datapath_now(self, plan, port):
        """The same, by a command."""
        name = port.name()
        values = [self.rng.choice(("auto", "library")) for _ in range(4)]
        for value in values:
            plan.others.append(lambda value=value: appctl(
                "netdev-dpdk/vhost-datapath", name, value))

    def retries(self, plan, port):
        """Changes other options of vhost ports."""
        if port.kind == "client":
            plan.transaction += port.set(
                f"options:tx-retries-max={self.rng.randint(0, 32)}")
        else:
            mode = self.rng.choice(("0600", "0660", "0666"))
            plan.transaction += port.set(f"options:vhost-socket-mode={mode}")

    def move(self, plan, port):
        """Changes the path of a client port."""
        port.moved = not port.moved
        plan.transaction += port.set(
            f"options:vhost-server-path={port.socket()}")
        plan.restarts.append(port)

    def admin(self, plan, port):
        """Turns the port off and on."""
        name = port.name()

        def flip():
            for state in ("down", "up"):
                appctl("netdev-dpdk/set-admin-state", name, state)
        plan.others.append(flip)

    def restart(self, plan, port):
        """Ends the application, and starts another one."""
        plan.restarts.append(port)


# Actions, how often each one is taken, and for which ports.
ANY = ("server", "client", "null", "quiet")
VHOST = ("server", "client")
CHOICES = (
    ("add_or_delete", 4, ANY),
    ("replace", 2, ANY),
    ("rename", 2, ANY),
    ("mtu", 4, ANY),
    ("queues", 4, ("null", "quiet")),
    ("affinity", 2, ANY),
    ("policing", 3, ANY),
    ("qos", 4, ANY),
    ("datapath", 2, VHOST),
    ("datapath_now", 2, VHOST),
    ("retries", 1, VHOST),
    ("move", 1, ("client",)),
    ("admin", 2, ANY),
    ("restart", 6, VHOST))


# Actions that are for no port, and how likely each one is in a step.
GLOBAL = (("hostile", 0.05), ("read", 0.2), ("threads", 0.04),
          ("memory", 0.04))


def packets_of_flows():
    """Returns how many packets came from each OpenFlow port."""
    appctl("revalidator/wait")
    flows = command("ovs-ofctl", "--no-names", "dump-flows", "br0")
    return {int(port): int(n) for n, port in re.findall(
        r"n_packets=(\d+), .*in_port=(\d+) actions", flows)}


class Soak:
    """The ports, and what happens to them."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.actions = Actions(self.rng)
        self.ports = [Port("s0", "server", 10), Port("s1", "server", 11),
                      Port("s2", "server", 12), Port("c0", "client", 13),
                      Port("c1", "client", 14), Port("c2", "client", 15),
                      Port("e0", "null", 16), Port("e1", "quiet", 17)]
        self.count = {}
        self.config = {"pmd-cpu-mask": self.mask("PMD"),
                       "per-port-memory": "false"}
        self.pid = self.switch_pid()
        self.pools = self.count_pools()
        self.pool = concurrent.futures.ThreadPoolExecutor(8)
        self.cases = [name for name, case in hostile.CASES.items()
                      if case.group in ("message", "ring", "memory")]

    @staticmethod
    def mask(*whose):
        """Returns the mask of the CPUs of PMD threads (PMD), others (APP)."""
        cpus = {int(os.environ[f"OVS_DPDK_SANDBOX_{who}_CPU"])
                for who in whose}
        return f"0x{sum(1 << cpu for cpu in cpus):x}"

    @staticmethod
    def switch_pid():
        """Returns the process of the switch."""
        with open(os.environ["OVS_DPDK_SANDBOX_PIDFILE"],
                  encoding="ascii") as pidfile:
            return int(pidfile.read())

    def check_alive(self):
        """Fails unless the switch is the process that it was."""
        hostile.Switch(self.pid, "br0", None).check_alive()
        if self.switch_pid() != self.pid:
            raise Failed("the switch is another process")

    # Traffic.

    def start(self):
        """Adds all ports, and has each one send to others."""
        for port in self.ports:
            # Others are those behind it, with the first behind the last.
            i = self.ports.index(port)
            others = (self.ports[i + 1:] + self.ports[:i])[:3:2]
            outputs = ",".join(f"output:{other.ofport}" for other in others)
            command("ovs-ofctl", "add-flow", "br0",
                    f"in_port={port.ofport},actions={outputs}")
        plan = Plan()
        for port in self.ports:
            self.actions.add_or_delete(plan, port)
        self.carry_out(plan)

    def tend(self, restarts):
        """Starts applications, those in 'restarts' anew."""
        for port in self.ports:
            if not port.is_vhost():
                continue
            if port.exists and port in restarts:
                port.application = Application(port, self.rng)
            if (port.exists and port.application
                    and not port.application.is_running()):
                port.application.start(port)

    def is_served(self, port):
        """Returns whether the port has its application."""
        if not port.application.is_running():
            port.application.start(port)
        return command("ovs-vsctl", "get", "interface", port.name(),
                       "link_state") == "up"

    def wait_served(self):
        """Waits until each port has its application."""
        for port in self.ports:
            if port.exists and port.is_vhost():
                wait_until(lambda port=port: self.is_served(port),
                           f"{port.name()} is not up")
                port.application.give_way()

    def check_packets(self):
        """Fails if there was no traffic for the actions to be under."""
        packets = packets_of_flows()
        print("packets: " + ", ".join(
            f"{port.label} {packets[port.ofport]}" for port in self.ports))
        for kinds in (("null",), ("server",), ("client",)):
            if not any(packets[port.ofport] for port in self.ports
                       if port.kind in kinds):
                raise Failed(f"no packet from any port of type {kinds[0]}")

    # Steps.

    def carry_out(self, plan):
        """Does what 'plan' says."""
        for port in plan.restarts:
            if port.application:
                port.application.end(self.rng.choice((signal.SIGKILL,
                                                      signal.SIGTERM)))
        futures = [self.pool.submit(function) for function in plan.others]
        vsctl(plan.transaction)
        for future in futures:
            future.result()
        self.tend(plan.restarts)

    def choose(self, port):
        """Returns an action for 'port'."""
        choices = [(name, weight) for name, weight, kinds in CHOICES
                   if port.kind in kinds]
        if not port.exists:
            return "add_or_delete"
        names, weights = zip(*choices)
        return self.rng.choices(names, weights)[0]

    def configure(self, plan, key, value):
        """Sets 'key' of the switch to 'value'."""
        self.config[key] = value
        plan.transaction.append(["set", "Open_vSwitch", ".",
                                 f"other_config:{key}={value}"])

    def threads(self, plan):
        """Adds or removes a PMD thread, that of the innocent pair stays."""
        more = self.mask("PMD", "APP")
        one = self.mask("PMD")
        self.configure(plan, "pmd-cpu-mask",
                       one if self.config["pmd-cpu-mask"] == more else more)

    def memory(self, plan):
        """Gives new ports memory of their own, or not."""
        self.configure(plan, "per-port-memory",
                       self.rng.choice(("true", "false")))

    @staticmethod
    def read(plan):
        """Reads all that can be read."""
        for args in (("netdev-dpdk/vhost-show",),
                     ("netdev-dpdk/vhost-show", "--json"),
                     ("netdev-dpdk/get-mempool-info",),
                     ("dpif-netdev/pmd-rxq-show",),
                     ("dpif-netdev/pmd-stats-show",),
                     ("dpctl/show", "-s", "netdev@ovs-netdev"),
                     ("dpdk/get-malloc-stats",)):
            plan.others.append(lambda args=args: appctl(*args))
        plan.others.append(lambda: command(
            "ovs-ofctl", "-O", "OpenFlow15", "dump-ports", "br0"))
        plan.others.append(lambda: command("ovs-vsctl", "list", "interface"))

    def hostile(self, _):
        """Has hostile cases done to a port of its own."""
        role = self.rng.choice(("server", "client"))
        cases = self.rng.sample(self.cases, 3)
        self.wait_served()
        victim = Port("h0", role, 20)
        other = Port("h1", "server", 21)
        vsctl(victim.add() + other.add())
        try:
            print(command(
                sys.executable, os.path.join(TESTS, "hostile", "hostile.py"),
                f"--pid={self.pid}", f"--port={victim.name()}",
                f"--socket={victim.socket()}", f"--role={role}",
                f"--other={other.socket()}", "--busy",
                "--max-growth=1000000", *cases,
                timeout=2 * PATIENCE), flush=True)
        finally:
            vsctl(victim.delete() + other.delete())

    def make_plan(self):
        """Returns what to do next."""
        plan = Plan()
        for name, probability in GLOBAL:
            if self.rng.random() < probability:
                plan.names.append(name)
                self.note(name)
                getattr(self, name)(plan)
        for port in self.rng.sample(self.ports, self.rng.choice((1, 1, 2, 3))):
            name = self.choose(port)
            plan.names.append(f"{name} {port.name()}")
            self.note(name)
            getattr(self.actions, name)(plan, port)
        return plan

    def step(self, number):
        """Does some of the actions at once."""
        start = time.monotonic()
        plan = self.make_plan()
        print(f"step {number}: {', '.join(plan.names)}", flush=True)
        self.carry_out(plan)
        errors = command("ovs-vsctl", "--bare", "--columns=name,error",
                         "find", "interface", "error!=[]")
        if errors:
            raise Failed(f"errors: {errors}")
        self.check_alive()
        if number % 10 == 9:
            self.wait_served()
        print(f"step {number}: {time.monotonic() - start:.2f} s", flush=True)

    def note(self, name):
        """Counts an action."""
        self.count[name] = self.count.get(name, 0) + 1

    def stop(self):
        """Ends all applications and deletes all ports."""
        for port in self.ports:
            if port.application:
                port.application.end(signal.SIGTERM)
        plan = Plan()
        for port in self.ports:
            if port.exists:
                plan.transaction += port.delete()
            command("ovs-ofctl", "del-flows", "br0", f"in_port={port.ofport}")
        self.configure(plan, "pmd-cpu-mask", self.mask("PMD"))
        self.configure(plan, "per-port-memory", "false")
        vsctl(plan.transaction)
        vsctl([["--all", "destroy", table] for table in ("qos", "queue")])
        for port in self.ports:
            if port.kind == "client":
                for port.moved in (False, True):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(port.socket())
        wait_until(self.has_only_old_pools, "the pools are not freed")

    @staticmethod
    def count_pools():
        """Returns how many pools of packets there are."""
        return appctl("netdev-dpdk/get-mempool-info").count("mempool <")

    def has_only_old_pools(self):
        """Returns whether the pools of the ports are gone.

        A pool waits for its packets, and for somebody who wants another one.
        """
        vsctl(self.ports[-1].add())
        vsctl(self.ports[-1].delete())
        return self.count_pools() <= self.pools


def innocent_packets():
    """Returns how many packets the innocent pair has received."""
    show = appctl("dpctl/show", "-s", "netdev@ovs-netdev")
    return sum(int(n) for n in re.findall(
        r"port \d+: v[01] .*?RX packets:(\d+)", show, re.DOTALL))


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time", type=float, default=20, metavar="S",
                        help="how long")
    parser.add_argument("--seed", default="1", help="decides what to do")
    parser.add_argument("--progress", metavar="FILE",
                        help="append a line each 30 seconds to FILE, too")
    args = parser.parse_args()

    os.environ["OVS_CTL_TIMEOUT"] = str(PATIENCE)
    with contextlib.ExitStack() as stack:
        outputs = [sys.stdout]
        if args.progress:
            outputs.append(stack.enter_context(
                open(args.progress, "a", encoding="utf-8")))

        def say(*words):
            for output in outputs:
                print("soak:", *words, file=output, flush=True)

        begin = time.monotonic()
        said = begin
        say(f"seed {args.seed}, {args.time:g} seconds")
        soak = Soak(args.seed)
        n = 0
        try:
            soak.start()
            while time.monotonic() - begin < args.time:
                soak.step(n)
                n += 1
                now = time.monotonic()
                if now - said >= 30:
                    said = now
                    say(f"{now - begin:.0f} s, {n} steps, "
                        f"{sum(soak.count.values())} actions, "
                        f"{innocent_packets()} packets of the others")
            soak.wait_served()
            soak.check_packets()
            soak.stop()
        except (Failed, subprocess.TimeoutExpired) as e:
            say(f"FAILED in step {n}: {e}")
            return 1
        say(f"{n} steps: " + ", ".join(
            f"{name} {count}" for name, count in sorted(soak.count.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
