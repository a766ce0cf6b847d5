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

"""Statistics of pairs of measurements, without any I/O."""

import math
import random

# Resamplings for an interval, and what of them it covers.
BOOTSTRAP_RUNS = 2000
CONFIDENCE = 0.95


def quantile(values, q):
    """Return the quantile 'q', from 0 to 1, of 'values', which lies between
    two of them if need be."""
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    below = math.floor(position)
    above = math.ceil(position)
    return (ordered[below]
            + (ordered[above] - ordered[below]) * (position - below))


def median(values):
    return quantile(values, 0.5)


def bootstrap_interval(values):
    """Return the lower and upper end of the bootstrap interval of the median
    of 'values'.  The same values always have the same interval."""
    generator = random.Random(len(values))
    medians = [median(generator.choices(values, k=len(values)))
               for _ in range(BOOTSTRAP_RUNS)]
    tail = (1 - CONFIDENCE) / 2
    return quantile(medians, tail), quantile(medians, 1 - tail)


def summarize(base, ours):
    """Return what there is to say about the ratios of 'ours' to 'base', two
    lists of the same length, pair by pair."""
    ratios = [b / a for a, b in zip(base, ours)]
    low, high = bootstrap_interval(ratios)
    return {
        "base": median(base),
        "ours": median(ours),
        "ratio": median(ratios),
        "min": min(ratios),
        "max": max(ratios),
        "low": low,
        "high": high,
    }


def exceeds(summary, most):
    """Is the ratio in 'summary', of summarize(), above 'most'?  That may be
    None, which nothing is above."""
    return most is not None and summary["ratio"] > most


def why_discard(a, b, max_load, max_batch_difference, may_shrink=False):
    """Return why the pair of samples 'a', of the other one, and 'b', of ours,
    says nothing, or None if it does.  'max_load' is in CPUs,
    'max_batch_difference' in percent.  With 'may_shrink', our batches may be
    smaller, which makes ours look no better than it is."""
    load = max(a["load"], b["load"])
    if load > max_load:
        return "other programs used %.2f CPUs" % load
    larger = max(a["batch"], b["batch"])
    smaller = min(a["batch"], b["batch"])
    if (larger > smaller * (1 + max_batch_difference / 100)
            and not (may_shrink and smaller == b["batch"])):
        return "packets per batch differ, %.1f and %.1f" % (a["batch"],
                                                            b["batch"])
    return None
