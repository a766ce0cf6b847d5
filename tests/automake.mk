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

# The test suites: 'make check' runs tests/testsuite, without privileges, and
# 'make check-system' tests/system-testsuite, as root.  TESTSUITEFLAGS goes to
# either, e.g. TESTSUITEFLAGS='-k loader -v'.

TESTSUITE = tests/testsuite
TESTSUITE_AT = \
	tests/build-ovs.at \
	tests/plugin-loader.at \
	tests/source.at \
	tests/testsuite.at \
	tests/unit.at

SYSTEM_TESTSUITE = tests/system-testsuite
SYSTEM_TESTSUITE_AT = \
	tests/system-bench.at \
	tests/system-churn.at \
	tests/system-eth.at \
	tests/system-fair.at \
	tests/system-guest.at \
	tests/system-guest-ring.at \
	tests/system-hold.at \
	tests/system-hostile.at \
	tests/system-memory.at \
	tests/system-offload.at \
	tests/system-port.at \
	tests/system-qos.at \
	tests/system-recover.at \
	tests/system-ring.at \
	tests/system-show.at \
	tests/system-soak.at \
	tests/system-switch.at \
	tests/system-testsuite.at \
	tests/system-traffic.at \
	tests/system-vhost.at

EXTRA_DIST += \
	$(TESTSUITE_AT) \
	$(SYSTEM_TESTSUITE_AT) \
	tests/system-churn.sh \
	tests/system-lib.sh \
	tests/system-recover.sh \
	tests/tsan.supp \
	tests/ubsan.supp
dist_noinst_SCRIPTS += \
	tests/guest.py \
	tests/hostile/hostile.py \
	tests/hostile/idle.py \
	tests/hostile/late.py \
	tests/hostile/junk.py \
	tests/hostile/prompt.py \
	tests/hostile/recover.py \
	tests/hostile/recover-table.py \
	tests/hostile/reset.py \
	tests/hostile/storm.py

# A hostile front end.
EXTRA_DIST += \
	tests/hostile/case.py \
	tests/hostile/held.py \
	tests/hostile/memory.py \
	tests/hostile/messages.py \
	tests/hostile/rings.py \
	tests/hostile/vhost_user.py

# Unit tests: C programs that link the plugin's objects and, in the place of
# the switch, its library.
AM_CPPFLAGS += $(CMOCKA_CFLAGS)
test_ldadd = \
	lib/libnetdev-dpdk.la \
	$(OVS)/lib/libopenvswitch.la \
	$(DPDK_LIBS) \
	$(CMOCKA_LIBS)

# A guest in the memory of a test.
vring_guest = tests/vring-guest.c tests/vring-guest.h

if HAVE_CMOCKA
check_PROGRAMS += \
	tests/test-dpdk-crumb \
	tests/test-dpdk-eal-args \
	tests/test-dpdk-eal \
	tests/test-dpdk-eal-log \
	tests/test-dpdk-eth \
	tests/test-dpdk-maps \
	tests/test-dpdk-mempool-conf \
	tests/test-dpdk-packet \
	tests/test-dpdk-policer \
	tests/test-dpdk-qos \
	tests/test-dpdk-vhost-bits \
	tests/test-dpdk-vhost-call \
	tests/test-dpdk-vhost-close \
	tests/test-dpdk-vhost-connection \
	tests/test-dpdk-vhost-features \
	tests/test-dpdk-vhost-hold \
	tests/test-dpdk-vhost-message \
	tests/test-dpdk-vhost-relay \
	tests/test-dpdk-vhost-ring \
	tests/test-dpdk-vhost-sigbus \
	tests/test-dpdk-vring \
	tests/test-dpdk-vring-garbage \
	tests/test-dpdk-vring-hostile \
	tests/test-dpdk-vring-kick \
	tests/test-dpdk-vring-log \
	tests/test-dpdk-vring-offload \
	tests/test-netdev-plugin-offload
endif

tests_test_dpdk_crumb_SOURCES = tests/test-dpdk-crumb.c tests/test-child.h
tests_test_dpdk_crumb_LDADD = $(test_ldadd)

tests_test_dpdk_eal_SOURCES = tests/test-dpdk-eal.c
tests_test_dpdk_eal_LDADD = $(test_ldadd)

tests_test_dpdk_eal_args_SOURCES = tests/test-dpdk-eal-args.c
tests_test_dpdk_eal_args_LDADD = $(test_ldadd)

tests_test_dpdk_eal_log_SOURCES = tests/test-dpdk-eal-log.c
tests_test_dpdk_eal_log_LDADD = $(test_ldadd)

tests_test_dpdk_eth_SOURCES = tests/test-dpdk-eth.c
tests_test_dpdk_eth_LDADD = $(test_ldadd)

tests_test_dpdk_maps_SOURCES = \
	tests/test-dpdk-maps.c tests/test-child.h tests/test-filter.h
tests_test_dpdk_maps_LDADD = $(test_ldadd)

tests_test_dpdk_mempool_conf_SOURCES = tests/test-dpdk-mempool-conf.c
tests_test_dpdk_mempool_conf_LDADD = $(test_ldadd)

tests_test_dpdk_packet_SOURCES = tests/test-dpdk-packet.c
tests_test_dpdk_packet_LDADD = $(test_ldadd)

tests_test_dpdk_policer_SOURCES = tests/test-dpdk-policer.c tests/test-meter.h
tests_test_dpdk_policer_LDADD = $(test_ldadd)

tests_test_dpdk_qos_SOURCES = tests/test-dpdk-qos.c tests/test-meter.h
tests_test_dpdk_qos_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_call_SOURCES = tests/test-dpdk-vhost-call.c
tests_test_dpdk_vhost_call_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_close_SOURCES = \
	tests/test-dpdk-vhost-close.c tests/test-child.h
tests_test_dpdk_vhost_close_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_connection_SOURCES = tests/test-dpdk-vhost-connection.c
tests_test_dpdk_vhost_connection_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_features_SOURCES = tests/test-dpdk-vhost-features.c
tests_test_dpdk_vhost_features_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_bits_SOURCES = tests/test-dpdk-vhost-bits.c
tests_test_dpdk_vhost_bits_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_hold_SOURCES = tests/test-dpdk-vhost-hold.c
tests_test_dpdk_vhost_hold_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_message_SOURCES = tests/test-dpdk-vhost-message.c
tests_test_dpdk_vhost_message_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_relay_SOURCES = tests/test-dpdk-vhost-relay.c
tests_test_dpdk_vhost_relay_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_ring_SOURCES = \
	tests/test-dpdk-vhost-ring.c $(vring_guest)
tests_test_dpdk_vhost_ring_LDADD = $(test_ldadd)

tests_test_dpdk_vhost_sigbus_SOURCES = \
	tests/test-dpdk-vhost-sigbus.c tests/test-child.h tests/test-filter.h
tests_test_dpdk_vhost_sigbus_LDADD = $(test_ldadd)

tests_test_dpdk_vring_SOURCES = tests/test-dpdk-vring.c $(vring_guest)
tests_test_dpdk_vring_LDADD = $(test_ldadd)

tests_test_dpdk_vring_garbage_SOURCES = \
	tests/test-dpdk-vring-garbage.c $(vring_guest)
tests_test_dpdk_vring_garbage_LDADD = $(test_ldadd)

tests_test_dpdk_vring_hostile_SOURCES = \
	tests/test-dpdk-vring-hostile.c $(vring_guest)
tests_test_dpdk_vring_hostile_LDADD = $(test_ldadd)

tests_test_dpdk_vring_kick_SOURCES = \
	tests/test-dpdk-vring-kick.c $(vring_guest)
tests_test_dpdk_vring_kick_LDADD = $(test_ldadd)

tests_test_dpdk_vring_log_SOURCES = \
	tests/test-dpdk-vring-log.c $(vring_guest)
tests_test_dpdk_vring_log_LDADD = $(test_ldadd)

tests_test_dpdk_vring_offload_SOURCES = \
	tests/test-dpdk-vring-offload.c $(vring_guest)
tests_test_dpdk_vring_offload_LDADD = $(test_ldadd)

# What a packet costs, see check-cost below.
EXTRA_PROGRAMS = tests/cost-dpdk-vring
tests_cost_dpdk_vring_SOURCES = tests/cost-dpdk-vring.c $(vring_guest)
tests_cost_dpdk_vring_LDADD = $(test_ldadd)

tests_test_netdev_plugin_offload_SOURCES = tests/test-netdev-plugin-offload.c
tests_test_netdev_plugin_offload_LDADD = \
	$(OVS)/lib/libopenvswitch.la \
	$(CMOCKA_LIBS)

$(tests_cost_dpdk_vring_OBJECTS) \
$(tests_test_dpdk_crumb_OBJECTS) \
$(tests_test_dpdk_eal_args_OBJECTS) \
$(tests_test_dpdk_eal_log_OBJECTS) \
$(tests_test_dpdk_maps_OBJECTS) \
$(tests_test_dpdk_mempool_conf_OBJECTS) \
$(tests_test_dpdk_packet_OBJECTS) \
$(tests_test_dpdk_policer_OBJECTS) \
$(tests_test_dpdk_qos_OBJECTS) \
$(tests_test_dpdk_vhost_bits_OBJECTS) \
$(tests_test_dpdk_vhost_call_OBJECTS) \
$(tests_test_dpdk_vhost_close_OBJECTS) \
$(tests_test_dpdk_vhost_connection_OBJECTS) \
$(tests_test_dpdk_vhost_features_OBJECTS) \
$(tests_test_dpdk_vhost_hold_OBJECTS) \
$(tests_test_dpdk_vhost_message_OBJECTS) \
$(tests_test_dpdk_vhost_relay_OBJECTS) \
$(tests_test_dpdk_vhost_ring_OBJECTS) \
$(tests_test_dpdk_vhost_sigbus_OBJECTS) \
$(tests_test_dpdk_vring_OBJECTS) \
$(tests_test_dpdk_vring_garbage_OBJECTS) \
$(tests_test_dpdk_vring_hostile_OBJECTS) \
$(tests_test_dpdk_vring_log_OBJECTS) \
$(tests_test_dpdk_vring_offload_OBJECTS) \
$(tests_test_netdev_plugin_offload_OBJECTS): \
	$(OVS)/.stamp-configure

include tests/fuzz/automake.mk

# The loader, in a program of its own and in the switch, and a plugin without
# DPDK for both.
check_PROGRAMS += tests/plugin-load
tests_plugin_load_SOURCES = tests/plugin-load.c
tests_plugin_load_LDADD = $(OVS)/lib/libopenvswitch.la
tests_plugin_load_LDFLAGS = -export-dynamic

check_LTLIBRARIES += tests/plugin-dummy.la
tests_plugin_dummy_la_SOURCES = tests/plugin-dummy.c
# A module that is not installed needs an -rpath to be built at all.
tests_plugin_dummy_la_LDFLAGS = \
	-module -avoid-version -shared -rpath /nonexistent \
	-export-symbols-regex '^ovs_netdev_plugin$$'

$(tests_plugin_load_OBJECTS) $(tests_plugin_dummy_la_OBJECTS): \
	$(OVS)/.stamp-configure

dist_noinst_SCRIPTS += \
	tests/plugin-abi-patch.py \
	tests/soak.py \
	tests/system-frames.py \
	tests/system-hold.py \
	tests/system-show.py \
	tests/test-bench-stats.py \
	tests/test-security.py

# Suites
# ------

# Where the suites find programs, before $PATH.
AUTOTEST_PATH = utilities:$(OVS)/vswitchd:$(OVS)/ovsdb:$(OVS)/utilities:tests

# Runs a suite.  A sanitizer writes what it finds to sanitizer.*, whichever
# process it is in, and any such file is a failure.
run_testsuite = \
	rm -f tests/sanitizer.*; \
	$(SHELL) $$suite -C tests AUTOTEST_PATH='$(AUTOTEST_PATH)' \
	  $(TESTSUITEFLAGS); \
	status=$$?; \
	for report in tests/sanitizer.*; do \
	  if test -e "$$report"; then cat "$$report"; status=1; fi; \
	done; \
	exit $$status

check-local: $(TESTSUITE) tests/atconfig tests/atlocal
	@suite=$(TESTSUITE); $(run_testsuite)

check-system: all $(check_PROGRAMS) $(SYSTEM_TESTSUITE) \
		tests/atconfig tests/atlocal tests/guest-kernel/.stamp
	@suite=$(SYSTEM_TESTSUITE); $(run_testsuite)
.PHONY: check-system

# All that people do to ports, at random, for TIME seconds, as SEED says.
soak: TIME = 1800
soak:
	@: >tests/soak.log; \
	tail -f --pid=$$$$ tests/soak.log & \
	SOAK_TIME='$(TIME)' SOAK_SEED="$(or $(SEED),$$(date +%s))" \
	SOAK_PROGRESS='$(abs_builddir)/tests/soak.log' \
	  $(MAKE) check-system TESTSUITEFLAGS='-k soak $(TESTSUITEFLAGS)'
.PHONY: soak

# What a packet costs, in instructions, compared with what it did.
# UPDATE=1 writes the figures anew.
dist_noinst_SCRIPTS += tests/check-cost.py
EXTRA_DIST += tests/check-cost.figures
cost_reason =
if HAVE_CMOCKA
cost_program = tests/cost-dpdk-vring$(EXEEXT)
else
cost_program =
cost_reason += cmocka is not installed
endif
if !X86_64
cost_reason += the figures are for x86-64
endif

check-cost: all $(cost_program)
	@"$(PYTHON3)" $(srcdir)/tests/check-cost.py \
	  --cc='$(CC)' --cflags='$(CFLAGS)' --reason='$(strip $(cost_reason))' \
	  $(if $(UPDATE),--update) \
	  tests/cost-dpdk-vring $(srcdir)/tests/check-cost.figures \
	  tests/check-cost.log
.PHONY: check-cost

# The suites of Open vSwitch itself, of the tree that the plugin is built for.
# CHECK_OVS_DPDK_VSWITCHD=FILE is another switch to compare with, UNPATCHED=DIR
# another tree.
dist_noinst_SCRIPTS += tests/check-ovs-dpdk.sh tests/check-ovs.sh

check-ovs-dpdk: all tests/guest-kernel/.stamp
	@OVS='$(OVS)' OVS_PLUGINDIR='$(abs_builddir)/lib/.libs' \
	  GUEST_KERNEL='$(abs_builddir)/tests/guest-kernel' \
	  PYTHON3='$(PYTHON3)' TESTSUITEFLAGS='$(TESTSUITEFLAGS)' \
	  CHECK_OVS_DPDK_VSWITCHD='$(CHECK_OVS_DPDK_VSWITCHD)' \
	  $(srcdir)/tests/check-ovs-dpdk.sh tests/check-ovs-dpdk
.PHONY: check-ovs-dpdk

check-ovs: $(OVS)/.stamp-build
	@OVS='$(OVS)' UNPATCHED='$(UNPATCHED)' MAKE='$(MAKE)' \
	  TESTSUITEFLAGS='$(TESTSUITEFLAGS)' \
	  $(srcdir)/tests/check-ovs.sh tests/check-ovs
.PHONY: check-ovs

# The kernel of virtual machines.  Without it, their tests are skipped.
tests/guest-kernel/.stamp:
	@if "$(PYTHON3)" $(srcdir)/tests/guest.py kernel tests/guest-kernel; \
	then \
	  touch $@; \
	else \
	  echo "no kernel for virtual machines, their tests will be skipped"; \
	fi

# The suites are made in the build tree: who builds Open vSwitch has autom4te.
AUTOTEST = $(AUTOM4TE) --language=autotest -I tests -I $(srcdir)
$(TESTSUITE): $(TESTSUITE_AT) tests/package.m4
	$(AM_V_GEN)$(AUTOTEST) -o $@.tmp $(srcdir)/$@.at && mv $@.tmp $@
$(SYSTEM_TESTSUITE): $(SYSTEM_TESTSUITE_AT) tests/package.m4
	$(AM_V_GEN)$(AUTOTEST) -o $@.tmp $(srcdir)/$@.at && mv $@.tmp $@

tests/package.m4: $(top_srcdir)/configure.ac
	$(AM_V_GEN){ \
	  echo 'm4_define([AT_PACKAGE_NAME], [$(PACKAGE_NAME)])' && \
	  echo 'm4_define([AT_PACKAGE_TARNAME], [$(PACKAGE_TARNAME)])' && \
	  echo 'm4_define([AT_PACKAGE_VERSION], [$(PACKAGE_VERSION)])' && \
	  echo 'm4_define([AT_PACKAGE_STRING], [$(PACKAGE_STRING)])' && \
	  echo 'm4_define([AT_PACKAGE_BUGREPORT], [$(PACKAGE_BUGREPORT)])' && \
	  echo 'm4_define([AT_PACKAGE_URL], [$(PACKAGE_URL)])'; \
	} >$@

CLEANFILES += $(TESTSUITE) $(SYSTEM_TESTSUITE) tests/package.m4
DISTCLEANFILES += tests/atconfig
CLEAN_LOCAL += clean-testsuites
clean-testsuites:
	rm -rf tests/testsuite.dir tests/system-testsuite.dir
	rm -rf tests/guest-kernel tests/check-ovs-dpdk tests/check-ovs
	rm -f tests/testsuite.log tests/system-testsuite.log tests/sanitizer.*
	rm -f tests/recover.log tests/soak.log
	rm -f tests/check-cost.log tests/cost-dpdk-vring$(EXEEXT)
