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

# Fuzzers
# =======
#
# Each tests/fuzz/fuzz-NAME.c says what it fuzzes, how an input is read, and
# what must hold.  tests/fuzz/corpus/NAME.hex has inputs for it, one a line.
#
# 'make check' runs all of these, compiled as everything else is.
#
# 'make fuzz TIME=SECONDS' looks for new ones: it compiles the fuzzers with
# clang, libFuzzer, ASan and UBSan (Debian's packages clang and
# libclang-rt-14-dev), and runs each for that long.  FUZZERS='NAME...' are
# which ones, all by default.  New inputs are in tests/fuzz/work of the build
# tree, and used the next time.  It fails if something was found, which is
# then in tests/fuzz/findings.
#
# To debug a finding, and to keep it as a regression:
#
#     tests/fuzz/work/bin/fuzz-NAME tests/fuzz/findings/FILE
#     SRCDIR/tests/fuzz/corpus.py add SRCDIR/tests/fuzz/corpus/NAME.hex \
#         tests/fuzz/findings/FILE 'What it was.'
#     tests/fuzz/fuzz-NAME SRCDIR/tests/fuzz/corpus/NAME.hex [LINE]
#
# 'make fuzz-corpus' replaces the inputs without a comment by as few as cover
# the same, those of tests/fuzz/work included.

FUZZERS = message options vring-packed vring-race vring-split
TIME = 600

vring_fuzz = \
	tests/fuzz/fuzz.h \
	tests/fuzz/replay.c \
	tests/fuzz/vring-check.c \
	tests/fuzz/vring-check.h \
	tests/fuzz/vring-fuzz.c \
	tests/fuzz/vring-fuzz.h \
	tests/fuzz/vring-model.c \
	tests/fuzz/vring-model.h \
	tests/fuzz/vring-race.c \
	tests/fuzz/vring-race.h

check_PROGRAMS += \
	tests/fuzz/fuzz-message \
	tests/fuzz/fuzz-options \
	tests/fuzz/fuzz-vring-packed \
	tests/fuzz/fuzz-vring-race \
	tests/fuzz/fuzz-vring-split

tests_fuzz_fuzz_message_SOURCES = \
	tests/fuzz/fuzz-message.c tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_fuzz_message_LDADD = $(test_ldadd)

tests_fuzz_fuzz_options_SOURCES = \
	tests/fuzz/fuzz-options.c tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_fuzz_options_LDADD = $(test_ldadd)

tests_fuzz_fuzz_vring_packed_SOURCES = \
	tests/fuzz/fuzz-vring-packed.c $(vring_fuzz)
tests_fuzz_fuzz_vring_packed_LDADD = $(test_ldadd)

tests_fuzz_fuzz_vring_race_SOURCES = tests/fuzz/fuzz-vring-race.c $(vring_fuzz)
tests_fuzz_fuzz_vring_race_LDADD = $(test_ldadd)

tests_fuzz_fuzz_vring_split_SOURCES = \
	tests/fuzz/fuzz-vring-split.c $(vring_fuzz)
tests_fuzz_fuzz_vring_split_LDADD = $(test_ldadd)

$(tests_fuzz_fuzz_message_OBJECTS) \
$(tests_fuzz_fuzz_options_OBJECTS) \
$(tests_fuzz_fuzz_vring_packed_OBJECTS) \
$(tests_fuzz_fuzz_vring_race_OBJECTS) \
$(tests_fuzz_fuzz_vring_split_OBJECTS): \
	$(OVS)/.stamp-configure

EXTRA_DIST += \
	tests/fuzz/corpus/message.hex \
	tests/fuzz/corpus/options.hex \
	tests/fuzz/corpus/vring-packed.hex \
	tests/fuzz/corpus/vring-race.hex \
	tests/fuzz/corpus/vring-split.hex
dist_noinst_SCRIPTS += tests/fuzz/corpus.py tests/fuzz/fuzz.sh

run_fuzz = \
	SRCDIR='$(srcdir)' PYTHON3='$(PYTHON3)' TIME='$(TIME)' \
	FUZZ_CPPFLAGS='$(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS)' \
	FUZZ_LINK='$(SHELL) ./libtool --quiet --tag=CC --mode=link' \
	FUZZ_LIBS='$(OVS)/lib/libopenvswitch.la $(DPDK_LIBS)' \
	$(srcdir)/tests/fuzz/fuzz.sh

fuzz: $(OVS)/.stamp-build
	@$(run_fuzz) run $(FUZZERS)
fuzz-corpus: $(OVS)/.stamp-build
	@$(run_fuzz) corpus $(FUZZERS)
.PHONY: fuzz fuzz-corpus

CLEAN_LOCAL += clean-fuzz
clean-fuzz:
	rm -rf tests/fuzz/work
