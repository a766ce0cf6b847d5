#! /bin/sh
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

# Runs the DPDK tests that Open vSwitch itself comes with,
# tests/system-dpdk.at, as they are.  Called by 'make check-ovs-dpdk'.  Calls
# the suite that Open vSwitch's own Makefile generates, and tests/guest.py.
#
# There are three roles, all played by this file:
#
#   outer    looks for what is needed, writes what the suite reads, calls the
#            other two, and adds up the results.
#   inner    in namespaces of its own: runs the suite.
#   guest    in a virtual machine with NICs: runs the tests that were skipped
#            for want of one.
#
# The suite is made for a machine of its own with at least three CPUs.  What it
# expects is put around it: namespaces, where its "pkill", its file prefix and
# its network namespaces touch nothing of the host, a host without PCI devices
# where none is to be used, and programs in 'bin', before all others in $PATH.

set -u

program='check-ovs-dpdk'
self=$(readlink -f -- "$0")
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

die () {
    echo "$program: $*" >&2
    exit 1
}

step () {
    echo "== $* =="
}

usage () {
    cat <<USAGE
$program: run Open vSwitch's own DPDK tests
usage: check-ovs-dpdk.sh DIR

DIR is for the results.  In the environment:
  OVS                      the built Open vSwitch tree
  OVS_PLUGINDIR            the directory of the plugin
  GUEST_KERNEL             the kernel that 'guest.py kernel' fetched
  CHECK_OVS_DPDK_VSWITCHD  another switch to test, without plugin
  TESTSUITEFLAGS           which tests to run, and other options of the suite
USAGE
}

# What is needed
# --------------

# Prints a Python that has the module '$1'.
find_python () {
    for python in "${PYTHON3-python3}" /usr/bin/python3; do
        if "$python" -c "import $1" 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
}

# Names all that is missing at once.
require () {
    missing=
    while read -r name package; do
        command -v "$name" >/dev/null \
            || missing="$missing
    $name, of the package $package"
    done <<NEEDED
dpdk-devbind.py dpdk
dpdk-testpmd dpdk-dev
ethtool ethtool
ip iproute2
lsmod kmod
lspci pciutils
ping iputils-ping
pkill procps
unshare util-linux
NEEDED
    test -n "$(find_python scapy)" || missing="$missing
    the Python module scapy, of the package python3-scapy"
    test -z "$missing" || die "not found:$missing"
    test "$(id -u)" -eq 0 || die "needs root, for namespaces and hugepages"
    grep -q '^HugePages_Free: *[1-9]' /proc/meminfo \
        || die "no hugepage is free:" \
               "echo 1024 > /proc/sys/vm/nr_hugepages reserves some"
    # A test adds up to 44 characters, a socket may have 107.
    test ${#dir} -le 60 \
        || die "the name $dir is too long for sockets, build elsewhere"
    test -e "$OVS/tests/system-dpdk-testsuite" \
        || die "$OVS/tests/system-dpdk-testsuite does not exist"
}

# Surroundings
# ------------

# Writes the program '$1' with the shell commands '$2'.
write_program () {
    printf '#! /bin/sh\n%s\n' "$2" >"$1"
    chmod +x "$1"
}

# Writes to $dir what the suite reads when it starts, and the programs that it
# is to find first.  It waits longer, for an emulated processor.
write_surroundings () {
    rm -rf "$dir"
    mkdir -p "$dir/bin" "$dir/switch" "$dir/dpdk/usertools" || exit 1
    cat >"$dir/atconfig" <<ATCONFIG
. '$OVS/tests/atconfig'
at_srcdir=\$abs_srcdir
at_top_srcdir=\$abs_top_srcdir
at_top_build_prefix=\$abs_top_builddir/
at_top_builddir=\$at_top_build_prefix
ATCONFIG
    cat >"$dir/atlocal" <<ATLOCAL
. '$OVS/tests/atlocal'
OVS_CTL_TIMEOUT=180
PYTHON3='$(find_python scapy)'
DPDK_DIR='$dir/dpdk'
ATLOCAL

    # The suite reads four lines from a program that complains about that.
    write_program "$dir/dpdk/usertools/dpdk-devbind.py" \
        "devices=\$('$(command -v dpdk-devbind.py)' \"\$@\" 2>/dev/null)
         printf '%s\\n' \"\$devices\""

    # The suite finds the switch by the name that it was started with.
    ln -s "$vswitchd" "$dir/switch/ovs-vswitchd"
    # Without the kernel's datapath, it does not warn that there is none.
    write_program "$dir/bin/ovs-vswitchd" \
        "exec '$dir/switch/ovs-vswitchd' --disable-system \"\$@\""

    # A test wants two cores besides the main one.
    cpus=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
    write_program "$dir/bin/dpdk-testpmd" \
        "exec '$(command -v dpdk-testpmd)' --lcores='(0-2)@($cpus)' \"\$@\""
}

# Inner role
# ----------

# Replaces what the namespaces still share with the host.
set_up_namespaces () {
    ip link set lo up \
        && mount -t tmpfs run /run \
        && umount --all --lazy --types hugetlbfs \
        && mount_hugepages \
        && mount -t tmpfs none /sys/bus/pci/devices
}

mount_hugepages () {
    mkdir /run/hugepages && mount -t hugetlbfs none /run/hugepages
}

# Runs the suite with the options '$@'.
run_suite () {
    cd "$dir" || exit 1
    sh "$OVS/tests/system-dpdk-testsuite" "$@" \
        AUTOTEST_PATH="$dir/bin:$OVS/utilities:$OVS/ovsdb:$OVS/tests"
}

# Guest role
# ----------

# Gives the NICs to the driver that the suite looks for.  They take the largest
# MTU that there is, which the successors of their model do not, and have no
# interrupts of the kind that DPDK tries first.
set_up_guest () {
    # shellcheck disable=SC2016  # For the program.
    write_program "$dir/bin/ovs-vsctl" \
        'for arg; do
             shift
             case $arg in
             other_config:dpdk-extra=*) arg="$arg --vfio-intr=legacy" ;;
             esac
             set -- "$@" "$arg"
         done
         exec "$OVS/utilities/ovs-vsctl" "$@"'
    echo 560 >/proc/sys/vm/nr_hugepages
    for device in /sys/bus/pci/drivers/e1000/0000:*; do
        echo vfio-pci >"$device/driver_override"
        address=${device##*/}
        echo "$address" >"$device/driver/unbind"
        echo "$address" >/sys/bus/pci/drivers_probe
    done
    ip link set lo up
    mount_hugepages
}

# Shows the logs of the tests that fail: the file system ends with the guest.
guest () {
    set_up_guest || die "could not set up the guest"
    rm -rf "$dir/system-dpdk-testsuite.dir"
    run_suite "$@" | cat
    for log in "$dir"/system-dpdk-testsuite.dir/[0-9]*/*-testsuite.log; do
        if test -e "$log"; then
            step "$log"
            cat "$log"
        fi
    done
}

# Outer role
# ----------

# Prints the numbers of the tests that have the result '$1' in the output '$2'
# of the suite.
tests_with_result () {
    sed -nE "s/^ *([0-9]+): .* ($1)( \(.*\))?\$/\1/p" "$2"
}

# Prints how many tests have the result '$1' in the end: those that the guest
# ran have another one than they had on the host.
count_result () {
    { tests_with_result "$1" "$dir/guest.out"
      tests_with_result "$1" "$dir/host.out"
    } | sort -u | wc -l
}

# Runs the tests with the numbers '$@' in a guest.
run_guest () {
    if test ! -e "$GUEST_KERNEL/.stamp" \
        || ! qemu-system-x86_64 --version >/dev/null 2>&1; then
        echo "no virtual machine: neither QEMU nor a kernel for it was found"
        return
    fi
    timeout 3600 "${PYTHON3-python3}" "${self%/*}/guest.py" run \
        --kernel="$GUEST_KERNEL" --host-root --nics=2 --nic-model=e1000 --memory=1792 \
        -- "$self" --guest "$dir" "$@"
}

# Runs the command '$2'... and keeps what it prints.  Adds '$1' to $broken if
# it fails.
logged () {
    name=$1
    shift
    rm -f "$dir/$name.passed"
    { "$@" && : >"$dir/$name.passed"; } 2>&1 | tee "$dir/$name.out"
    test -e "$dir/$name.passed" || broken="$broken $name"
}

outer () {
    broken=
    require
    write_surroundings
    step "$("$vswitchd" --version | head -n 1), $vswitchd"
    # shellcheck disable=SC2086  # These are words.
    logged host unshare --net --mount --pid --fork --kill-child --mount-proc \
        -- "$self" --inner "$dir" ${TESTSUITEFLAGS-}

    skipped=$(tests_with_result skipped "$dir/host.out")
    : >"$dir/guest.out"
    if test -n "$skipped"; then
        step "what was skipped, in a virtual machine with NICs"
        # shellcheck disable=SC2086  # These are words.
        logged guest run_guest $skipped
    fi

    failed=$(count_result 'FAILED|UNEXPECTED PASS')
    passed=$(count_result 'ok|expected failure')
    skipped=$(($(tests_with_result skipped "$dir/host.out" | wc -l)
               - $(grep -cE '^ *[0-9]+: .* (ok|FAILED)' "$dir/guest.out")))
    echo "$passed passed, $failed failed, $skipped skipped"
    test "$failed" -eq 0 && test "$passed" -gt 0 && test -z "$broken"
}

# Main
# ----

OVS=$(readlink -f -- "${OVS-}")
vswitchd=$(readlink -f -- \
    "${CHECK_OVS_DPDK_VSWITCHD:-$OVS/vswitchd/ovs-vswitchd}")
case ${1-} in
-h | --help) usage; exit ;;
--inner | --guest)
    role=$1
    dir=$2
    shift 2
    ;;
*)
    test $# -eq 1 || die "needs a directory (use --help for help)"
    role=outer
    dir=$(readlink -f -- "$1")
    ;;
esac

case $role in
outer) outer ;;
--inner)
    set_up_namespaces || die "could not set up the namespaces"
    run_suite "$@"
    ;;
--guest) guest "$@" ;;
esac
