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


"""Boots a kernel in a virtual machine and runs a shell script there.

Called by the system tests: for guests behind vhost-user ports, whose driver is
the kernel's, and for a machine with a NIC that the switch can drive.  Calls
QEMU, which emulates the processor: KVM is not needed.  The script's output
comes out here, its exit status is this program's.  A line "guest: monitor
COMMAND" in its output is a command for QEMU's monitor.

    guest.py kernel DIR
    guest.py run --kernel=DIR [--vhost=SOCKET[,server]] [--no-offload]
                 [--realtime]
                 [--virtio=PROPERTY=VALUE[,...]] [--queues=N] [--nics=N]
                 [--program=NAME] [--monitor=SOCKET] [--incoming=URI]
                 [--host-root] [--memory=MB] SCRIPT [ARG]...
    guest.py monitor SOCKET COMMAND

"kernel" fetches Debian's kernel with apt-get, once.  Without --host-root,
SCRIPT is for busybox's sh, and may call the programs of the host that
--program names.  With it, SCRIPT runs on the host's file system, of which it
sees a private copy, with all of the host's programs, as root, in the directory
and environment of this program.

With --incoming, the virtual machine boots nothing but takes over one with the
same options, which the command "migrate" of that one's monitor sends to URI.
"monitor" gives a command to the monitor of a virtual machine that was started
with --monitor, and prints the answer.
"""

import argparse
import glob
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

VIRTIO_MODULES = ['virtio_pci', 'virtio_net']
HOST_MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'e1000',
                'e1000e', 'vfio', 'vfio_iommu_type1', 'vfio_pci', 'tun',
                'af_packet']

# What a guest without offloads does not offer or take.
NO_OFFLOAD = ''.join(',%s=off' % feature for feature in (
    'csum gso host_tso4 host_tso6 host_ecn host_ufo '
    'guest_csum guest_tso4 guest_tso6 guest_ecn guest_ufo').split())

# What makes a guest translate the addresses that it gives to the device.
IOMMU = ',disable-legacy=on,iommu_platform=on,ats=on'

# The lines before and after the script's output, and that of a command.
BEGIN = 'guest: begin'
MONITOR = 'guest: monitor '
EXIT = 'guest: exit status '

INIT = '''#! /bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do
    insmod "$module" || echo "guest: cannot load $module"
done
ip link set lo up
echo
echo "''' + BEGIN + '''"
%s
status=$?
echo
echo "''' + EXIT + '''$status"
poweroff -f
'''

# The host's file system, below one in memory that takes what is written.
HOST_ROOT = '''mkdir /host /memory /root-fs
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 root /host
mount -t tmpfs memory /memory
mkdir /memory/upper /memory/work
mount -t overlay overlay /root-fs \
    -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work
for fs in dev proc sys; do
    mount --bind "/$fs" "/root-fs/$fs"
done
mkdir -p /root-fs/dev/pts
mount -t devpts pts /root-fs/dev/pts
for dir in run tmp; do
    mkdir -p "/root-fs/$dir"
    test "$dir" = tmp || mount -t tmpfs "$dir" "/root-fs/$dir"
done
chroot /root-fs /bin/sh -c %s'''


def die(message):
    sys.exit('guest.py: ' + message)


# Kernel
# ------

def fetch_kernel(directory):
    """Unpacks Debian's kernel into 'directory', unless it is there."""
    if glob.glob(directory + '/lib/modules/*/modules.dep'):
        return
    depends = subprocess.check_output(
        ['apt-cache', 'depends', '--important', 'linux-image-amd64'],
        text=True)
    package = [line.split()[-1] for line in depends.splitlines()
               if 'Depends: linux-image-' in line][0]
    print('guest.py: fetching %s' % package, flush=True)
    with tempfile.TemporaryDirectory() as download:
        subprocess.check_call(['apt-get', '-q', 'download', package],
                              cwd=download, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        subprocess.check_call(
            ['dpkg-deb', '-x'] + glob.glob(download + '/*.deb') + [directory])
    version = os.path.basename(glob.glob(directory + '/lib/modules/*')[0])
    subprocess.check_call(['/sbin/depmod', '-b', directory, version])


def modules_in_order(directory, wanted):
    """Returns the files of the modules 'wanted', what they need before them.

    A module that the kernel has built in needs no file.
    """
    base = glob.glob(directory + '/lib/modules/*')[0]
    needs = {}
    with open(base + '/modules.dep') as dep:
        for line in dep:
            name, _, others = line.partition(':')
            needs[name] = others.split()
    path = {os.path.basename(name).split('.')[0].replace('-', '_'): name
            for name in needs}
    order = []

    def add(name):
        for other in reversed(needs[name]):
            add(other)
        if name not in order:
            order.append(name)

    for module in wanted:
        if module in path:
            add(path[module])
    return [os.path.join(base, name) for name in order]


# Guest
# -----

def copy_program(name, root):
    """Copies the program 'name' of the host, and the libraries it needs."""
    program = shutil.which(name, path=os.environ['PATH'] + ':/usr/sbin:/sbin')
    if not program:
        die('there is no program ' + name)
    shutil.copy(program, root + '/bin')
    output = subprocess.check_output(['ldd', program], text=True)
    for library in [word for word in output.split() if word.startswith('/')]:
        os.makedirs(root + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, root + library)


def make_initrd(args, directory):
    """Makes the initial file system and returns its name."""
    root = directory + '/root'
    for name in 'bin dev modules proc sys'.split():
        os.makedirs(os.path.join(root, name))
    shutil.copy(shutil.which('busybox'), root + '/bin/busybox')
    for program in args.program:
        copy_program(program, root)
    wanted = HOST_MODULES if args.host_root else VIRTIO_MODULES
    for i, module in enumerate(modules_in_order(args.kernel, wanted)):
        shutil.copy(module, '%s/modules/%03d-%s'
                    % (root, i, os.path.basename(module)))

    command = ['/bin/sh', '/script'] + args.arg
    if args.host_root:
        command[1] = os.path.abspath(args.script)
        command = (['env', '-i'] + ['%s=%s' % e for e in os.environ.items()]
                   + command)
        body = HOST_ROOT % shlex.quote('cd %s && exec %s' % (
            shlex.quote(os.getcwd()), ' '.join(map(shlex.quote, command))))
    else:
        shutil.copy(args.script, root + '/script')
        body = ' '.join(map(shlex.quote, command))
    with open(root + '/init', 'w') as init:
        init.write(INIT % body)
    os.chmod(root + '/init', 0o755)

    initrd = directory + '/initrd'
    with open(initrd, 'wb') as archive:
        subprocess.check_call(
            'find . | cpio -o -H newc --quiet | gzip -1', shell=True,
            cwd=root, stdout=archive)
    return initrd


def mac_address(first, i):
    """Returns the MAC address of NIC 'i', 'first' being that of NIC 0."""
    octets = first.split(':')
    octets[4] = '%02x' % (int(octets[4], 16) + i)
    return ':'.join(octets)


def qemu_command(args, directory, initrd):
    append = 'console=ttyS0 quiet panic=-1'
    memory = '%dM' % args.memory
    machine = 'q35,accel=tcg'
    command = ['qemu-system-x86_64', '-cpu', 'max', '-m', memory,
               '-nographic', '-no-reboot', '-nodefaults', '-serial', 'stdio',
               '-monitor', 'unix:%s,server=on,wait=off'
               % monitor_socket(args, directory), '-smp', str(args.queues),
               '-kernel', glob.glob(args.kernel + '/boot/vmlinuz-*')[0],
               '-initrd', initrd]
    if args.vhost:
        # vhost-user needs memory that can be shared.
        command += ['-object', 'memory-backend-memfd,id=mem,share=on,size='
                    + memory, '-numa', 'node,memdev=mem']
    for i, vhost in enumerate(args.vhost):
        path, _, role = vhost.partition(',')
        server = ',server=on,wait=off' if role == 'server' else ''
        # A guest without KVM hangs when it sets up more interrupt vectors.
        command += [
            '-chardev', 'socket,id=c%d,path=%s%s' % (i, path, server),
            '-netdev', 'vhost-user,id=v%d,chardev=c%d,vhostforce=on,queues=%d'
            % (i, i, args.queues),
            '-device', 'virtio-net-pci,netdev=v%d,romfile=,vectors=0,'
            'mac=%s%s%s%s%s' % (i, mac_address(args.mac, i),
                                ',mq=on' if args.queues > 1 else '',
                                NO_OFFLOAD if args.no_offload else '',
                                IOMMU if args.iommu else '',
                                ''.join(args.virtio[i:i + 1]))]
    if args.iommu:
        machine += ',kernel-irqchip=split'
        append += ' intel_iommu=on iommu=pt'
        command += ['-device', 'intel-iommu,intremap=on,device-iotlb=on']
    if args.host_root:
        command += ['-virtfs', 'local,path=/,mount_tag=root,readonly=on,'
                    'security_model=none,multidevs=remap']
    if args.nics:
        # vfio-pci wants an IOMMU, and AddressSanitizer leaves only addresses
        # of many bits to DPDK.
        machine += ',kernel-irqchip=split'
        append += ' intel_iommu=on iommu=pt'
        command += ['-device',
                    'intel-iommu,intremap=on,caching-mode=on,aw-bits=48']
    for i in range(args.nics):
        # All NICs are on one wire, at the addresses 0000:00:10.0 and so on.
        command += ['-netdev', 'hubport,id=h%d,hubid=0' % i,
                    '-device', '%s,id=nic%d,netdev=h%d,romfile=,addr=0x%x,'
                    'mac=52:54:00:00:01:%02x'
                    % (args.nic_model, i, i, 0x10 + i, i)]
    if args.incoming:
        command += ['-incoming', args.incoming]
    return command + ['-machine', machine, '-append', append]


def monitor_socket(args, directory):
    return args.monitor or directory + '/monitor'


def monitor(path, command):
    """Gives a QEMU's monitor a command, and returns its answer."""
    answer = b''
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.sendall(command.encode() + b'\n')
        while answer.count(b'(qemu) ') < 2:
            data = sock.recv(4096)
            if not data:
                break
            answer += data
    return answer.decode(errors='replace')


def realtime():
    """Gives this process a CPU whenever it wants one, if it may ask for it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pass


def run(args):
    """Runs the script, and returns its exit status."""
    status = None
    begun = bool(args.incoming)
    with tempfile.TemporaryDirectory() as directory:
        initrd = make_initrd(args, directory)
        qemu = subprocess.Popen(qemu_command(args, directory, initrd),
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                preexec_fn=realtime if args.realtime else None)
        try:
            for line in qemu.stdout:
                line = line.decode(errors='replace').rstrip()
                if line.startswith(EXIT):
                    status = int(line[len(EXIT):])
                elif line.startswith(MONITOR):
                    monitor(monitor_socket(args, directory),
                            line[len(MONITOR):])
                elif begun or line.startswith('guest: '):
                    print(line, flush=True)
                    begun = True
        finally:
            qemu.kill()
            qemu.wait()
    if status is None:
        die('the guest ended before its script did')
    return status


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    commands = parser.add_subparsers(dest='command', required=True)
    kernel = commands.add_parser('kernel', help='fetch and unpack a kernel')
    kernel.add_argument('dir')
    guest = commands.add_parser('run', help='run a script in a guest')
    guest.add_argument('--kernel', required=True, metavar='DIR')
    guest.add_argument('--vhost', action='append', default=[],
                       metavar='SOCKET[,server]')
    guest.add_argument('--no-offload', action='store_true')
    guest.add_argument('--virtio', action='append', default=[],
                       type=lambda properties: ',' + properties,
                       metavar='PROPERTY=VALUE[,...]',
                       help="of QEMU's virtio-net-pci, one for each --vhost")
    guest.add_argument('--queues', type=int, default=1, metavar='N',
                       help='pairs of queues, and processors')
    guest.add_argument('--mac', default='52:54:00:00:00:01')
    guest.add_argument('--nics', type=int, default=0, metavar='N')
    guest.add_argument('--nic-model', default='e1000e',
                       choices=['e1000', 'e1000e'])
    guest.add_argument('--iommu', action='store_true')
    guest.add_argument('--program', action='append', default=[],
                       metavar='NAME')
    guest.add_argument('--realtime', action='store_true',
                       help='get a CPU before any other process')
    guest.add_argument('--monitor', metavar='SOCKET')
    guest.add_argument('--incoming', metavar='URI')
    guest.add_argument('--host-root', action='store_true')
    guest.add_argument('--memory', type=int, default=256, metavar='MB')
    guest.add_argument('script')
    guest.add_argument('arg', nargs='*')
    command = commands.add_parser('monitor', help="give QEMU a command")
    command.add_argument('socket')
    command.add_argument('monitor_command', metavar='COMMAND')
    return parser.parse_args()


def main():
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.command == 'kernel':
        fetch_kernel(args.dir)
    elif args.command == 'monitor':
        print(monitor(args.socket, args.monitor_command))
    else:
        sys.exit(run(args))


if __name__ == '__main__':
    main()
