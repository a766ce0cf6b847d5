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

"""Compares how soon two switches forward packets after a crash.

Reads the file that recover.py has recorded, prints a table, and fails if some
port of OURS did not recover, or if its median port took longer than that of
OTHER may.

Run by tests/system-recover.at.
"""

import argparse
import json
import statistics
import sys

# How much longer, as a factor and in ms.  Most of the time goes into what both
# have in common, the start of EAL and of the pool, and varies: medians of the
# same switch were between 650 and 1040 ms on a machine that was busy.  Who
# waits for a timer of librte_vhost that the other one does not wait for is a
# second behind.
FACTOR = 1.25
SLACK = 500


def median(row):
    """Returns the median of the times in 'row', or None if there are none."""
    return statistics.median(row["times"]) if row["times"] else None


def print_table(rows):
    """Prints 'rows'."""
    line = "{:<7} {:<7} {:<8} {:>7} {:>7} {:>7}   {}"
    print("From the signal to the first packet of a port, in ms:")
    print(line.format("Signal", "Role", "Switch", "first", "median", "last",
                      "ports"))
    for row in rows:
        times = row["times"]
        values = ([times[0], round(median(row)), times[-1]] if times
                  else ["-"] * 3)
        print(line.format(row["signal"], row["role"], row["switch"], *values,
                          f"{len(times)} of {row['ports']}"))


def judge(ours, other):
    """Returns what is wrong with the row 'ours', beside 'other'."""
    what = f"SIG{ours['signal']}, {ours['role']} ports: "
    if len(ours["times"]) < ours["ports"]:
        return [f"{what}only {len(ours['times'])} of {ours['ports']} forward"]
    if median(other) is None:
        return []
    limit = median(other) * FACTOR + SLACK
    if median(ours) <= limit:
        return []
    return [f"{what}median {median(ours):.0f} ms, at most {limit:.0f}"]


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record")
    parser.add_argument("ours", metavar="OURS")
    parser.add_argument("other", metavar="OTHER")
    args = parser.parse_args()

    with open(args.record, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    rows.sort(key=lambda row: (row["signal"], row["role"], row["switch"]))
    print_table(rows)

    others = {(row["signal"], row["role"]): row for row in rows
              if row["switch"] == args.other}
    ours = [row for row in rows if row["switch"] == args.ours]
    wrong = [line for row in ours
             for line in judge(row, others[row["signal"], row["role"]])]
    if not ours or len(ours) != len(others):
        wrong.append("not both switches were measured")
    for line in wrong:
        print(f"recover-table: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
