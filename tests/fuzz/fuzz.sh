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

# Compiles and runs the fuzzers, see automake.mk.  Called by 'make fuzz' and
# 'make fuzz-corpus'.

set -u

program='fuzz'
work='tests/fuzz/work'
findings='tests/fuzz/findings'
LC_ALL=C
export LC_ALL

die () {
    echo "$program: $*" >&2
    exit 1
}

usage () {
    cat <<USAGE
$program: look for inputs that break the plugin
usage: fuzz.sh run|corpus NAME...

NAME is what is behind 'fuzz-' in the name of a fuzzer.  'run' runs each,
'corpus' makes its corpus as small as possible.  In the environment:
  CLANG                    the compiler, 'clang' by default
  FUZZ_CPPFLAGS            its flags
  FUZZ_LINK                libtool, to link with
  FUZZ_LIBS                libraries
  PYTHON3                  the interpreter of Python
  SRCDIR                   the source tree
  TIME                     seconds for each fuzzer
USAGE
}

sanitizers='-fsanitize=address,undefined -fno-sanitize-recover=all'

# Compiles '$1' to the object '$2', unless it is up to date, with more flags.
compile () {
    source=$SRCDIR/$1
    object=$work/obj/$2.o
    shift 2
    if test -e "$object" \
       && test -z "$(find "$source" "$SRCDIR"/lib/*.h \
                          "$SRCDIR"/tests/fuzz/*.h -newer "$object")"; then
        return
    fi
    # shellcheck disable=SC2086  # These are lists.
    $CLANG -g -O1 -fno-omit-frame-pointer $sanitizers \
        -fsanitize=fuzzer-no-link $FUZZ_CPPFLAGS "$@" \
        -c -o "$object" "$source" || die "'$source' does not compile"
}

# Compiles the walk of '$1' rings for the CPU '$2', with more flags.
compile_walk () {
    kind=$1
    cpu=$2
    shift 2
    compile "lib/dpdk-vring-$kind.c" "dpdk-vring-$kind-$cpu" \
        "-DVRING_WALK_CPU=$cpu" "$@"
}

# Compiles everything but the fuzzers.
build () {
    mkdir -p $work/obj $work/bin || die "cannot write to $work"
    echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' > $work/probe.c
    $CLANG -fsanitize=fuzzer,address -o $work/probe $work/probe.c 2>/dev/null \
        || die "needs clang with libFuzzer: install the packages clang and" \
               "libclang-rt-14-dev (or that of your version of clang)"

    for name in dpdk-eal-args dpdk-eal-keys dpdk-eth-hint dpdk-log \
                dpdk-memory dpdk-mempool-conf dpdk-vhost-message \
                dpdk-vhost-wire dpdk-vring dpdk-vring-offload \
                dpdk-vring-packed dpdk-vring-pieces dpdk-vring-split; do
        compile lib/$name.c $name
    done
    for kind in packed split; do
        compile_walk $kind log -DVRING_WALK_LOGS
    done
    if test "$(uname -m)" = x86_64; then
        # As in lib/automake.mk.
        v2='-mssse3 -msse4.1 -msse4.2 -mpopcnt'
        v3="$v2 -mavx2 -mbmi -mbmi2 -mfma"
        v4="$v3 -mavx512f -mavx512bw -mavx512dq -mavx512vl"
        # shellcheck disable=SC2086  # These are lists.
        for kind in packed split; do
            compile_walk $kind v2 $v2
            compile_walk $kind v3 $v3
            compile_walk $kind v4 $v4
        done
    fi
    for name in vring-check vring-fuzz vring-model vring-race; do
        compile tests/fuzz/$name.c $name
    done
}

# Links the fuzzer '$1'.
link () {
    compile "tests/fuzz/fuzz-$1.c" "fuzz-$1"
    case $1 in
        vring-*) objects="$work/obj/dpdk-vring*.o $work/obj/vring-*.o" ;;
        *) objects="$work/obj/dpdk-[elm]*.o $work/obj/dpdk-vhost-*.o" ;;
    esac
    # shellcheck disable=SC2086  # These are lists.
    $FUZZ_LINK $CLANG $sanitizers -fsanitize=fuzzer -o "$work/bin/fuzz-$1" \
        "$work/obj/fuzz-$1.o" $objects $FUZZ_LIBS || die "fuzz-$1: cannot link"
}

# Unpacks the corpus of '$1'.
unpack () {
    rm -rf "$work/seeds/$1"
    mkdir -p "$work/seeds/$1" "$work/inputs/$1"
    "$PYTHON3" "$SRCDIR/tests/fuzz/corpus.py" unpack \
        "$SRCDIR/tests/fuzz/corpus/$1.hex" "$work/seeds/$1" || exit 1
}

# Prints the number behind '$1' in the last line of the file '$2' that has it.
last_number () {
    sed -n "s/.*$1 *\\([0-9]\\{1,\\}\\).*/\\1/p" "$2" | tail -n 1
}

# Runs the fuzzer '$1'.  Returns false if it found something.
run () {
    log=$work/$1.log
    mkdir -p "$findings"
    before=$(find "$findings" -name "$1-*" | wc -l)
    echo "fuzz-$1: for $TIME s, see $log"
    "$work/bin/fuzz-$1" -max_total_time="$TIME" -max_len=400 -timeout=10 \
        -print_final_stats=1 -artifact_prefix="$findings/$1-" \
        "$work/inputs/$1" "$work/seeds/$1" >"$log" 2>&1 </dev/null &
    pid=$!
    trap 'kill $pid; exit 1' INT TERM
    seconds=0
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
        if test $((seconds % 30)) = 0; then
            grep ' cov: ' "$log" | tail -n 1 | sed "s/^/fuzz-$1: /"
        fi
    done
    wait "$pid"
    status=$?
    trap - INT TERM
    found=$(($(find "$findings" -name "$1-*" | wc -l) - before))
    if test "$status" != 0 && test "$found" = 0; then
        found=1
    fi
    executions=$(last_number 'number_of_executed_units:' "$log")
    edges=$(last_number ' cov:' "$log")
    echo "fuzz-$1: ${executions:-0} executions, ${edges:-0} edges," \
         "$found findings"
    if test "$status" != 0; then
        grep -E 'violated:|ERROR:|runtime error:|Test unit written' "$log"
        return 1
    fi
}

# Makes the corpus of '$1' what covers the same edges with the fewest inputs.
corpus () {
    rm -rf "$work/merged"
    mkdir -p "$work/merged"
    "$work/bin/fuzz-$1" -set_cover_merge=1 -use_counters=0 -max_len=400 \
        -timeout=10 "$work/merged" "$work/seeds/$1" "$work/inputs/$1" \
        >"$work/$1-merge.log" 2>&1 || die "fuzz-$1: see $work/$1-merge.log"
    "$PYTHON3" "$SRCDIR/tests/fuzz/corpus.py" pack \
        "$SRCDIR/tests/fuzz/corpus/$1.hex" "$work/merged" || exit 1
    echo "fuzz-$1: $(find "$work/merged" -type f | wc -l) inputs"
}

if test "${1:-}" = --help; then
    usage
    exit 0
fi
case ${1:-} in
    run | corpus) ;;
    *) usage >&2; exit 1 ;;
esac
action=$1
shift
: "${CLANG:=clang}" "${FUZZ_CPPFLAGS:=}" "${FUZZ_LINK:=}" "${FUZZ_LIBS:=}"
: "${PYTHON3:=python3}" "${SRCDIR:=.}" "${TIME:=600}"

build
status=0
for fuzzer; do
    link "$fuzzer"
    unpack "$fuzzer"
    case $action in
        run) run "$fuzzer" || status=1 ;;
        corpus) corpus "$fuzzer" ;;
    esac
done
exit $status
