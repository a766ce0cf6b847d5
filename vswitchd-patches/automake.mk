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

# The Open vSwitch tree $(OVS): made by build-ovs.sh, or with --with-ovs-build
# made before and only checked.  The script runs in each make and touches its
# stamps only when it did something, so the rules below hold for what depends
# on them.

EXTRA_DIST += \
	vswitchd-patches/3.1.0 \
	vswitchd-patches/overlay
dist_noinst_SCRIPTS += vswitchd-patches/build-ovs.sh

build_ovs = $(srcdir)/vswitchd-patches/build-ovs.sh

BUILT_SOURCES += $(OVS)/.stamp-build
$(OVS)/.stamp-build: FORCE
if BUILD_OVS
	$(AM_V_at)VERBOSE=$(AM_V_P) MAKE='$(MAKE)' \
	  $(build_ovs) build '$(OVS_SOURCE)' $(OVS) $(OVS_CONFIGURE_ARGS)
else
	$(AM_V_at)$(build_ovs) check '$(OVS)' $(OVS_CONFIGURE_ARGS) >/dev/null
endif
FORCE:
.PHONY: FORCE

# Written when a new tree is configured: what was compiled against another one
# must not stay.
$(OVS)/.stamp-configure: $(OVS)/.stamp-build
	@:

$(OVS)/lib/libopenvswitch.la: $(OVS)/.stamp-build
	@:

# 'make clean' leaves the tree alone, like any other dependency.
if BUILD_OVS
DISTCLEAN_LOCAL += distclean-ovs
distclean-ovs:
	rm -rf $(OVS)
endif

# Open vSwitch is installed as a whole, since its tools and schema have to be
# of the version of the switch.
ovs_make = $(MAKE) -C '$(OVS)' DESTDIR='$(DESTDIR)' --no-print-directory
ovs_v = $(ovs_v_@AM_V@)
ovs_v_ = $(ovs_v_@AM_DEFAULT_V@)
ovs_v_0 = @echo "  OVS      $@";

INSTALL_DATA_HOOK += install-ovs
install-ovs: $(OVS)/.stamp-build
	$(ovs_v)$(ovs_make) V=0 install >install-ovs.log 2>&1 \
	  || { tail -n 25 install-ovs.log; exit 1; }
UNINSTALL_HOOK += uninstall-ovs
uninstall-ovs:
	$(ovs_v)$(ovs_make) V=0 uninstall >install-ovs.log 2>&1 \
	  || { tail -n 25 install-ovs.log; exit 1; }
CLEANFILES += install-ovs.log
