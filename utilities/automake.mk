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

# Programs for users, each with a manual page and bash completion.

dist_bin_SCRIPTS += \
	utilities/ovs-dpdk-bench \
	utilities/ovs-dpdk-demo \
	utilities/ovs-dpdk-sandbox

bin_PROGRAMS += \
	utilities/ovs-dpdk-peer \
	utilities/ovs-plugin-abi

dist_man_MANS += \
	utilities/ovs-dpdk-bench.8 \
	utilities/ovs-dpdk-demo.8 \
	utilities/ovs-dpdk-peer.1 \
	utilities/ovs-dpdk-sandbox.8 \
	utilities/ovs-plugin-abi.1

bash_completions += \
	utilities/ovs-dpdk-bench-bashcomp.bash \
	utilities/ovs-dpdk-demo-bashcomp.bash \
	utilities/ovs-dpdk-peer-bashcomp.bash \
	utilities/ovs-dpdk-sandbox-bashcomp.bash \
	utilities/ovs-plugin-abi-bashcomp.bash

utilities_ovs_dpdk_peer_SOURCES = \
	utilities/ovs-dpdk-peer.c \
	utilities/ovs-dpdk-peer.h \
	utilities/ovs-dpdk-peer-frame.c \
	utilities/ovs-dpdk-peer-run.c
utilities_ovs_dpdk_peer_LDADD = $(OVS)/lib/libopenvswitch.la $(DPDK_LIBS)
$(utilities_ovs_dpdk_peer_OBJECTS): $(OVS)/.stamp-configure

utilities_ovs_plugin_abi_SOURCES = utilities/ovs-plugin-abi.c
utilities_ovs_plugin_abi_LDADD = $(OVS)/lib/libopenvswitch.la
$(utilities_ovs_plugin_abi_OBJECTS): $(OVS)/.stamp-configure

# What ovs-dpdk-bench imports, from here or from where it is installed.
benchdir = $(pkgdatadir)/ovs_dpdk_bench
dist_bench_DATA = \
	utilities/ovs_dpdk_bench/lab.py \
	utilities/ovs_dpdk_bench/report.py \
	utilities/ovs_dpdk_bench/stats.py \
	utilities/ovs_dpdk_bench/testpmd.py \
	utilities/ovs_dpdk_bench/workload.py

# BENCHFLAGS are options of ovs-dpdk-bench, e.g. --workload=v2v-64.
bench: all
	@OVS_DPDK_BUILDDIR='$(abs_builddir)' \
	  "$(PYTHON3)" $(srcdir)/utilities/ovs-dpdk-bench $(BENCHFLAGS)
.PHONY: bench

# An in-tree switch of the same source, compiler and flags as the one of this
# package, for ovs-dpdk-bench --peer.
dist_noinst_SCRIPTS += tests/bench-peer.sh
bench-peer:
	+@source='$(OVS_SOURCE)' && MAKE='$(MAKE)' \
	  $(srcdir)/tests/bench-peer.sh "$${source:-`$(build_ovs) find`}" \
	  bench-peer $(OVS_CONFIGURE_ARGS)
.PHONY: bench-peer
DISTCLEAN_LOCAL += distclean-bench-peer
distclean-bench-peer:
	rm -rf bench-peer

# For a checkout, not to be installed.
dist_noinst_SCRIPTS += utilities/quickstart

# bash loads the completion of a command from a file of the same name.
completiondir = $(datadir)/bash-completion/completions
EXTRA_DIST += $(bash_completions) utilities/ovs-dpdk-bench.svg
INSTALL_DATA_HOOK += install-completions
install-completions:
	$(MKDIR_P) '$(DESTDIR)$(completiondir)'
	for file in $(bash_completions); do \
	  command=`basename $$file -bashcomp.bash` && \
	  $(INSTALL_DATA) "$(srcdir)/$$file" \
	    "$(DESTDIR)$(completiondir)/$$command" || exit 1; \
	done
UNINSTALL_HOOK += uninstall-completions
uninstall-completions:
	for file in $(bash_completions); do \
	  command=`basename $$file -bashcomp.bash` && \
	  rm -f "$(DESTDIR)$(completiondir)/$$command" || exit 1; \
	done
