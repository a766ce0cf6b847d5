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

"""Cases of eventfds that take as long to close as their front end likes.

Needs /dev/userfaultfd, which stands for what a front end has that may not use
it: memory of a file that it serves by FUSE.
"""

import ctypes
import fcntl
import functools
import mmap
import os
import select
import struct
import threading

import vhost_user as vu
from case import add, ignored

DEVICE = "/dev/userfaultfd"
NEW = 0xaa00                    # USERFAULTFD_IOC_NEW
API = 0xc018aa3f                # UFFDIO_API
REGISTER = 0xc020aa00           # UFFDIO_REGISTER
ZEROPAGE = 0xc020aa04           # UFFDIO_ZEROPAGE
MISSING = 1                     # UFFDIO_REGISTER_MODE_MISSING


class Held:
    """An eventfd, 'fd', that only release() lets anybody close.

    Who closes it last waits for each instance of epoll that waits for it.  The
    one here tells of an event, for which it needs a page that is not there.
    """

    def __init__(self):
        device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        self.faults = fcntl.ioctl(device, NEW, os.O_CLOEXEC)
        os.close(device)
        fcntl.ioctl(self.faults, API, struct.pack("=QQQ", 0xaa, 0, 0))
        self.page = mmap.mmap(-1, mmap.PAGESIZE,
                              mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.place = ctypes.c_char.from_buffer(self.page)
        self.address = ctypes.addressof(self.place)
        fcntl.ioctl(self.faults, REGISTER,
                    struct.pack("=QQQQ", self.address, mmap.PAGESIZE, MISSING,
                                0))
        self.fd = os.eventfd(1, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.poll = select.epoll()
        self.poll.register(self.fd, select.EPOLLIN)
        self.thread = threading.Thread(target=self.wait)
        self.thread.start()
        select.select([self.faults], [], [])

    def wait(self):
        """Waits for the event, in another thread."""
        ctypes.CDLL(None).epoll_wait(
            self.poll.fileno(), ctypes.c_void_p(self.address), 1, -1)

    def release(self):
        """Lets the eventfd be closed."""
        fcntl.ioctl(self.faults, ZEROPAGE,
                    struct.pack("=QQQQ", self.address, mmap.PAGESIZE, 0, 0))
        self.thread.join()
        self.poll.close()
        os.close(self.faults)


def replace(request, test):
    """Has the switch close the eventfd because of another one."""
    test.front_end.send_u64(request, 1, [test.front_end.eventfd()])
    for _ in range(3):          # The switch is sure of that some time later.
        test.front_end.sync()


def disconnect(_, test):
    """Has the switch close the eventfd because the connection is closed."""
    test.front_end.close()
    test.front_end = test.connect()


def held(request, end, test):
    """Passes the eventfd to a guest's ring, and does not keep it."""
    eventfd = Held()
    try:
        test.front_end.start()
        test.wait_up()
        # What the switch has before the message ends, it closes last.
        test.front_end.send(request, fds=[eventfd.fd], size=8)
        os.close(eventfd.fd)
        test.front_end.send_raw(struct.pack("=Q", 1))
        test.front_end.sync()
        end(request, test)
        test.other_connects(2)
    finally:
        eventfd.release()


if os.path.exists(DEVICE):
    for _name, _request in (("kick", vu.SET_VRING_KICK),
                            ("call", vu.SET_VRING_CALL),
                            ("err", vu.SET_VRING_ERR)):
        for _end in replace, disconnect:
            add(f"held-{_name}-{_end.__name__}",
                functools.partial(held, _request, _end), 8, ignored())
