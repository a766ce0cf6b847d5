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

"""What a case is, and what is expected of it.

A case is a function that gets a Case, and does something to the switch that a
good front end would not do.  @case() names it after the function, says which
number it has in faults.md, section 7, and what has to happen:

refused(KIND, REGEX)
    The connection is closed, the counter "ovs_vhost_KIND" moves, and
    status:last_fault matches REGEX.  Of several kinds, KIND|KIND, one moves.
noted(KIND, REGEX)
    The same, but the connection stays.
ignored()
    The connection stays, and no counter moves.

In all cases the switch lives on, its other ports do not notice, and when the
connection is closed it has as many descriptors as before.
"""

import collections

CASES = {}

Expected = collections.namedtuple("Expected", "closes kind regex")


def refused(kind, regex):
    """The connection is closed because of a fault."""
    return Expected(True, kind, regex)


def noted(kind, regex):
    """There is a fault, but the connection stays."""
    return Expected(False, kind, regex)


def ignored():
    """Nothing happens."""
    return Expected(False, None, None)


def message(regex):
    """The connection is closed because of a message."""
    return refused("refused_messages", regex)


def memory(regex):
    """The connection is closed because of memory."""
    return refused("refused_memory", regex)


def library(name):
    """librte_vhost refuses the message 'name'."""
    return message(f"refused by librte_vhost, last message {name}: ")


def broken(regex):
    """A ring is broken."""
    return noted("broken_rings", regex)


class Named:
    """A case with its name."""

    def __init__(self, name, function, number, expected, group, in_tree):
        self.name = name
        self.function = function
        self.number = number
        self.expected = expected
        self.group = group
        self.in_tree = in_tree


def add(name, function, number, expected, group="message", in_tree=""):
    """Adds a case."""
    if name in CASES:
        raise ValueError(f"two cases are called {name}")
    CASES[name] = Named(name, function, number, expected, group, in_tree)


def case(number, expected, group="message", in_tree=""):
    """Decorates a case.  'in_tree' is what in-tree is known to do."""
    def decorate(function):
        add(function.__name__.replace("_", "-"), function, number, expected,
            group, in_tree)
        return function
    return decorate
