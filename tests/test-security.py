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

"""Checks that SECURITY.md names tests that there are, and that are run.

Each row of the table of published flaws has to name a case of tests/hostile/,
or several by a pattern, and to say what became of the flaw.  A case for both
kinds of rings goes by its name without "-split" and "-packed".  Called by
tests/unit.at.
"""

import fnmatch
import glob
import os
import re
import subprocess
import sys

tests = os.path.dirname(os.path.realpath(__file__))

TABLE = "## Published flaws of vhost"
OUTCOME = re.compile("(Fixed|Refused|Not offered|Unreachable)[ :,]")


def list_cases():
    """Returns the groups of all cases, by name."""
    text = subprocess.run(
        [sys.executable, os.path.join(tests, "hostile", "hostile.py"),
         "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: group for group, name
            in re.findall(r"^ *\d+ (\w+) +([\w-]+)", text, re.MULTILINE)}


def groups_run():
    """Returns the groups that the system tests run."""
    groups = set()
    for path in glob.glob(os.path.join(tests, "system-*.at")):
        with open(path, encoding="utf-8") as at:
            for found in re.findall(r"\[(\w+(?:,\w+)*)\], \d+, \d+",
                                    at.read()):
                groups.update(found.split(","))
    return groups


def rows():
    """Returns the rows of the table, lists of cells."""
    path = os.path.join(tests, "..", "SECURITY.md")
    with open(path, encoding="utf-8") as security:
        section = security.read().partition(TABLE)[2].partition("\n## ")[0]
    found = [line.strip("| ").split(" | ") for line in section.splitlines()
             if line.startswith("| ")]
    return found[1:]


def check_name(name, cases):
    """Returns what is wrong with 'name', a pattern, or None."""
    if fnmatch.filter(cases, name):
        return None
    split, packed = (fnmatch.filter(cases, f"{name}-{kind}")
                     for kind in ("split", "packed"))
    if not split and not packed:
        return f"there is no case {name}"
    if not split or not packed:
        return f"{name} is for one kind of rings, name it as it is"
    return None


def check_row(row, cases):
    """Returns what is wrong with 'row'."""
    if len(row) != 3:
        return ["it has not three cells"]
    names = re.findall("`([^`]*)`", row[2])
    wrong = [check_name(name, cases) for name in names]
    if not names:
        wrong.append("it names no case")
    if not OUTCOME.match(row[2]):
        wrong.append("it does not say what became of it")
    return [why for why in wrong if why]


def main():
    """Prints what is wrong."""
    cases = list_cases()
    table = rows()
    wrong = [f"{row[0]}: {why}" for row in table
             for why in check_row(row, cases)]
    wrong += [f"case {name} is in group {group}, which nobody runs"
              for name, group in cases.items() if group not in groups_run()]
    if not table:
        wrong.append("there is no table")
    for why in wrong:
        print(why)
    print(f"{len(table)} rows, {len(cases)} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
