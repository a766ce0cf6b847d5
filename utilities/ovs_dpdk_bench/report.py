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

"""What has been measured, as table, JSON and plot."""

import json
import platform
import shutil
import subprocess
import time

from ovs_dpdk_bench import lab, stats, workload

HEADER = ("workload", "unit", "base", "ours", "batch", "Mpps", "drops",
          "ratio", "min", "max", "95 % interval", "at most", "pairs")
ROW = ("%-14s %-13s %14s %12s %9s %14s %17s %6s %6s %6s %14s %7s %s")


def rows(results):
    """Return a row, a dictionary, for each metric of each result."""
    table = []
    for result in results:
        chosen = workload.find(result["workload"])
        for metric in chosen.metrics:
            row = {"workload": chosen.name, "unit": workload.UNITS[metric],
                   "names": result["names"], "pairs": len(result["pairs"]),
                   "discarded": len(result["discarded"]),
                   "note": result.get("note"),
                   "most": result.get("most", {}).get(metric)}
            if result["pairs"]:
                base, ours = zip(*result["pairs"])
                row.update(stats.summarize([s[metric] for s in base],
                                           [s[metric] for s in ours]))
                row["exceeded"] = stats.exceeds(row, row["most"])
                for key in "batch", "mpps":
                    row[key] = [stats.median([s[key] for s in samples])
                                for samples in (base, ours)]
                row["drops"] = [None if samples[0]["drops"] is None
                                else sum(s["drops"] for s in samples)
                                for samples in (base, ours)]
            table.append(row)
    return table


def format_row(row):
    pairs = "%d" % row["pairs"]
    if row["discarded"]:
        pairs += " (%d discarded)" % row["discarded"]
    most = "-" if row["most"] is None else "%.2f" % row["most"]
    if not row["pairs"]:
        return ROW % (row["workload"], row["unit"], *row["names"], "-", "-",
                      "-", "-", "-", "-", "-", most, pairs)
    return ROW % (
        row["workload"], row["unit"],
        "%s %.1f" % (row["names"][0], row["base"]),
        "%s %.1f" % (row["names"][1], row["ours"]),
        "%.1f %.1f" % tuple(row["batch"]),
        "%.3f %.3f" % tuple(row["mpps"]),
        "%s %s" % tuple("-" if d is None else d for d in row["drops"]),
        "%.3f" % row["ratio"], "%.3f" % row["min"], "%.3f" % row["max"],
        "%.3f to %.3f" % (row["low"], row["high"]),
        most + " !" * row["exceeded"], pairs)


def print_table(results):
    print((ROW % HEADER).rstrip())
    for row in rows(results):
        print(format_row(row).rstrip())
        if row["note"]:
            print("    %s: %s" % (row["workload"], row["note"]))


def print_list():
    """Print the workloads, and the largest ratio that is good enough against
    Debian's in-tree switch."""
    for one in workload.WORKLOADS:
        most = ", ".join("%.2f" % ratio for ratio in one.most.values())
        print("%-14s %-4s %s" % (one.name, most or "-", one.title))


def complaints(results):
    """Return what is not as it should be: ratios that are too large, and
    workloads that nothing can be said about, sentence by sentence."""
    found = []
    for row in rows(results):
        what = "%s (%s / %s, %s)" % (row["workload"], row["names"][1],
                                     row["names"][0], row["unit"])
        if not row["pairs"]:
            found.append(what + ": every pair was discarded, is the machine "
                                "busy?")
        elif row["exceeded"]:
            found.append("%s: the ratio is %.3f, it must be at most %.2f"
                         % (what, row["ratio"], row["most"]))
    return found


def cpu_model():
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                name, _, value = line.partition(":")
                if name.strip() == "model name":
                    return value.strip()
    except OSError:
        pass
    return platform.machine()


def write_json(name, results, settings):
    """Write the rows, and all samples behind them, to file 'name'."""
    with open(name, "w") as f:
        json.dump({"date": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                         time.gmtime()),
                   "cpu": cpu_model(), "kernel": platform.release(),
                   "settings": settings, "rows": rows(results),
                   "results": results}, f, indent=1)
        f.write("\n")


def check_plot():
    """Complain if there is nothing to plot with."""
    if not shutil.which("gnuplot"):
        raise lab.Error("--plot: needs gnuplot (Debian package gnuplot-nox)")


def gnuplot_script(name, table):
    """Return the commands that plot the rows of 'table' to file 'name': a bar
    up to the ratio, with its interval, and a mark where it has to end."""
    colors = {"peer": 0x4477aa, "library": 0x66ccee, "testpmd": 0xccbb44}
    right = max([1] + [row["high"] for row in table]) * 1.05
    lines = [
        "set terminal svg size 900,%d" % (130 + 26 * len(table)),
        "set output '%s'" % name.replace("'", "''"),
        "set title 'Ratio of costs, with 95 % interval; red: the most that "
        "it may be'",
        "set xrange [0:%g]" % right,
        "set yrange [%g:-0.5]" % (len(table) - 0.5),
        "set grid xtics",
        "set arrow from 1, graph 0 to 1, graph 1 nohead dashtype 2",
        "unset key",
        "set style fill solid 0.5",
        "$data << EOD",
    ]
    for i, row in enumerate(table):
        label = row["workload"]
        if row["unit"] in (workload.UNITS["p50"], workload.UNITS["p99"]):
            label += row["unit"][-4:]
        lines.append('%d %.4f %.4f %.4f %s %d "%s / %s"' % (
            i, row["ratio"], row["low"], row["high"],
            "NaN" if row["most"] is None else "%.4f" % row["most"],
            colors[row["names"][0]], label, row["names"][0]))
    lines += [
        "EOD",
        "plot $data using ($2/2):1:($2/2):(0.35):6:ytic(7) "
        "with boxxyerror linecolor rgb variable, "
        "$data using 2:1:3:4 with xerrorbars pointtype 7 linecolor 'black', "
        "$data using 5:1:(0):(0.35) with vectors nohead linewidth 3 "
        "linecolor 'red', "
        "$data using 5:1:(0):(-0.35) with vectors nohead linewidth 3 "
        "linecolor 'red'",
    ]
    return "\n".join(lines) + "\n"


def plot(name, results):
    table = [row for row in rows(results) if row["pairs"]]
    if not table:
        raise lab.Error("--plot: no pair was kept, there is nothing to plot")
    done = subprocess.run(["gnuplot"], input=gnuplot_script(name, table),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode:
        raise lab.Error("--plot: gnuplot: " + done.stdout.strip())
