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

# Makes the Open vSwitch tree that the plugin is compiled against and loaded
# by: unpacks the source, applies the series for its version, copies the
# overlay, configures and builds.
#
# ./configure calls "find", "version" and "check", so that what cannot be built
# is refused early.  The Makefile calls "build" in each run of make: it looks
# at what the tree was made of, which takes a fraction of a second, and does
# only what is missing.  It keeps three stamps in the tree:
#
#     .stamp-source     What was unpacked and patched, see source_stamp().
#     .stamp-configure  The arguments of configure, one a line.  Objects of the
#                       plugin depend on it.
#     .stamp-build      Empty; exists while the build is complete.

set -eu

patches=$(cd "$(dirname "$0")" && pwd)
default_source=/usr/src/openvswitch/openvswitch.tar
verbose=${VERBOSE-false}
make=${MAKE-make}

usage () {
    cat <<USAGE
$(basename "$0"): make the Open vSwitch tree for the plugin
usage: $(basename "$0") [--patches=DIR] COMMAND

  find                   print the name of the default source
  version SOURCE         print the version of SOURCE, a directory or a tarball,
                         if there is a patch series for it
  check TREE [ARG...]    print the version of TREE, if "build" has completed it
                         with today's series and overlay, and with those ARG
                         that are options
  build SOURCE TREE [ARG...]
                         bring TREE, a directory of its own, up to date with
                         SOURCE, the series, the overlay, and ARG, the
                         arguments for its configure

  --patches=DIR          directory that holds the series and the overlay
                         (default: that of this script)
  -h, --help             print this text

In the environment, VERBOSE=: shows all output, instead of collecting it in
TREE/*.log, and MAKE is the make program.
USAGE
}

die () {
    echo "$*" >&2
    exit 1
}

step () {
    printf '  OVS      %s\n' "$*"
}

# Runs the command $2... in $tree.  Its output goes to the log $1, of which the
# end is shown if the command fails.
logged () {
    log=$tree/$1
    shift
    if $verbose; then
        (cd "$tree" && "$@") || die "$tree: '$1' failed"
    else
        (cd "$tree" && "$@") >"$log" 2>&1 || failed "$1" "$log"
    fi
}

failed () {
    tail -n 25 "$2" >&2
    die "$tree: '$1' failed, the whole output is in $2"
}

# Source
# ------

find_source () {
    for source in "$default_source".*; do
        if test -f "$source"; then
            printf '%s\n' "$source"
            return
        fi
    done
    die "no Open vSwitch source: install openvswitch-source, which has\
 $default_source.*, or give --with-ovs-source=DIR|TARBALL"
}

# Prints configure.ac of $source.
configure_ac () {
    if test -d "$source"; then
        cat "$source/configure.ac"
    else
        tar -xOf "$source" --wildcards --no-wildcards-match-slash \
            '*/configure.ac' './*/configure.ac'
    fi 2>/dev/null
}

# Sets $version to that of $source.
read_version () {
    test -e "$source" || die "$source: no such file or directory"
    version=$(configure_ac | sed -n \
        's/^AC_INIT(\[*openvswitch\]*, *\[*\([0-9][0-9A-Za-z.+~-]*\).*/\1/p')
    test -n "$version" || die "$source: not the source of Open vSwitch\
 (its configure.ac does not say AC_INIT(openvswitch, VERSION, ...))"
    if test -d "$source" && test -e "$source/config.status"; then
        die "$source: source directory is configured, run 'make distclean'\
 there first (or --with-ovs-build=DIR reuses a tree built by this package)"
    fi
}

# Sets $series to the directory with the patches for $version.
find_series () {
    series=$patches/$version
    test -d "$series" || die "$1: no patch series for Open vSwitch $version,\
 there is one for:$(list_series)"
}

list_series () {
    for dir in "$patches"/[0-9]*/; do
        test ! -d "$dir" || printf ' %s' "$(basename "$dir")"
    done
}

# Prints a sum that changes with $source, cheaper than all of its content.
source_sum () {
    if test -d "$source"; then
        (cd "$source" && find . -path ./.git -prune -o -type f \
            -printf '%P %s %T@\n') | sort | cksum
    else
        cksum <"$source"
    fi
}

series_sum () {
    (cd "$series" && cksum ./*.patch) | cksum
}

# Prints the names of the files in the overlay, relative to it.
overlay_files () {
    (cd "$patches/overlay" && find . -type f) | sort
}

# Prints what the unpacked tree depends on.  A tree whose stamp differs is
# made anew, since patches cannot be relied on to come off again.
source_stamp () {
    printf 'source %s\nversion %s\nseries %s\noverlay %s\n' \
        "$source_id" "$version" "$(series_sum)" \
        "$(overlay_files | tr '\n' ' ')"
}

# Prints the value of $1 in the stamp of $tree, or nothing.
stamp_value () {
    test ! -f "$tree/.stamp-source" \
        || sed -n "s/^$1 //p" "$tree/.stamp-source"
}

# Steps
# -----

unpack () {
    step "unpack $version ($source)"
    rm -rf "$tree"
    mkdir -p "$tree"
    tree=$(cd "$tree" && pwd)
    if test -d "$source"; then
        case $tree/ in
        "$source"/*) die "$tree: is inside of the source $source" ;;
        esac
        (cd "$source" && tar -cf - --exclude=./.git .) | tar -xf - -C "$tree"
    else
        tar -xf "$source" -C "$tree" --strip-components=1
    fi
    for patch in "$series"/*.patch; do
        step "patch $(basename "$patch")"
        logged patch.log patch -p1 -F0 -f --no-backup-if-mismatch -i "$patch"
    done
    copy_overlay
    step autoreconf
    logged autoreconf.log autoreconf --install --force
    source_stamp >"$tree/.stamp-source"
}

# Copies the files of the overlay that differ from those in the tree, so that
# the others keep their time stamps.
copy_overlay () {
    for file in $(overlay_files); do
        if ! cmp -s "$patches/overlay/$file" "$tree/$file"; then
            step "copy ${file#./}"
            rm -f "$tree/.stamp-build"
            mkdir -p "$(dirname "$tree/$file")"
            cp "$patches/overlay/$file" "$tree/$file"
        fi
    done
}

build () {
    # Not all of the objects that automake prepares for are built by default.
    objects=$(find "$tree" -path '*/.deps/*.P*o' | wc -l)
    objects=$((objects / 10 * 10))
    step build
    if $verbose; then
        "$make" -C "$tree" V=1 || die "$tree: 'make' failed"
        : >"$tree/.stamp-build"
        return
    fi

    # The stamp tells whether make succeeded, the pipe hides its status.
    { "$make" -C "$tree" V=0 2>&1 && : >"$tree/.stamp-build"; } \
        | { n=0
            while IFS= read -r line; do
                printf '%s\n' "$line" >&3
                case $line in
                '  CC  '*)
                    n=$((n + 1))
                    test $((n % 25)) != 0 \
                        || step "build ($n of about $objects objects)"
                    ;;
                esac
            done 3>"$tree/build.log"; }
    test -e "$tree/.stamp-build" || failed "$make" "$tree/build.log"
    grep 'warning: ' "$tree/build.log" >&2 || :
    step 'build done'
}

# Commands
# --------

command_build () {
    test $# -ge 2 || die "build: needs SOURCE and TREE (--help tells more)"
    source=$1
    tree=$2
    shift 2

    # make -n, whose first word of flags has an 'n', runs this nevertheless.
    flags=${MAKEFLAGS-}
    case ${flags%% *} in
    -* | *=*) ;;
    *n*) return ;;
    esac

    source_id="$source $(source_sum)"
    if test "$source_id" = "$(stamp_value source)"; then
        version=$(stamp_value version)
    else
        read_version
    fi
    find_series "$source"

    # Objects do not depend on compiler flags, so other arguments for a
    # configured tree ask for another one, too.
    arguments=$(printf '%s\n' "$@")
    stamp=$(cat "$tree/.stamp-configure" 2>/dev/null) || stamp=$arguments
    if test "$(source_stamp)" != "$(cat "$tree/.stamp-source" 2>/dev/null)" \
            || test "$arguments" != "$stamp"; then
        unpack
    else
        copy_overlay
    fi
    if test ! -e "$tree/.stamp-configure"; then
        step configure
        logged configure.log ./configure "$@"
        printf '%s\n' "$arguments" >"$tree/.stamp-configure"
    fi
    test -e "$tree/.stamp-build" || build
}

command_check () {
    test $# -ge 1 || die "check: needs TREE (--help tells more)"
    tree=$1
    shift

    test -d "$tree" || die "$tree: no such directory"
    test -f "$tree/.stamp-source" \
        || die "$tree: not an Open vSwitch tree built by this package"
    version=$(stamp_value version)
    find_series "$tree"
    test "$(stamp_value series)" = "$(series_sum)" \
        || die "$tree: was patched with another series than $series"
    for file in $(overlay_files); do
        cmp -s "$patches/overlay/$file" "$tree/$file" \
            || die "$tree: its ${file#./} differs from $patches/overlay"
    done
    test -e "$tree/.stamp-build" \
        || die "$tree: its build is not complete, run 'make' where it is made"

    # The switch and the plugin must agree on where things are installed.
    for argument; do
        case $argument in
        --*) grep -qxF -e "$argument" "$tree/.stamp-configure" \
                 || die "$tree: was configured without $argument" ;;
        esac
    done
    printf '%s\n' "$version"
}

# The shell has read all of this before it runs any of it, so that the file may
# change while Open vSwitch is built.
main () {
    while :; do
        case ${1-} in
        --patches=*)
            patches=$(cd "${1#*=}" && pwd)
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            break
            ;;
        esac
    done

    command=${1-}
    test $# = 0 || shift
    case $command in
    find)
        find_source
        ;;
    version)
        test $# = 1 || die "version: needs SOURCE (--help tells more)"
        source=$1
        read_version
        find_series "$source"
        printf '%s\n' "$version"
        ;;
    check)
        command_check "$@"
        ;;
    build)
        command_build "$@"
        ;;
    *)
        die "'$command': unknown command (--help tells more)"
        ;;
    esac
}

main "$@"; exit
