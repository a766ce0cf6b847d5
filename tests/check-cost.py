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

"""Counts the instructions that a packet costs, and compares them with those
that are kept in a file.  Called by 'make check-cost'.  Calls valgrind, to run
tests/cost-dpdk-vring.

Unlike cycles, instructions are the same in each run and on each machine, if
the compiler is the same: with another one, everything is skipped.  The results
are listed in the form of Autotest, for quickstart to count them."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = "check-cost"

# A figure may grow by so much, in percent.
MAX_GROWTH = 2


class Error(Exception):
    """Something that the user has to know; the text says what."""


def read_totals(name):
    """Return the numbers of instructions in file 'name' of callgrind, of each
    of its parts."""
    with open(name) as f:
        return [int(line.split()[1]) for line in f
                if line.startswith("totals:")]


def count(program):
    """Run 'program' and return the instructions for a packet, by name."""
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "callgrind.out")
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out,
             "--combine-dumps=yes", "--toggle-collect=cost_rx",
             "--toggle-collect=cost_tx", "--toggle-collect=cost_idle",
             "--dump-after=cost_done", program],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Error("valgrind: exit status %d: %s"
                        % (done.returncode, done.stderr.strip()))
        totals = read_totals(out)

    # The last part is what came after the last count.
    lines = done.stdout.splitlines()
    if len(totals) != len(lines) + 1:
        raise Error("%d counts, but %d parts in the output of valgrind"
                    % (len(lines), len(totals)))
    costs = {}
    short = {}
    for line, total in zip(lines, totals):
        name, _, n = line.rpartition("=")
        if name in short:
            n_short, total_short = short[name]
            costs[name] = (total - total_short) / (int(n) - n_short)
        else:
            short[name] = int(n), total
    return costs


def read_figures(name):
    """Return the compiler and the costs that are kept in file 'name'."""
    compiler = None
    costs = {}
    with open(name) as f:
        for line in f:
            if line.startswith("# Compiler: "):
                compiler = line.partition(": ")[2].strip()
            elif line.strip() and not line.startswith("#"):
                key, _, cost = line.rpartition(":")
                costs[key.strip()] = float(cost)
    return compiler, costs


def write_figures(name, compiler, costs):
    """Replace the compiler and the costs in file 'name', and keep the
    comments."""
    with open(name) as f:
        comments = [line for line in f if line.startswith("#")
                    and not line.startswith("# Compiler: ")]
    with open(name, "w") as f:
        f.writelines(comments)
        f.write("# Compiler: %s\n" % compiler)
        for key, cost in costs.items():
            f.write("%s: %.1f\n" % (key, cost))


def compiler_of(cc, cflags):
    """Return a name of compiler and flags that instructions depend on."""
    known = []
    for option in "-dumpfullversion", "-dumpmachine":
        try:
            done = subprocess.run(cc.split() + [option], text=True,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        except OSError:
            return "not gcc"
        if done.returncode:
            return "not gcc"
        known.append(done.stdout.strip())
    return "gcc %s, %s, %s" % (*known, " ".join(sorted(
        flag for flag in cflags.split()
        if not re.match(r"-(g|W|fdiagnostics|f(file|debug)-prefix-map)",
                        flag))))


def compare(costs, kept):
    """Return what became of each figure: its name, a text and a result."""
    results = []
    for key in dict.fromkeys(list(kept) + list(costs)):
        if key not in costs:
            results.append((key, "is not counted any more", "FAILED"))
            continue
        text = "%.1f instructions" % costs[key]
        if key not in kept:
            results.append((key, text + ", nothing is kept to compare with",
                            "FAILED"))
            continue
        growth = 100 * (costs[key] / kept[key] - 1)
        text += ", %+.1f %% from %.1f" % (growth, kept[key])
        if growth < -MAX_GROWTH:
            text += ", keep that with UPDATE=1"
        results.append((key, text,
                        "FAILED" if growth > MAX_GROWTH else "ok"))
    return results


def report(name, results):
    """Print the results, and write them to file 'name'."""
    with open(name, "w") as f:
        for i, (key, text, result) in enumerate(results, 1):
            print("%-36s %s: %s" % (key, text, result))
            f.write("%d. %s (%s): %s\n" % (i, key, text, result))


def check(args):
    if args.reason:
        skip = args.reason
    elif not shutil.which("valgrind"):
        skip = "valgrind is not installed"
    else:
        skip = None
    compiler = compiler_of(args.cc, args.cflags)
    kept_compiler, kept = read_figures(args.figures)
    if not skip and not args.update and compiler != kept_compiler:
        skip = ("the figures are those of '%s', this compiler is '%s'"
                % (kept_compiler, compiler))
    if skip:
        report(args.log, [(key, skip, "skipped") for key in kept])
        print("%s: SKIPPED: %s" % (PROGRAM, skip))
        return 0

    costs = count(args.program)
    if args.update:
        write_figures(args.figures, compiler, costs)
        kept = read_figures(args.figures)[1]
    results = compare(costs, kept)
    report(args.log, results)
    failed = [key for key, _, result in results if result == "FAILED"]
    if failed:
        print("%s: FAILED: a packet costs more than %d %% more than before:\n"
              "  %s\nIf that is worth it, run 'make check-cost UPDATE=1'."
              % (PROGRAM, MAX_GROWTH, "\n  ".join(failed)))
    else:
        print("%s: ok" % PROGRAM)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(
        prog=PROGRAM + ".py", allow_abbrev=False,
        description="Compare what packets cost with what they did.")
    add = parser.add_argument
    add("program", help="tests/cost-dpdk-vring")
    add("figures", help="file with the costs to compare with")
    add("log", help="file for the results")
    add("--cc", default="cc", help="the compiler")
    add("--cflags", default="", help="its flags")
    add("--reason", help="skip everything, for that reason")
    add("--update", action="store_true",
        help="write the costs to the file of figures")
    return check(parser.parse_args())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Error, OSError) as error:
        sys.exit("%s: %s" % (PROGRAM, error))
