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

"""Converts a corpus between a file of text, one input a line in hexadecimal,
as the repository has it, and a directory of one file for each input, as
libFuzzer has it.  Lines that begin with '#' say what the inputs up to the next
empty line are."""

import argparse
import hashlib
import os
import sys


def read_blocks(path):
    """Yields each block of lines in 'path', which empty lines separate, and
    the inputs in it."""
    with open(path, encoding='utf-8') as stream:
        for block in stream.read().split('\n\n'):
            lines = block.split('\n')
            inputs = [line for line in lines if line and line[0] != '#']
            try:
                yield block.strip('\n'), [bytes.fromhex(i) for i in inputs]
            except ValueError as error:
                sys.exit(f'{path}: {error}')


def read_files(paths):
    """Yields each input in 'paths', files or directories of files."""
    for path in paths:
        names = [path]
        if os.path.isdir(path):
            names = [os.path.join(path, name)
                     for name in sorted(os.listdir(path))]
        for name in names:
            with open(name, 'rb') as stream:
                yield stream.read()


def unpack(args):
    """Writes each input in a text to a file of its own."""
    os.makedirs(args.directory, exist_ok=True)
    for _, inputs in read_blocks(args.text):
        for data in inputs:
            name = os.path.join(args.directory, hashlib.sha1(data).hexdigest())
            with open(name, 'wb') as stream:
                stream.write(data)


def pack(args):
    """Makes a text of files, and of what it has a comment for."""
    blocks = []
    seen = {b''}
    if os.path.exists(args.text):
        for block, inputs in read_blocks(args.text):
            if block.startswith('#'):
                blocks.append(block)
                seen.update(inputs)
    new = set(read_files(args.inputs)) - seen
    if new:
        blocks.append('\n'.join(sorted((data.hex() for data in new),
                                       key=lambda line: (len(line), line))))
    with open(args.text, 'w', encoding='utf-8') as stream:
        stream.write('\n\n'.join(blocks) + '\n')


def add(args):
    """Adds an input to the end of a text."""
    with open(args.text, 'a', encoding='utf-8') as stream:
        for data in read_files([args.input]):
            stream.write(f'\n# {args.comment}\n{data.hex()}\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    command = commands.add_parser(
        'unpack', help='write each input to a file',
        description='Writes each input in TEXT to a file in DIRECTORY.')
    command.add_argument('text', metavar='TEXT')
    command.add_argument('directory', metavar='DIRECTORY')
    command.set_defaults(run=unpack)

    command = commands.add_parser(
        'pack', help='make a text of files',
        description='Replaces what has no comment in TEXT by the INPUTs, '
        'files or directories of them.')
    command.add_argument('text', metavar='TEXT')
    command.add_argument('inputs', metavar='INPUT', nargs='+')
    command.set_defaults(run=pack)

    command = commands.add_parser(
        'add', help='add a finding',
        description='Adds the file INPUT to the end of TEXT, with a comment '
        'that says what it is.')
    command.add_argument('text', metavar='TEXT')
    command.add_argument('input', metavar='INPUT')
    command.add_argument('comment', metavar='COMMENT')
    command.set_defaults(run=add)

    args = parser.parse_args()
    args.run(args)


if __name__ == '__main__':
    main()
