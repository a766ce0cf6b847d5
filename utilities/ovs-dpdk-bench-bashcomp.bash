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

# Completion of ovs-dpdk-bench(8) for bash.  Installed in the directory of
# bash-completion under the name of the command.
#
# shellcheck shell=bash

_ovs_dpdk_bench () {
    local cur=${COMP_WORDS[COMP_CWORD]}
    local prev=${COMP_WORDS[COMP_CWORD - 1]}
    local option
    local options='--peer= --same-source --in-process --testpmd --workload=
        --list --pairs= --duration= --max-load= --max-batch-difference=
        --no-huge --json= --plot= --help'

    COMPREPLY=()
    # The "=" of an option is a word of its own.
    if [[ $cur == = ]]; then
        cur=
        option=$prev
    elif [[ $prev == = ]]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    else
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        if [[ ${COMPREPLY[0]-} == *= ]]; then
            compopt -o nospace
        fi
        return
    fi
    if [[ $option == --workload ]]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$(ovs-dpdk-bench --list | cut -d ' ' -f 1)" -- "$cur")
        return
    fi
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -F _ovs_dpdk_bench ovs-dpdk-bench
