# shellcheck shell=sh
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

# Functions for the bodies of tests/system-churn.at, beside those of
# tests/system-lib.sh: traffic that must not suffer from what a test does, and
# what the switch must not keep of it.

# shellcheck disable=SC2154  # Set by tests/system-lib.sh.

# How often a port comes and goes.
cycles=${CHURN_CYCLES:-500}

# How much the switch may grow after the first fifth, in kB: the C library
# gives freed memory back to the system when it likes to, and AddressSanitizer
# keeps the last 256 MB of it.  ThreadSanitizer has four bytes of its own for
# each one that was ever used, which are gigabytes, and so no limit.
case ${SANITIZERS-no} in
no) tolerance=4096 ;;
*thread*) tolerance=$((1 << 40)) ;;
*) tolerance=$((256 * 1024)) ;;
esac

# Traffic
# -------

# Starts two applications on v0 and v1, the first one with the mode '$1', the
# second one with '$2', that do not end by themselves.
start_traffic () {
    add_bridge br0
    connect br0 1 2
    add_port br0 v0 1 dpdkvhostuser
    add_port br0 v1 2 dpdkvhostuser
    start_peer t1 --socket="$run/v1" --queue-size=1024 --id=1 "$2" 1000000000
    peer_ready t1
    # Nobody waits for a receiver without acknowledgements, so leave it half a
    # second before its ring is full.
    rate=10000
    test "$1" = exchange || rate=2000
    start_peer t0 --socket="$run/v0" --queue-size=1024 --id=0 --rate=$rate \
        "$1" 1000000000
    peer_ready t0
    # What the test does goes first on the CPU that they share, unless packets
    # come whether somebody waits for them or not.
    # shellcheck disable=SC2154  # Set by eval.
    test "$1" != exchange ||
        renice -n 19 -p "$peer_pid_t0" "$peer_pid_t1" >/dev/null
    wait_until stat_reached v0 rx_packets 1000
}

# Ends it.  Both applications send nothing more but wait for what is on its
# way.  All has to arrive, with '$1' but what the core of the switch counts as
# dropped.
stop_traffic () {
    before=$(stat v0 rx_packets)
    wait_until stat_reached v0 rx_packets $((before + 1000))
    kill -s TERM "$peer_pid_t0" "$peer_pid_t1"
    wait "$peer_pid_t0" "$peer_pid_t1" || :
    drops=0
    test -z "${1-}" || drops=$(core_drops)
    sent=$(($(peer_value t0 sent) + $(peer_value t1 sent)))
    received=$(($(peer_value t0 unchanged) + $(peer_value t1 unchanged)))
    echo "traffic: $sent packets, of which the core dropped $drops"
    equal_stat v1 tx_dropped 0
    equal "received" "$received" $((sent - drops))
    equal "packets in use" \
        "$(ovs-appctl netdev-dpdk/get-mempool-info v0 \
               | sed -n 's/.*in use (\([0-9]*\)).*/\1/p')" 0
}

# Resources
# ---------

# Prints how many of those the switch has that have to be the same after a port
# has come and gone.
resources () {
    pid=$(switch_pid)
    echo "pools: $(ovs-appctl netdev-dpdk/get-mempool-info \
                       | grep -c '^mempool <')"
    echo "devices: $(ovs-appctl dpctl/show | grep -c '^ *port ')"
    # By kind, so that a difference says what it is.  Open vSwitch keeps a pool
    # of netlink sockets, as many as were ever used at once.
    find "/proc/$pid/fd" -mindepth 1 ! -lname '*/memfd:seg_*' \
        ! -lname '*/hugepages/*' -printf 'file %l\n' |
        awk 'NR == FNR { netlink["socket:[" $10 "]"]; next }
             !($2 in netlink)' "/proc/$pid/net/netlink" - |
        sed 's/\[[0-9]*\]//; s/[0-9][0-9]*//g' | sort | uniq -c
    echo "threads: $(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)"
    echo "sockets: $(find "$run" -type s | wc -l)"
}

# Prints how many pieces of memory DPDK has, which are files, too: one more or
# less may be left where its heap is in pieces.
segments () {
    find "/proc/$(switch_pid)/fd" -mindepth 1 \( -lname '*/memfd:seg_*' \
        -o -lname '*/hugepages/*' \) | wc -l
}
max_segments=4

rss () {
    sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' \
        "/proc/$(switch_pid)/status"
}

# Writes to the file '$1' what the switch has once that does not change any
# more: connections and threads end some time after a port.
settled () {
    # With ThreadSanitizer, all takes longer.
    case $SANITIZERS in
    *thread*) pause=5 ;;
    *) pause=0.5 ;;
    esac
    resources >"$1"
    while :; do
        sleep $pause
        resources >"$1.again"
        ! cmp -s "$1" "$1.again" || break
        mv "$1.again" "$1"
    done
}

# What the switch has at this point, it may have in the end.
warm () {
    settled warm
    warm_rss=$(rss)
    warm_segments=$(segments)
}

# Fails unless the switch has come back to what it had.
nothing_left () {
    settled end
    cmp -s warm end || fail "$(diff warm end)"
    grown=$(($(segments) - warm_segments))
    test $grown -le $max_segments || fail "DPDK has $grown more segments"
    grown=$(($(rss) - warm_rss))
    echo "resident memory: $warm_rss kB, $grown kB more in the end"
    test $grown -le $tolerance || fail "the switch has grown by $grown kB"
}

# Ports
# -----

# Prints the interfaces that have an error.
errors () {
    ovs-vsctl --bare --columns=name,error find interface 'error!=[]'
}

# Adds and removes ports $cycles times, ten at a time: "add_command N" prints
# what adds the port pN.
cycle_ports () {
    batch=10
    adds='' dels=''
    for i in $(seq $batch); do
        adds="$adds $(add_command "$i")"
        dels="$dels -- del-port p$i"
    done
    for round in $(seq $((cycles / batch))); do
        # shellcheck disable=SC2086  # These are words.
        ovs-vsctl $adds
        equal "errors" "$(errors)" ""
        # shellcheck disable=SC2086  # These are words.
        ovs-vsctl $dels
        test "$round" -ne $((cycles / batch / 5)) || warm
    done
}
