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

# Builds an in-tree switch from the untouched source of Open vSwitch, with
# DPDK, for ovs-dpdk-bench to compare with.  Called by 'make bench-peer'.

set -eu

program='bench-peer'

usage () {
    cat <<USAGE
$program: build an in-tree switch to compare with
usage: bench-peer.sh SOURCE TREE [ARG]...

SOURCE is a directory or a tarball, TREE the directory to build in, and ARG go
to Open vSwitch's configure.  Does nothing if that has been done before.
USAGE
}

die () {
    echo "$program: $*" >&2
    exit 1
}

# Runs the command '$2'... in $tree, with its output in the log '$1', and shows
# the end of that if it fails.
logged () {
    log=$1
    shift
    printf '  PEER     %s\n' "$1"
    if ! (cd "$tree" && "$@") >"$tree/$log" 2>&1; then
        tail -n 25 "$tree/$log" >&2
        die "'$1' failed, the whole output is in $tree/$log"
    fi
}

unpack () {
    rm -rf "$tree"
    mkdir -p "$tree"
    if test -d "$source"; then
        (cd "$source" && tar -cf - --exclude=./.git .) | tar -xf - -C "$tree"
    else
        tar -xf "$source" -C "$tree" --strip-components=1
    fi
}

case ${1-} in
-h | --help) usage; exit ;;
esac
test $# -ge 2 || die "needs a source and a tree (use --help for help)"
source=$1
tree=$2
shift 2
test -e "$source" || die "$source: no such file or directory"

stamp=$(printf '%s\n' "$source" "$@")
if test "$(cat "$tree/.stamp-peer" 2>/dev/null)" != "$stamp"; then
    unpack
    tree=$(cd "$tree" && pwd)
    logged autoreconf.log autoreconf --install --force
    logged configure.log ./configure "$@" --with-dpdk=shared
    logged build.log "${MAKE:-make}" V=0
    printf '%s\n' "$stamp" >"$tree/.stamp-peer"
fi
peer=$(cd "$tree" && pwd)/vswitchd/ovs-vswitchd
test -x "$peer" || die "$peer: was not built"
echo "$peer is ready.  Compare with it by:"
echo "make bench BENCHFLAGS='--peer=$peer --same-source'"
