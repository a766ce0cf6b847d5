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

# The plugin.  It is compiled against the headers in $(OVS) and with its
# config.h, takes what it uses of Open vSwitch from the switch that loads it,
# and links only libraries of DPDK.  Every other C program of this package is
# compiled with the same flags.

AM_CPPFLAGS = \
	-isystem $(OVS)/include \
	-isystem $(OVS)/lib \
	-isystem $(OVS) \
	-I$(srcdir)/lib \
	$(DPDK_CFLAGS)
AM_CFLAGS = $(WARNING_FLAGS) -fvisibility=hidden

# All but the exported symbol, for the unit tests to link, too.
noinst_LTLIBRARIES += lib/libnetdev-dpdk.la
lib_libnetdev_dpdk_la_SOURCES = \
	lib/dpdk-commands.c \
	lib/dpdk-commands.h \
	lib/dpdk-crumb.c \
	lib/dpdk-crumb.h \
	lib/dpdk-dev.c \
	lib/dpdk-dev.h \
	lib/dpdk-dev-qos.c \
	lib/dpdk-dev-qos.h \
	lib/dpdk-eal.c \
	lib/dpdk-eal.h \
	lib/dpdk-eal-args.c \
	lib/dpdk-eal-args.h \
	lib/dpdk-eal-commands.c \
	lib/dpdk-eal-commands.h \
	lib/dpdk-eal-huge.c \
	lib/dpdk-eal-huge.h \
	lib/dpdk-eal-keys.c \
	lib/dpdk-eal-keys.h \
	lib/dpdk-eal-log.c \
	lib/dpdk-eal-log.h \
	lib/dpdk-eth.c \
	lib/dpdk-eth.h \
	lib/dpdk-eth-attach.c \
	lib/dpdk-eth-attach.h \
	lib/dpdk-eth-config.c \
	lib/dpdk-eth-config.h \
	lib/dpdk-eth-events.c \
	lib/dpdk-eth-events.h \
	lib/dpdk-eth-hint.c \
	lib/dpdk-eth-hint.h \
	lib/dpdk-eth-port.c \
	lib/dpdk-eth-port.h \
	lib/dpdk-eth-rxtx.c \
	lib/dpdk-eth-rxtx.h \
	lib/dpdk-eth-stats.c \
	lib/dpdk-eth-stats.h \
	lib/dpdk-eth-status.c \
	lib/dpdk-eth-status.h \
	lib/dpdk-import.c \
	lib/dpdk-import.h \
	lib/dpdk-log.c \
	lib/dpdk-log.h \
	lib/dpdk-memory.c \
	lib/dpdk-memory.h \
	lib/dpdk-maps.c \
	lib/dpdk-maps.h \
	lib/dpdk-mempool.c \
	lib/dpdk-mempool.h \
	lib/dpdk-mempool-conf.c \
	lib/dpdk-mempool-conf.h \
	lib/dpdk-meter.h \
	lib/dpdk-packet.c \
	lib/dpdk-packet.h \
	lib/dpdk-policer.c \
	lib/dpdk-policer.h \
	lib/dpdk-qos.c \
	lib/dpdk-qos.h \
	lib/dpdk-qos-trtcm.c \
	lib/dpdk-qos-trtcm.h \
	lib/dpdk-stats.c \
	lib/dpdk-stats.h \
	lib/dpdk-thread-time.h \
	lib/dpdk-vhost.c \
	lib/dpdk-vhost.h \
	lib/dpdk-vhost-bits.c \
	lib/dpdk-vhost-bits.h \
	lib/dpdk-vhost-call.c \
	lib/dpdk-vhost-call.h \
	lib/dpdk-vhost-close.c \
	lib/dpdk-vhost-close.h \
	lib/dpdk-vhost-config.c \
	lib/dpdk-vhost-config.h \
	lib/dpdk-vhost-connection.c \
	lib/dpdk-vhost-connection.h \
	lib/dpdk-vhost-connfd.c \
	lib/dpdk-vhost-connfd.h \
	lib/dpdk-vhost-driver.c \
	lib/dpdk-vhost-driver.h \
	lib/dpdk-vhost-events.c \
	lib/dpdk-vhost-events.h \
	lib/dpdk-vhost-fault.c \
	lib/dpdk-vhost-fault.h \
	lib/dpdk-vhost-features.c \
	lib/dpdk-vhost-features.h \
	lib/dpdk-vhost-fd.c \
	lib/dpdk-vhost-fd.h \
	lib/dpdk-vhost-file.c \
	lib/dpdk-vhost-file.h \
	lib/dpdk-vhost-guard.c \
	lib/dpdk-vhost-guard.h \
	lib/dpdk-vhost-hold.c \
	lib/dpdk-vhost-hold.h \
	lib/dpdk-vhost-listen.c \
	lib/dpdk-vhost-listen.h \
	lib/dpdk-vhost-message.c \
	lib/dpdk-vhost-message.h \
	lib/dpdk-vhost-relay.c \
	lib/dpdk-vhost-relay.h \
	lib/dpdk-vhost-ring-enter.c \
	lib/dpdk-vhost-ring.c \
	lib/dpdk-vhost-ring.h \
	lib/dpdk-vhost-rxtx.c \
	lib/dpdk-vhost-rxtx.h \
	lib/dpdk-vhost-show.c \
	lib/dpdk-vhost-show.h \
	lib/dpdk-vhost-sigbus.c \
	lib/dpdk-vhost-sigbus.h \
	lib/dpdk-vhost-socket.c \
	lib/dpdk-vhost-socket.h \
	lib/dpdk-vhost-stats.c \
	lib/dpdk-vhost-stats.h \
	lib/dpdk-vhost-wake.c \
	lib/dpdk-vhost-wake.h \
	lib/dpdk-vhost-wire.c \
	lib/dpdk-vhost-wire.h \
	lib/dpdk-vring.c \
	lib/dpdk-vring.h \
	lib/dpdk-vring-offload.c \
	lib/dpdk-vring-packed.c \
	lib/dpdk-vring-pieces.c \
	lib/dpdk-vring-split.c \
	lib/dpdk-vring-walk.h

# The walks of rings once more, for the CPUs that lib/dpdk-vring-walk.h lists,
# and for guests that migrate.
vring_walks = lib/dpdk-vring-packed.c lib/dpdk-vring-split.c
if X86_64
vring_libs = \
	lib/libdpdk-vring-log.la \
	lib/libdpdk-vring-v2.la \
	lib/libdpdk-vring-v3.la \
	lib/libdpdk-vring-v4.la
noinst_LTLIBRARIES += $(vring_libs)
lib_libnetdev_dpdk_la_LIBADD = $(vring_libs)

lib_libdpdk_vring_log_la_SOURCES = $(vring_walks)
lib_libdpdk_vring_log_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DVRING_WALK_CPU=log -DVRING_WALK_LOGS

vring_v2_flags = -mssse3 -msse4.1 -msse4.2 -mpopcnt
lib_libdpdk_vring_v2_la_SOURCES = $(vring_walks)
lib_libdpdk_vring_v2_la_CPPFLAGS = $(AM_CPPFLAGS) -DVRING_WALK_CPU=v2
lib_libdpdk_vring_v2_la_CFLAGS = $(AM_CFLAGS) $(vring_v2_flags)

vring_v3_flags = $(vring_v2_flags) -mavx2 -mbmi -mbmi2 -mfma
lib_libdpdk_vring_v3_la_SOURCES = $(vring_walks)
lib_libdpdk_vring_v3_la_CPPFLAGS = $(AM_CPPFLAGS) -DVRING_WALK_CPU=v3
lib_libdpdk_vring_v3_la_CFLAGS = $(AM_CFLAGS) $(vring_v3_flags)

vring_v4_flags = $(vring_v3_flags) \
	-mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512
lib_libdpdk_vring_v4_la_SOURCES = $(vring_walks)
lib_libdpdk_vring_v4_la_CPPFLAGS = $(AM_CPPFLAGS) -DVRING_WALK_CPU=v4
lib_libdpdk_vring_v4_la_CFLAGS = $(AM_CFLAGS) $(vring_v4_flags)

$(lib_libdpdk_vring_v2_la_OBJECTS) \
$(lib_libdpdk_vring_v3_la_OBJECTS) \
$(lib_libdpdk_vring_v4_la_OBJECTS): \
	$(OVS)/.stamp-configure
endif

# Undefined symbols are those of the switch: no -no-undefined.  With -z now, a
# missing one refuses the plugin as a whole instead of ending the switch later.
plugin_LTLIBRARIES += lib/netdev-dpdk.la
lib_netdev_dpdk_la_SOURCES = lib/plugin.c
lib_netdev_dpdk_la_LDFLAGS = \
	-module -avoid-version -shared \
	-export-symbols-regex '^ovs_netdev_plugin$$' \
	-Wl,-z,now -Wl,-z,relro
lib_netdev_dpdk_la_LIBADD = lib/libnetdev-dpdk.la $(DPDK_PLUGIN_LIBS)
lib_netdev_dpdk_la_DEPENDENCIES = lib/libnetdev-dpdk.la

$(lib_libnetdev_dpdk_la_OBJECTS) $(lib_netdev_dpdk_la_OBJECTS): \
	$(OVS)/.stamp-configure

# The switch loads *.so, nobody links the plugin.  Without its .la file,
# libtool does not uninstall it.
INSTALL_DATA_HOOK += install-plugin
install-plugin:
	rm -f '$(DESTDIR)$(plugindir)/netdev-dpdk.la'
UNINSTALL_HOOK += uninstall-plugin
uninstall-plugin:
	rm -f '$(DESTDIR)$(plugindir)/netdev-dpdk.so'

dist_man_MANS += lib/netdev-dpdk.7
