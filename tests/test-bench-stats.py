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

"""Unit tests of what ovs-dpdk-bench makes of its measurements.  Called by
'make check'."""

import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../utilities"))

from ovs_dpdk_bench import report, stats, workload  # noqa: E402


def sample(cycles=100.0, load=0.0, batch=32.0):
    return {"cycles": cycles, "p50": cycles, "p99": cycles, "load": load,
            "batch": batch, "mpps": 1.0, "drops": 0}


def result(ratios, name="v2v-64", **more):
    """Return a result with a pair for each of 'ratios'."""
    return dict({"workload": name, "names": ["peer", "ours"],
                 "pairs": [[sample(100), sample(100 * r)] for r in ratios],
                 "discarded": []}, **more)


class Quantiles(unittest.TestCase):
    def test_median(self):
        self.assertEqual(stats.median([3]), 3)
        self.assertEqual(stats.median([3, 1, 2]), 2)
        self.assertEqual(stats.median([4, 1, 3, 2]), 2.5)

    def test_quartile(self):
        self.assertEqual(stats.quantile([5, 4, 3, 2, 1], 0.25), 2)
        self.assertEqual(stats.quantile([1, 2], 0.25), 1.25)
        self.assertEqual(stats.quantile([1, 2, 3], 0), 1)
        self.assertEqual(stats.quantile([1, 2, 3], 1), 3)

    def test_disturbances_do_not_count(self):
        quiet = [100] * 12
        for i in range(len(quiet) // 2):
            quiet[i] = 1000
        self.assertEqual(stats.quantile(quiet, 0.25), 100)


class Bootstrap(unittest.TestCase):
    def test_no_spread(self):
        self.assertEqual(stats.bootstrap_interval([0.5] * 10), (0.5, 0.5))
        self.assertEqual(stats.bootstrap_interval([0.5]), (0.5, 0.5))

    def test_repeats(self):
        values = [0.5, 0.6, 0.7, 0.55, 0.65]
        self.assertEqual(stats.bootstrap_interval(values),
                         stats.bootstrap_interval(list(values)))

    def test_order(self):
        values = [0.5, 0.6, 0.7, 0.55, 0.65, 0.8, 0.52, 0.61, 0.59, 0.64]
        low, high = stats.bootstrap_interval(values)
        self.assertLessEqual(min(values), low)
        self.assertLess(low, stats.median(values))
        self.assertLess(stats.median(values), high)
        self.assertLessEqual(high, max(values))

    def test_covers_the_median(self):
        generator = random.Random(1)
        n_covered = 0
        for _ in range(100):
            low, high = stats.bootstrap_interval(
                [generator.gauss(1, 0.1) for _ in range(20)])
            n_covered += low <= 1 <= high
        self.assertGreaterEqual(n_covered, 88)
        self.assertLess(n_covered, 100)

    def test_more_pairs_are_closer(self):
        generator = random.Random(1)
        values = [generator.gauss(1, 0.1) for _ in range(100)]
        few = stats.bootstrap_interval(values[:10])
        many = stats.bootstrap_interval(values)
        self.assertLess(many[1] - many[0], few[1] - few[0])


class Summary(unittest.TestCase):
    def test_pair_by_pair(self):
        # The machine became twice as slow for the last pair.
        summary = stats.summarize([100, 100, 200], [50, 60, 110])
        self.assertEqual(summary["ratio"], 0.55)
        self.assertEqual(summary["min"], 0.5)
        self.assertEqual(summary["max"], 0.6)
        self.assertEqual(summary["base"], 100)
        self.assertEqual(summary["ours"], 60)
        self.assertLessEqual(0.5, summary["low"])
        self.assertLessEqual(summary["high"], 0.6)

    def test_exceeds(self):
        self.assertTrue(stats.exceeds({"ratio": 0.66}, 0.65))
        self.assertFalse(stats.exceeds({"ratio": 0.65}, 0.65))
        self.assertFalse(stats.exceeds({"ratio": 9}, None))


class Discard(unittest.TestCase):
    def why(self, a, b):
        return stats.why_discard(a, b, 0.3, 5)

    def test_keep(self):
        self.assertIsNone(self.why(sample(), sample(50)))
        self.assertIsNone(self.why(sample(load=0.3), sample(load=0.1)))
        self.assertIsNone(self.why(sample(batch=30), sample(batch=31.5)))
        self.assertIsNone(self.why(sample(batch=0), sample(batch=0)))

    def test_load(self):
        for a, b in (0.31, 0), (0, 0.31), (1, 1):
            self.assertIn("other programs",
                          self.why(sample(load=a), sample(load=b)))

    def test_batch(self):
        for a, b in (30, 31.6), (31.6, 30), (0, 1):
            self.assertIn("per batch",
                          self.why(sample(batch=a), sample(batch=b)))

    def test_batch_may_shrink(self):
        small, large = sample(batch=20), sample(batch=32)
        self.assertIsNone(stats.why_discard(large, small, 0.3, 5, True))
        self.assertIn("per batch",
                      stats.why_discard(small, large, 0.3, 5, True))
        self.assertIn("other programs",
                      stats.why_discard(large, sample(batch=20, load=1),
                                        0.3, 5, True))


class Report(unittest.TestCase):
    def test_rows(self):
        row, = report.rows([result([0.5, 0.6, 0.7],
                                   discarded=[{"why": "x"}],
                                   most={"cycles": 0.65})])
        self.assertAlmostEqual(row["ratio"], 0.6)
        self.assertEqual(row["pairs"], 3)
        self.assertEqual(row["discarded"], 1)
        self.assertEqual(row["most"], 0.65)
        self.assertFalse(row["exceeded"])
        self.assertEqual(row["batch"], [32, 32])
        self.assertEqual(row["mpps"], [1, 1])
        self.assertEqual(row["drops"], [0, 0])
        self.assertIn("0.600", report.format_row(row))

    def test_complaints(self):
        most = {"cycles": 0.65}
        self.assertEqual(report.complaints([result([0.65], most=most),
                                            result([2])]), [])
        text, = report.complaints([result([0.5, 0.7, 0.8], most=most)])
        self.assertIn("0.700", text)
        text, = report.complaints([result([], most=most)])
        self.assertIn("discarded", text)

    def test_metrics(self):
        p50, p99 = report.rows([result([1.1], "ping",
                                       most={"p50": None, "p99": 1.0})])
        self.assertFalse(p50["exceeded"])
        self.assertTrue(p99["exceeded"])


class Workloads(unittest.TestCase):
    def test_names(self):
        names = [w.name for w in workload.WORKLOADS]
        self.assertEqual(len(names), len(set(names)))
        for name in names:
            self.assertEqual(workload.find(name).name, name)

    def test_most(self):
        for one in workload.WORKLOADS:
            self.assertTrue(set(one.most) <= set(one.metrics), one.name)


if __name__ == "__main__":
    unittest.main()
