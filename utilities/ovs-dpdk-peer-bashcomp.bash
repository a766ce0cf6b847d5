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

# Completion of ovs-dpdk-peer(1) for bash.  Installed in the directory of
# bash-completion under the name of the command.
#
# shellcheck shell=bash

_ovs_dpdk_peer () {
    local cur=${COMP_WORDS[COMP_CWORD]}
    local prev=${COMP_WORDS[COMP_CWORD - 1]}
    local options='--socket= --server --queues= --queue-size= --packed --mtu=
                   --buffer= --id= --size= --flows= --macswap --next-flow
                   --src-mac= --dst-mac= --rate= --window= --duration=
                   --interval= --timeout= --cpu= --memory= --no-huge --eal=
                   --help --version'

    COMPREPLY=()
    # The "=" of an option is a word of its own.
    if [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $cur == = ]]; then
        cur=
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        if [[ ${COMPREPLY[0]-} == *= ]]; then
            compopt -o nospace
        fi
        return
    else
        mapfile -t COMPREPLY \
            < <(compgen -W 'exchange send receive loop sink ping' -- "$cur")
        return
    fi
    case $prev in
    --socket)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --size)
        mapfile -t COMPREPLY < <(compgen -W 'imix' -- "$cur")
        ;;
    esac
}
complete -F _ovs_dpdk_peer ovs-dpdk-peer
