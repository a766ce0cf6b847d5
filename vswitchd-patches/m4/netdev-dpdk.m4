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

# Macros of configure.ac, in the order in which it uses them.

m4_ifndef([PKG_CHECK_MODULES],
  [m4_fatal([pkg.m4 is missing: install pkg-config (or pkgconf)])])

# NETDEV_DPDK_CCACHE
#
# Compiles through ccache where there is one.  Comes before LT_INIT, which
# stores $CC in libtool.
AC_DEFUN([NETDEV_DPDK_CCACHE],
  [AC_ARG_ENABLE([ccache],
     [AS_HELP_STRING([--disable-ccache],
        [do not use ccache (default: use it if it is installed)])])
   AS_IF([test "x$enable_ccache" != xno],
     [AC_CHECK_PROG([CCACHE], [ccache], [ccache])
      AS_CASE([$CC],
        [*ccache*], [],
        [CC="${CCACHE:+$CCACHE }$CC"])])])

# NETDEV_DPDK_DISTRIBUTION_DIRS
#
# With --prefix=/usr, turns the directories that were not chosen into those
# that a distribution uses, and makes all of them absolute, for Open vSwitch to
# be configured with the same ones.
AC_DEFUN([NETDEV_DPDK_DISTRIBUTION_DIRS],
  [AS_IF([test "x$prefix" = xNONE], [prefix=$ac_default_prefix])
   AS_IF([test "x$exec_prefix" = xNONE], [exec_prefix=$prefix])
   AS_IF([test "x$prefix" = x/usr],
     [AS_IF([test "x$sysconfdir" = 'x${prefix}/etc'], [sysconfdir=/etc])
      AS_IF([test "x$localstatedir" = 'x${prefix}/var'],
        [localstatedir=/var])
      AS_IF([test "x$libdir" = 'x${exec_prefix}/lib'],
        [netdev_dpdk_multiarch=`$CC -print-multiarch 2>/dev/null`
         AS_IF([test -n "$netdev_dpdk_multiarch"],
           [libdir=/usr/lib/$netdev_dpdk_multiarch],
           [test -d /usr/lib64 && test ! -L /usr/lib64],
           [libdir=/usr/lib64])])])
   for netdev_dpdk_dir in bindir sbindir libdir includedir datarootdir \
                          mandir sysconfdir localstatedir; do
     eval netdev_dpdk_value=\$$netdev_dpdk_dir
     while :; do
       AS_CASE([$netdev_dpdk_value], [*'$'*],
         [eval "netdev_dpdk_value=\"$netdev_dpdk_value\""], [break])
     done
     eval "$netdev_dpdk_dir=\$netdev_dpdk_value"
   done
   AC_SUBST([plugindir], [$libdir/openvswitch/plugins])])

# NETDEV_DPDK_SANITIZERS
#
# Adds the flags of --enable-sanitizers to $CFLAGS, so that the switch and the
# plugin both get them.
AC_DEFUN([NETDEV_DPDK_SANITIZERS],
  [AC_ARG_ENABLE([sanitizers],
     [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
        [build the switch and the plugin with the sanitizers LIST, e.g.
         thread (default LIST: address,undefined)])],
     [], [enable_sanitizers=no])
   AS_CASE([$enable_sanitizers],
     [yes], [enable_sanitizers=address,undefined],
     [''], [enable_sanitizers=no])
   AS_IF([test "x$enable_sanitizers" != xno],
     [CFLAGS="$CFLAGS -fsanitize=$enable_sanitizers -fno-omit-frame-pointer"
      AC_MSG_CHECKING([whether $CC links with -fsanitize=$enable_sanitizers])
      AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no])
         AC_MSG_ERROR(m4_normalize([there is no such sanitizer, its library is
           missing, or they exclude each other]))])])
   AC_SUBST([enable_sanitizers])])

# NETDEV_DPDK_CHECK_CFLAG([FLAG])
#
# Adds FLAG to $WARNING_FLAGS if the compiler knows it.
AC_DEFUN([NETDEV_DPDK_CHECK_CFLAG],
  [AS_VAR_PUSHDEF([known], [netdev_dpdk_cv_flag_$1])
   AC_CACHE_CHECK([whether $CC accepts $1], [known],
     [netdev_dpdk_save_CFLAGS=$CFLAGS
      dnl For -Wno-x, gcc only complains about an unknown x beside another
      dnl warning, so ask for -Wx.
      CFLAGS="$CFLAGS -Werror m4_bpatsubst([$1], [^-Wno-], [-W])"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
        [AS_VAR_SET([known], [yes])], [AS_VAR_SET([known], [no])])
      CFLAGS=$netdev_dpdk_save_CFLAGS])
   AS_VAR_IF([known], [yes], [WARNING_FLAGS="$WARNING_FLAGS $1"])
   AS_VAR_POPDEF([known])])

# NETDEV_DPDK_WARNINGS
#
# The warnings that Open vSwitch is compiled with, since its headers are
# written for them.  -fno-strict-aliasing is not a warning but a promise that
# these headers rely on.
AC_DEFUN([NETDEV_DPDK_WARNINGS],
  [AC_ARG_ENABLE([Werror],
     [AS_HELP_STRING([--enable-Werror],
        [treat warnings about the plugin as errors])])
   WARNING_FLAGS=
   m4_map_args([NETDEV_DPDK_CHECK_CFLAG],
     [-Wall], [-Wextra], [-Wno-sign-compare], [-Wpointer-arith],
     [-Wformat -Wformat-security], [-Wswitch-enum], [-Wswitch-bool],
     [-Wunused-parameter], [-Wbad-function-cast], [-Wcast-align],
     [-Wcast-align=strict], [-Wstrict-prototypes], [-Wold-style-definition],
     [-Wmissing-prototypes], [-Wmissing-field-initializers],
     [-Wlogical-not-parentheses], [-Wsizeof-array-argument],
     [-Wbool-compare], [-Wshift-negative-value], [-Wduplicated-cond],
     [-Wshadow], [-Wmultistatement-macros],
     [-Warray-bounds-pointer-arithmetic], [-Wno-null-pointer-arithmetic],
     [-Wthread-safety], [-fno-strict-aliasing])
   dnl ThreadSanitizer sees what atomic variables order, but not what fences do
   dnl in addition, which is no reason to do without them.
   AS_CASE([$enable_sanitizers],
     [*thread*], [NETDEV_DPDK_CHECK_CFLAG([-Wno-tsan])])
   AS_IF([test "x$enable_Werror" = xyes],
     [WARNING_FLAGS="$WARNING_FLAGS -Werror"])
   AC_SUBST([WARNING_FLAGS])])

# NETDEV_DPDK_LIBDPDK
#
# Finds DPDK.  Its headers are taken as system headers, for warnings in them
# not to count as ours.
AC_DEFUN([NETDEV_DPDK_LIBDPDK],
  [PKG_CHECK_MODULES([DPDK], [libdpdk >= 22.11], [],
     [AC_MSG_ERROR(m4_normalize([DPDK 22.11 or later is needed: install
        libdpdk-dev (Debian) or dpdk-devel (Fedora), or set PKG_CONFIG_PATH:
        $DPDK_PKG_ERRORS]))])
   DPDK_VERSION=`$PKG_CONFIG --modversion libdpdk`
   DPDK_CFLAGS=`AS_ECHO([" $DPDK_CFLAGS"]) | sed 's/ -I */ -isystem /g'`

   dnl ThreadSanitizer knows locks of compiler built-ins, not of assembly.
   AS_CASE([$enable_sanitizers],
     [*thread*], [DPDK_CFLAGS="$DPDK_CFLAGS -DRTE_FORCE_INTRINSICS"])

   dnl The machine that DPDK was built for.  An in-tree switch is compiled for
   dnl it, and faster for it: its hash function has an instruction of its own.
   dpdk_machine=
   for netdev_dpdk_flag in $DPDK_CFLAGS; do
     AS_CASE([$netdev_dpdk_flag], [-m*=*],
       [AS_VAR_APPEND([dpdk_machine], ["$netdev_dpdk_flag "])])
   done

   dnl libtool moves -Wl,--as-needed behind the libraries that it is for, so
   dnl the plugin's libraries go into one word with it.
   DPDK_PLUGIN_LIBS=-Wl,--as-needed
   for netdev_dpdk_lib in $DPDK_LIBS; do
     AS_CASE([$netdev_dpdk_lib], [-l*|-L*],
       [AS_VAR_APPEND([DPDK_PLUGIN_LIBS], [",$netdev_dpdk_lib"])])
   done
   AC_SUBST([DPDK_PLUGIN_LIBS])])

# NETDEV_DPDK_OVS
#
# Finds the source of Open vSwitch, or the tree that was built from it before,
# and what to configure it with.  build-ovs.sh knows what can be built.  The
# switch is compiled for the machine that DPDK needs, unless CFLAGS say
# otherwise.
AC_DEFUN([NETDEV_DPDK_OVS],
  [AC_ARG_WITH([ovs-source],
     [AS_HELP_STRING([--with-ovs-source=DIR|TARBALL],
        [source of Open vSwitch (default: the tarball of Debian's
         openvswitch-source)])])
   AC_ARG_WITH([ovs-build],
     [AS_HELP_STRING([--with-ovs-build=DIR],
        [use the Open vSwitch tree DIR, made before as 'ovs' in another build
         directory of this package])])
   AC_ARG_VAR([OVS_CONFIGURE_FLAGS],
     [further arguments for the configure script of Open vSwitch, which is
      built with the same compiler, flags and directories])
   OVS_CONFIGURE_ARGS=
   for netdev_dpdk_dir in prefix exec_prefix bindir sbindir libdir \
                          includedir datarootdir mandir sysconfdir \
                          localstatedir; do
     eval netdev_dpdk_value=\$$netdev_dpdk_dir
     AS_VAR_APPEND([OVS_CONFIGURE_ARGS],
       [" '--`AS_ECHO([$netdev_dpdk_dir]) | tr _ -`=$netdev_dpdk_value'"])
   done
   AS_IF([test -n "$host_alias"],
     [AS_VAR_APPEND([OVS_CONFIGURE_ARGS], [" '--host=$host_alias'"])])
   for netdev_dpdk_var in CC CFLAGS CPPFLAGS LDFLAGS; do
     eval netdev_dpdk_value=\$$netdev_dpdk_var
     AS_IF([test $netdev_dpdk_var = CFLAGS],
       [netdev_dpdk_value="$dpdk_machine$CFLAGS"])
     AS_VAR_APPEND([OVS_CONFIGURE_ARGS],
       [" '$netdev_dpdk_var=$netdev_dpdk_value'"])
   done
   AS_VAR_APPEND([OVS_CONFIGURE_ARGS], [" $OVS_CONFIGURE_FLAGS"])
   AC_SUBST([OVS_CONFIGURE_ARGS])

   netdev_dpdk_build_ovs="$srcdir/vswitchd-patches/build-ovs.sh"
   AS_IF([test -n "$with_ovs_build" && test "x$with_ovs_build" != xno],
     [AS_IF([test -n "$with_ovs_source"],
        [AC_MSG_ERROR(m4_normalize([--with-ovs-source and --with-ovs-build
           exclude each other]))])
      NETDEV_DPDK_ABSOLUTE([with_ovs_build])
      AC_MSG_CHECKING([for a build of Open vSwitch])
      OVS=$with_ovs_build
      eval "set x $OVS_CONFIGURE_ARGS"
      shift
      OVS_VERSION=`"$netdev_dpdk_build_ovs" check "$OVS" "$][@" 2>&1` \
        || NETDEV_DPDK_OVS_FAILED
      OVS_SOURCE=
      ovs_origin=$OVS],
     [AC_CHECK_PROG([AUTORECONF], [autoreconf], [autoreconf])
      AC_CHECK_PROG([PATCH], [patch], [patch])
      AS_IF([test -z "$AUTORECONF" || test -z "$PATCH"],
        [AC_MSG_ERROR(m4_normalize([autoreconf (of autoconf, with automake and
           libtool) and patch are needed to build Open vSwitch]))])
      AC_MSG_CHECKING([for the source of Open vSwitch])
      AS_CASE([$with_ovs_source],
        [''|yes|no],
        [OVS_SOURCE=`"$netdev_dpdk_build_ovs" find 2>&1` \
           || { OVS_VERSION=$OVS_SOURCE; NETDEV_DPDK_OVS_FAILED; }],
        [NETDEV_DPDK_ABSOLUTE([with_ovs_source])
         OVS_SOURCE=$with_ovs_source])
      OVS_VERSION=`"$netdev_dpdk_build_ovs" version "$OVS_SOURCE" 2>&1` \
        || NETDEV_DPDK_OVS_FAILED
      OVS=ovs
      ovs_origin=$OVS_SOURCE])
   AC_MSG_RESULT([$ovs_origin, $OVS_VERSION])
   AC_SUBST([OVS])
   AC_SUBST([OVS_SOURCE])
   AC_SUBST([OVS_VERSION])
   AM_CONDITIONAL([BUILD_OVS], [test -n "$OVS_SOURCE"])])

# Ends configure with what build-ovs.sh said.
m4_define([NETDEV_DPDK_OVS_FAILED],
  [{ AC_MSG_RESULT([no]); AC_MSG_ERROR([$OVS_VERSION]); }])

# NETDEV_DPDK_ABSOLUTE([VARIABLE])
#
# Makes the file name in VARIABLE absolute, for a Makefile that may be used
# from elsewhere.
AC_DEFUN([NETDEV_DPDK_ABSOLUTE],
  [AS_CASE([$$1], [/*], [], [$1=`pwd`/$$1])
   AS_IF([test -d "$$1"], [$1=`cd "$$1" && pwd`])])
