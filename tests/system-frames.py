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

"""Makes, sends, receives and compares Ethernet frames, for the system tests.

Each frame carries its number and a content that follows from that, so that a
frame which was lost, repeated or changed on its way is found.
"""

import argparse
import select
import socket
import struct
import sys
import time

MARK = b'ovs-netdev-dpdk!'
HEADERS = 14 + 20 + 8
ETH_P_ALL = 3
PACKET_OUTGOING = 4
PCAP_HEAD = struct.Struct('=IHHiIII')
PCAP_RECORD = struct.Struct('=IIII')


def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(number, size):
    """Returns frame 'number', of 'size' bytes: UDP in IPv4 in Ethernet."""
    eth = bytes.fromhex('020000000002' '020000000001' '0800')
    ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, size - 14, number & 0xffff, 0,
                     64, 17, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    ip = ip[:10] + struct.pack('!H', checksum(ip)) + ip[12:]
    udp = struct.pack('!HHHH', 4000, 5000, size - 34, 0)
    payload = MARK + struct.pack('!I', number)
    n = size - HEADERS - len(payload)
    payload += bytes((number + i * 7) & 0xff for i in range(n))
    return eth + ip + udp + payload


def number_of(data):
    """Returns the number of the frame 'data', or None if it is not ours."""
    end = HEADERS + len(MARK)
    if data[HEADERS:end] != MARK:
        return None
    return struct.unpack_from('!I', data, end)[0]


def sizes(args):
    """Returns a function from the number of a frame to its size."""
    low, _, high = args.size.partition('-')
    low, high = int(low), int(high or low)
    return lambda number: low + number * 13 % (high - low + 1)


# UDP ports and headers of tunnels, with VNI 42.
TUNNELS = {
    'vxlan': (4789, bytes.fromhex('0800000000002a00')),
    'geneve': (6081, bytes.fromhex('0000655800002a00')),
}
TUNNEL_MAC = bytes.fromhex('020000000099')
TUNNEL_IP = [bytes([172, 31, 1, n]) for n in (1, 2)]


def encapsulate(kind, mac, inner):
    """Returns 'inner' in a tunnel packet to the switch, whose MAC is 'mac'."""
    port, head = TUNNELS[kind]
    udp = struct.pack('!HHHH', 50000, port, 8 + len(head) + len(inner), 0)
    ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp + head + inner),
                     0, 0, 64, 17, 0, TUNNEL_IP[1], TUNNEL_IP[0])
    ip = ip[:10] + struct.pack('!H', checksum(ip)) + ip[12:]
    return mac + TUNNEL_MAC + b'\x08\x00' + ip + udp + head + inner


def decapsulate(kind, mac, data):
    """Returns what is in the tunnel packet 'data' from the switch, or None if
    it is none."""
    port, head = TUNNELS[kind]
    offset = HEADERS + len(head)
    if (data[:14] != TUNNEL_MAC + mac + b'\x08\x00' or len(data) < offset
            or data[26:34] != TUNNEL_IP[0] + TUNNEL_IP[1]
            or checksum(data[14:34])
            or struct.unpack_from('!H', data, 36)[0] != port):
        return None
    if kind == 'geneve':
        offset += 4 * (data[HEADERS] & 0x3f)
    return data[offset:]


class Receiver:
    """Counts the frames that come in."""

    def __init__(self, n, size):
        self.n = n
        self.size = size
        self.seen = set()
        self.errors = []

    def add(self, data):
        number = number_of(data)
        if number is None:
            return
        if number in self.seen:
            self.errors.append('frame %d came twice' % number)
        elif number >= self.n:
            self.errors.append('frame %d was never sent' % number)
        elif data != frame(number, self.size(number)):
            self.errors.append('frame %d has changed' % number)
        self.seen.add(number)

    def finish(self):
        missing = sorted(set(range(self.n)) - self.seen)
        if missing:
            self.errors.append('%d of %d frames are missing, the first is %d'
                               % (len(missing), self.n, missing[0]))
        if self.errors:
            sys.exit('\n'.join(self.errors[:10]))
        print('%d frames came unchanged' % self.n)


def open_socket(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(ETH_P_ALL))
    sock.bind((interface, 0))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    return sock


def receive(sock, receiver, unwrap):
    """Takes all that has come in by now."""
    while select.select([sock], [], [], 0)[0]:
        data, address = sock.recvfrom(65536)
        if address[2] != PACKET_OUTGOING:
            receiver.add(unwrap(data) or b'')


def exchange(args, source, target, wrap, unwrap):
    """Sends frames to 'source', and waits for them at 'target'."""
    size = sizes(args)
    receiver = Receiver(args.n, size)
    deadline = time.monotonic() + args.timeout
    sent = 0
    while len(receiver.seen) < args.n and time.monotonic() < deadline:
        # No queue on the way overflows.
        while sent < args.n and sent - len(receiver.seen) < args.window:
            source.send(wrap(frame(sent, size(sent))))
            sent += 1
        select.select([target], [], [], 0.1)
        receive(target, receiver, unwrap)
    # What should not come would come now.
    time.sleep(0.2)
    receive(target, receiver, unwrap)
    receiver.finish()


def forward(args):
    """Sends frames through one interface and takes them from another."""
    exchange(args, open_socket(args.source), open_socket(args.target),
             lambda data: data, lambda data: data)


def tunnel(args):
    """Sends frames in tunnel packets, and takes them from those that come
    back."""
    mac = bytes.fromhex(args.mac.replace(':', ''))
    sock = open_socket(args.interface)
    exchange(args, sock, sock,
             lambda data: encapsulate(args.kind, mac, data),
             lambda data: decapsulate(args.kind, mac, data))


def send(args):
    """Sends frames through an interface, without looking back."""
    sock = open_socket(args.interface)
    size = sizes(args)
    for number in range(args.n):
        sock.send(frame(number, size(number)))


def pcap(args):
    """Writes frames to a file."""
    size = sizes(args)
    with open(args.file, 'wb') as stream:
        stream.write(PCAP_HEAD.pack(0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number in range(args.n):
            data = frame(number, size(number))
            stream.write(PCAP_RECORD.pack(0, number, len(data), len(data)))
            stream.write(data)


def read_pcap(name):
    with open(name, 'rb') as stream:
        contents = stream.read()
    offset = PCAP_HEAD.size
    while offset < len(contents):
        length = PCAP_RECORD.unpack_from(contents, offset)[2]
        offset += PCAP_RECORD.size
        yield contents[offset:offset + length]
        offset += length


def check(args):
    """Checks that a file has just the frames that pcap writes, in order."""
    receiver = Receiver(args.n, sizes(args))
    last = -1
    for data in read_pcap(args.file):
        receiver.add(data)
        number = number_of(data)
        if number is not None:
            if number < last:
                receiver.errors.append('frame %d came after frame %d'
                                       % (number, last))
            last = number
    receiver.finish()


def tcp_segment(data, mtu):
    """Returns the sender's port, a name of the connection, the number of the
    first byte, and the payload, of the TCP segment in frame 'data', or None if
    it is no TCP.  Complains if a receiver would not take it."""
    if data[12:14] != b'\x08\x00' or data[23] != socket.IPPROTO_TCP:
        return None
    ip = data[14:14 + struct.unpack_from('!H', data, 16)[0]]
    tcp = ip[(ip[0] & 15) * 4:]
    pseudo = ip[12:20] + struct.pack('!HH', socket.IPPROTO_TCP, len(tcp))
    if len(ip) > mtu or len(data) - 14 < len(ip):
        sys.exit('a packet has %d bytes, and its frame %d'
                 % (len(ip), len(data)))
    if checksum(ip[:20]) or checksum(pseudo + tcp + b'\0' * (len(tcp) % 2)):
        sys.exit('the checksums of a packet of %d bytes are wrong' % len(ip))
    source, target, number = struct.unpack_from('!HHI', tcp)
    return source, (ip[16:20], target), number, tcp[(tcp[12] >> 4) * 4:]


def outer(data, mtu):
    """Returns what is in the VXLAN packet 'data', which is checked as well, or
    nothing if it is none."""
    length, = struct.unpack_from('!H', data, 16)
    if len(data) < 50 or data[36:38] != b'\x12\xb5':
        return b''
    if length > mtu or length != len(data) - 14 or checksum(data[14:34]):
        sys.exit('the tunnel packet of %d bytes is wrong' % len(data))
    return data[50:]


def streams(args):
    """Checks that a file has TCP packets that a network takes, of connections
    that each carry the contents of another file at their end."""
    with open(args.contents, 'rb') as stream:
        contents = stream.read()
    connections = {}
    for data in read_pcap(args.file):
        data = outer(data, args.mtu) if args.vxlan else data
        segment = tcp_segment(data, args.mtu) if data else None
        if segment and segment[0] == 80:
            _, name, number, payload = segment
            segments = connections.setdefault(name, {})
            segments[number] = max(payload, segments.get(number, b''), key=len)
    for segments in connections.values():
        # SYN, without payload, has the number before that of the first byte.
        first = next(iter(segments)) + 1
        stream = bytearray()
        for number in sorted(segments, key=lambda n: (n - first) % 2**32):
            offset = (number - first) % 2**32
            if not segments[number]:
                continue
            if offset > len(stream):
                sys.exit('byte %d is missing' % len(stream))
            stream[offset:] = segments[number]
        if not stream.endswith(contents):
            sys.exit('the contents are not the same')
    if len(connections) != args.n:
        sys.exit('there are %d connections' % len(connections))
    print('%d connections are right' % args.n)


def main():
    parser = argparse.ArgumentParser(description='Numbered frames for tests.')
    subparsers = parser.add_subparsers(required=True)

    def command(function, *arguments):
        sub = subparsers.add_parser(function.__name__, help=function.__doc__)
        for argument in arguments:
            sub.add_argument(argument)
        sub.add_argument('n', type=int, help='number of frames')
        sub.add_argument('--size', default='64-1514', metavar='MIN-MAX',
                         help='sizes of the frames in bytes')
        sub.add_argument('--window', type=int, default=64,
                         help='how many frames may be on the way')
        sub.add_argument('--timeout', type=float, default=60,
                         help='seconds to wait for the last frame')
        sub.set_defaults(function=function)

    command(forward, 'source', 'target')
    command(tunnel, 'kind', 'interface', 'mac')
    command(send, 'interface')
    command(pcap, 'file')
    command(check, 'file')

    sub = subparsers.add_parser('streams', help=streams.__doc__)
    sub.add_argument('file')
    sub.add_argument('contents')
    sub.add_argument('n', type=int, help='number of connections')
    sub.add_argument('--mtu', type=int, default=1500)
    sub.add_argument('--vxlan', action='store_true')
    sub.set_defaults(function=streams)
    args = parser.parse_args()
    args.function(args)


if __name__ == '__main__':
    main()
