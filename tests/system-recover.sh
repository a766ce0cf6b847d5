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

# Functions for the bodies of tests/system-recover.at, beside those of
# tests/system-lib.sh: a switch that dies, and its guests.

# shellcheck disable=SC2154  # Set by tests/system-lib.sh.

# Adds eight ports of each role to a bridge that forwards broadcasts, and sets
# $guests to who connects to them.
add_guests () {
    ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
    guests=
    for i in 1 2 3 4 5 6 7 8; do
        add_port br0 "s$i" "$i" dpdkvhostuser
        add_port br0 "c$i" $((10 + i)) dpdkvhostuserclient \
            options:vhost-server-path="$run/c$i"
        guests="$guests server:$run/s$i client:$run/c$i"
    done
}

# Ends the switch by the signal '$1' under load and starts it again, with the
# command '$2' in between.  Other arguments go to tests/hostile/recover.py.
crash () {
    signal=$1 between=$2
    shift 2
    # shellcheck disable=SC2086  # These are words.
    python3 "$srcdir/tests/hostile/recover.py" $guests "$@" \
        --signal="$signal" --command="
            ovs-dpdk-sandbox --stop-switch --signal=$signal &&
            $between && ovs-dpdk-sandbox --start-switch"
}
