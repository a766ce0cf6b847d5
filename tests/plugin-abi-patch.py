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

"""Makes a damaged or foreign plugin out of a good one, for the tests of the
loader.  Called by tests/plugin-loader.at.

The ABI block is found by its magic and read as netdev-plugin.h lays it out:
magic, size and number of fields, and then for each field its name, its text,
and its number.
"""

import argparse
import struct
import sys

MAGIC = b'OVS-NETDEV-ABI\n\0'
HEAD = struct.Struct('=16sII')
FIELD = struct.Struct('=48s72sQ')


class Plugin:
    """The contents of a plugin and where its ABI block is in it."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.head = self.data.index(MAGIC)
        _, self.field_size, self.n_fields = HEAD.unpack_from(self.data,
                                                             self.head)

    def find(self, name):
        """Returns the offset, text and number of the field 'name'."""
        for i in range(self.n_fields):
            offset = self.head + HEAD.size + i * self.field_size
            key, text, number = FIELD.unpack_from(self.data, offset)
            if key.rstrip(b'\0') == name:
                return offset, text.rstrip(b'\0'), number
        sys.exit('no field %s' % name.decode())

    def bump(self, name):
        """Makes the value of field 'name' the next one."""
        offset, text, number = self.find(name)
        if text:
            text = text[:-1] + bytes([text[-1] ^ 1])
        else:
            number += 1
        FIELD.pack_into(self.data, offset, name, text, number)

    def rename(self, name, new_name):
        """Gives field 'name' another name."""
        offset, text, number = self.find(name)
        FIELD.pack_into(self.data, offset, new_name, text, number)

    def set_head(self, field_size, n_fields):
        """Lies about the size and the number of fields."""
        HEAD.pack_into(self.data, self.head, MAGIC, field_size, n_fields)

    def replace(self, old, new):
        """Replaces the null-terminated string 'old', e.g. a symbol's name, by
        one of the same length."""
        if len(old) != len(new):
            sys.exit('%s and %s differ in length' % (old, new))
        if old + b'\0' not in self.data:
            sys.exit('no string %s' % old)
        self.data = self.data.replace(old + b'\0', new + b'\0')


def main():
    parser = argparse.ArgumentParser(
        description='Make a plugin that has to be refused.')
    parser.add_argument('source', help='a good plugin')
    parser.add_argument('target', help='file to write')
    parser.add_argument('--bump', metavar='FIELD', type=str.encode,
                        help='change the value of FIELD')
    parser.add_argument('--rename', metavar=('FIELD', 'NAME'), nargs=2,
                        type=str.encode, help='rename FIELD')
    parser.add_argument('--head', metavar=('SIZE', 'N'), nargs=2, type=int,
                        help='claim to have N fields of SIZE bytes')
    parser.add_argument('--replace', metavar=('OLD', 'NEW'), nargs=2,
                        type=str.encode, help='replace a string')
    parser.add_argument('--truncate', metavar='SIZE', type=int,
                        help='keep only the first SIZE bytes')
    args = parser.parse_args()

    with open(args.source, 'rb') as stream:
        plugin = Plugin(stream.read())
    if args.bump:
        plugin.bump(args.bump)
    if args.rename:
        plugin.rename(*args.rename)
    if args.head:
        plugin.set_head(*args.head)
    if args.replace:
        plugin.replace(*args.replace)
    with open(args.target, 'wb') as stream:
        stream.write(plugin.data[:args.truncate])


if __name__ == '__main__':
    main()
