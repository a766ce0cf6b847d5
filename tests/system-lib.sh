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

# Functions for the bodies of system tests, each of which is a script of its
# own that runs in ovs-dpdk-sandbox, see DPDK_SYSTEM_TEST in
# tests/system-testsuite.at.
#
# A body runs under "set -eu": a command that fails ends the test.  What it
# started in the background ends with the sandbox.

# shellcheck disable=SC2034  # For the bodies.
run=$OVS_RUNDIR
# shellcheck disable=SC2154  # Exported by tests/atlocal.
srcdir=$abs_top_srcdir
log=$OVS_DPDK_SANDBOX_LOG

fail () {
    echo "FAIL: $*" >&2
    exit 1
}

# Shows what helps to see why a test failed.
explain () {
    status=$?
    test $status -ne 0 || exit 0
    echo "== state of the switch =="
    ovs-vsctl --timeout=5 --columns=name,type,error,status,statistics \
        list interface || :
    ovs-appctl --timeout=5 dpctl/dump-flows || :
    echo "== end of the log =="
    tail -n 40 "$log" || :
    for out in *.out; do
        test ! -s "$out" || { echo "== $out =="; tail -n 10 "$out"; }
    done
    exit $status
}
trap explain EXIT

# Waits until the command "$@" succeeds, up to a minute.
wait_until () {
    tries=600
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        test $tries -gt 0 || fail "not within a minute: $*"
        sleep 0.1
    done
}

# equal WHAT ACTUAL EXPECTED
equal () {
    test "$2" = "$3" || fail "$1 is '$2', not '$3'"
}

# between WHAT ACTUAL LOW HIGH
between () {
    if test "$2" -lt "$3" || test "$2" -gt "$4"; then
        fail "$1 is $2, not between $3 and $4"
    fi
}

# Configuration
# -------------

# Adds a bridge $1 that forwards nothing until a flow says so.
add_bridge () {
    ovs-vsctl add-br "$1" \
        -- set bridge "$1" datapath_type=netdev fail-mode=secure
}

# add_port BRIDGE PORT OFPORT TYPE [COLUMN=VALUE]...
#
# Adds a port that has to come up without an error.
add_port () {
    port_bridge=$1 port=$2 ofport=$3 type=$4
    shift 4
    ovs-vsctl add-port "$port_bridge" "$port" \
        -- set interface "$port" type="$type" ofport_request="$ofport" "$@"
    equal "ofport of $port" "$(get "$port" ofport)" "$ofport"
    equal "error of $port" "$(get "$port" error)" "[]"
}

# Adds a tap port $2 as OpenFlow port $3 to bridge $1, and brings it up.
add_tap () {
    add_port "$1" "$2" "$3" tap
    ip link set "$2" up
}

# Forwards between OpenFlow ports $2 and $3 of bridge $1.
connect () {
    ovs-ofctl add-flow "$1" "in_port=$2,actions=output:$3"
    ovs-ofctl add-flow "$1" "in_port=$3,actions=output:$2"
}

# Prints column $2 of interface $1, or, of a map, the value of $3.
get () {
    ovs-vsctl get interface "$1" "$2${3:+:$3}" | sed 's/^"\(.*\)"$/\1/'
}

# Prints other_config and other columns of the table Open_vSwitch.
get_switch () {
    ovs-vsctl get Open_vSwitch . "$1" | sed 's/^"\(.*\)"$/\1/'
}

# Prints statistic $2 of interface $1 as the port has it now.  The database
# follows only after a while, unless it is asked to.
stat () {
    ovs-appctl --timeout=10 dpctl/show -s netdev@ovs-netdev \
        | awk -v port="$1" -v key="$2" '
            $1 == "port" { found = $3 == port }
            found {
                for (i = 1; i <= NF; i++) {
                    if ($i == "RX" || $i == "TX") {
                        direction = tolower($i)
                    } else if (split($i, pair, ":") == 2) {
                        value[direction "_" pair[1]] = pair[2]
                    }
                }
            }
            END { print value[key] }'
}

# equal_stat PORT STATISTIC VALUE
equal_stat () {
    equal "$2 of $1" "$(stat "$1" "$2")" "$3"
}

# Prints the custom statistic $3 of interface $2 of bridge $1 as the port has it
# now.
custom_stat () {
    ovs-ofctl -O OpenFlow15 dump-ports "$1" "$2" \
        | sed -n "s/.*\<$3=\([0-9]*\).*/\1/p"
}

# Is the custom statistic $3 of interface $2 of bridge $1 at least $4?
custom_reached () {
    test "$(custom_stat "$1" "$2" "$3")" -ge "$4"
}

# Is $1 the sum of the statistics $3... of interface $2?
sum_is () {
    sum=$1 sum_port=$2
    shift 2
    for statistic in "$@"; do
        sum=$((sum - $(stat "$sum_port" "$statistic")))
    done
    test "$sum" -eq 0
}

# Prints what dpctl/show shows of $2 in the configuration of interface $1.
config () {
    ovs-appctl --timeout=10 dpctl/show netdev@ovs-netdev \
        | sed -n "s/^  port [0-9]*: $1 (.*[ (]$2=\([^,)]*\).*/\1/p"
}

# Is statistic $2 of interface $1 at least $3?
stat_reached () {
    test "$(stat "$1" "$2")" -ge "$3"
}

# Prints how many packets the core of the switch dropped, which does so while
# it takes a port into use.
core_drops () {
    ovs-appctl coverage/show | awk '
        $1 ~ /^datapath_drop_/ {
            sum += $NF
        }
        END { print sum + 0 }'
}

# Did all packets from ports $1 and $2 go to the other one, or are they counted
# as dropped?
nothing_lost () {
    in=0 out=$(core_drops)
    for port in "$1" "$2"; do
        in=$((in + $(stat "$port" rx_packets)))
        out=$((out + $(stat "$port" tx_packets) + $(stat "$port" tx_dropped)))
    done
    test "$in" -eq "$out"
}

# Is $2 the link state of interface $1?
link_is () {
    test "$(get "$1" link_state)" = "$2"
}

# Is $2 the administrative state of interface $1?
admin_is () {
    test "$(get "$1" admin_state)" = "$2"
}

# Is $2 the status of the connection of interface $1?
status_is () {
    test "$(get "$1" status status)" = "$2"
}

# Do the packets of all of the $2 rings of interface $1 go the way $3?
rings_are () {
    rings_vring=0
    while test "$rings_vring" -lt "$2"; do
        test "$(get "$1" status "vring_${rings_vring}_datapath")" = "$3" ||
            return 1
        rings_vring=$((rings_vring + 1))
    done
}

# Is $2 the MTU of interface $1?
mtu_is () {
    test "$(get "$1" mtu)" = "$2"
}

# The process of the switch.
switch_pid () {
    cat "$OVS_DPDK_SANDBOX_PIDFILE"
}

# Prints $2 of the pool of port $1: name or populated_size.
pool () {
    ovs-appctl netdev-dpdk/get-mempool-info "$1" | tr '@<>' '   ' \
        | awk -v key="$2" '
            $1 == "mempool" && key == "name" {
                print $2
            }
            index($1, key "=") == 1 {
                sub(/.*=/, "")
                print
            }' \
        | grep .
}

# Does the error of interface $1 match the regular expression $2?
error_matches () {
    get "$1" error | grep -q "$2"
}

# Has interface $1 no error?
error_is_gone () {
    test "$(get "$1" error)" = "[]"
}

# Prints how many lines of the log match the regular expression $1.
count_log () {
    grep -c "$1" "$log" || :
}

# Do at least $2 lines of the log match $1?
log_reached () {
    test "$(count_log "$1")" -ge "$2"
}

# logged N REGEX: N lines of the log match REGEX, as soon as the switch has
# written them, for which it has a thread of its own.
logged () {
    wait_until log_reached "$2" "$1"
    equal "number of lines '$2'" "$(count_log "$2")" "$1"
}

# Do any lines of the log from line $2 on match $1?
log_matches () {
    tail -n "+${2-1}" "$log" | grep -q "$1"
}

# Skips a test that cannot do without hugepages.
needs_hugepages () {
    test "$OVS_DPDK_SANDBOX_HUGE" = yes || exit 77
}

# Packets
# -------

# Neither the kernel's neighbour discovery nor multicast reports are to be
# counted.
for conf in all default; do
    echo 1 >"/proc/sys/net/ipv6/conf/$conf/disable_ipv6"
done

frames () {
    python3 "$srcdir/tests/system-frames.py" "$@"
}

# Applications
# ------------

# Starts ovs-dpdk-peer with arguments $2... in the background, and waits until
# it is connected.  Its output goes to $1.out.
start_peer () {
    peer_name=$1
    shift
    if test "$OVS_DPDK_SANDBOX_HUGE" = no; then
        set -- --no-huge "$@"
    fi
    ovs-dpdk-peer "$@" >"$peer_name.out" 2>"$peer_name.err.out" &
    eval "peer_pid_$peer_name=$!"
}

# Waits until peer $1 is ready for packets.
peer_ready () {
    eval "pid=\$peer_pid_$1"
    tries=300
    until grep -q '^peer: ready' "$1.out"; do
        # shellcheck disable=SC2154  # Set by eval.
        kill -0 "$pid" || fail "peer $1 ended before it was ready"
        tries=$((tries - 1))
        test $tries -gt 0 || fail "peer $1 is not ready after 30 seconds"
        sleep 0.1
    done
}

# Waits until peer $1 ends, successfully.
peer_pass () {
    eval "pid=\$peer_pid_$1"
    wait "$pid" || fail "peer $1 failed: $(tail -n 1 "$1.out")"
}

# Ends peer $1, which has to end successfully.
peer_stop () {
    eval "kill -s TERM \$peer_pid_$1"
    peer_pass "$1"
}

# Prints the value of $2 in the last line of peer $1.
peer_value () {
    sed -n "\$s/.* $2=\([^ ]*\).*/\1/p" "$1.out"
}

# Virtual machines
# ----------------

# Starts a virtual machine with arguments $2... for tests/guest.py.  Its output
# goes to $1.out.
start_guest () {
    guest_name=$1
    shift
    python3 "$srcdir/tests/guest.py" run --kernel="$GUEST_KERNEL" "$@" \
        >"$guest_name.out" 2>"$guest_name.err.out" &
    eval "guest_pid_$guest_name=$!"
}

# Waits until guest $1 ends, successfully.
guest_pass () {
    eval "pid=\$guest_pid_$1"
    wait "$pid" || fail "guest $1 failed: $(tail -n 3 "$1.out")"
}

# Serves a file of 3.4 MB over HTTP from all addresses of the sandbox, and writes
# numbers.sh, the script of a guest that has the addresses "$1" and the MTU $2,
# serves the same file, and fetches it from each of the addresses "$3".
serve_numbers () {
    mkdir www
    seq 500000 >www/numbers
    busybox httpd -h www -p 80
    cat >numbers.sh <<'SCRIPT'
set -e
# Who answers a ping has the file.
mkdir /www
seq 500000 >/www/numbers
httpd -h /www
for address in $1; do
    ip addr add $address/24 dev eth0
done
ip link set eth0 mtu $2
ip link set eth0 up
for peer in $3; do
    until ping -c 1 -W 1 $peer >/dev/null; do sleep 1; done
    wget -q -O numbers http://$peer/numbers
    cmp numbers /www/numbers
    echo "guest: has the numbers of $peer"
done
echo "guest: done"
sleep 1000
SCRIPT
}

# Fetches the file of serve_numbers from the guest with address $1.
fetch_numbers () {
    timeout 30 wget -q -O fetched "http://$1/numbers"
    cmp fetched www/numbers
}
