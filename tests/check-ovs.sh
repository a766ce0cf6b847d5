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
# Runs Open vSwitch's own test suite, its 'make check', on the patched tree
# and, for comparison, on one without our patches.  Called by 'make check-ovs'.

set -u

program='check-ovs'
LC_ALL=C
export LC_ALL

die () {
    echo "$program: $*" >&2
    exit 1
}

usage () {
    cat <<USAGE
$program: run Open vSwitch's own test suite
usage: check-ovs.sh DIR

DIR is for the results.  In the environment:
  OVS                      the patched tree, built
  UNPATCHED                a tree without the patches, built in the same way
  TESTSUITEFLAGS           which tests to run, and other options of the suite
USAGE
}

# Prints the results in the output '$1' of a suite, without what differs from
# run to run: one line "NUMBER: NAME RESULT" for each test.
results () {
    any='ok|FAILED|skipped|expected failure|UNEXPECTED PASS'
    sed -nE "s/^ *([0-9]+: .*) ($any)( \\(.*\\))?\$/\\1 \\2/p" "$1" \
        | tr -s ' ' | sort -n
}

# Prints how many tests have a result that matches '$2' in the file '$1'.
count () {
    grep -cE " ($2)\$" "$1"
}

# Runs the suite of the tree '$2', and sets $failed to how many tests fail.
run_suite () {
    name=$1
    tree=$2
    test -e "$tree/vswitchd/ovs-vswitchd" \
        || die "$tree: not a built tree of Open vSwitch"
    echo "== $name: $tree =="

    # A plugin or a switch of the caller has no place in these tests.
    env -u OVS_PLUGINDIR -u OVS_RUNDIR -u OVS_LOGDIR -u OVS_DBDIR \
        -u OVS_SYSCONFDIR -u OVS_PKGDATADIR -u MAKEFLAGS -u MFLAGS \
        "${MAKE-make}" -C "$tree" --no-print-directory V=0 check \
        TESTSUITEFLAGS="${TESTSUITEFLAGS-}" 2>&1 | tee "$dir/$name.out"
    results "$dir/$name.out" >"$dir/$name.results"
    failed=$(count "$dir/$name.results" 'FAILED|UNEXPECTED PASS')
    passed=$(count "$dir/$name.results" 'ok|expected failure')
    skipped=$(count "$dir/$name.results" skipped)
    summary="$summary
$name: $passed passed, $failed failed, $skipped skipped"
    test $((passed + failed)) -gt 0 || die "$tree: no test was run"
}

case ${1-} in
-h | --help) usage; exit ;;
esac
test $# -eq 1 || die "needs a directory (use --help for help)"
mkdir -p "$1" || exit 1
dir=$(readlink -f -- "$1")
summary=
if test -z "${UNPATCHED-}"; then
    run_suite patched "${OVS-}"
    echo "$summary"
    test "$failed" -eq 0
    exit
fi
run_suite unpatched "$UNPATCHED"
run_suite patched "${OVS-}"
echo "$summary"
echo "== what is different =="
diff "$dir/unpatched.results" "$dir/patched.results" && echo "nothing"
