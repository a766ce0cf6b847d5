/*
 * Copyright (c) 2026 The ovs-netdev-dpdk Authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at:
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

/* Runs a fuzzer on the inputs in files *.hex, one input a line in hexadecimal,
 * lines that begin with '#' and empty ones are not inputs.  Linked with each
 * fuzzer in the place of libFuzzer, for 'make check' and for a debugger. */

#include <config.h>

#include <ctype.h>
#include <errno.h>

#include "fuzz.h"
#include "util.h"

/* Stores the bytes that 'hex' says, which ends at the end of the line, in
 * 'data'.  Returns how many there are. */
static size_t
parse_line(const char *hex, uint8_t *data, const char *where)
{
    size_t n = 0;

    while (!isspace((unsigned char) *hex) && *hex) {
        bool ok;

        data[n++] = hexits_value(hex, 2, &ok);
        if (!ok) {
            ovs_fatal(0, "%s: not hexadecimal", where);
        }
        hex += 2;
    }
    return n;
}

static unsigned int
replay(const char *name, int only)
{
    FILE *stream = fopen(name, "r");
    unsigned int n_inputs = 0;
    size_t allocated = 0;
    char *line = NULL;
    int number = 0;

    if (!stream) {
        ovs_fatal(errno, "%s", name);
    }
    while (getline(&line, &allocated, stream) > 0) {
        number++;
        if (line[0] != '#' && line[0] != '\n' && (!only || only == number)) {
            char *where = xasprintf("%s:%d", name, number);
            uint8_t *data = xmalloc(strlen(line));
            uint8_t *exact;
            size_t size;

            /* Whoever reads this after a crash wants to know of which. */
            fprintf(stderr, "%s\n", where);
            size = parse_line(line, data, where);

            /* For ASan to see a read behind the end. */
            exact = xmemdup(data, size);
            LLVMFuzzerTestOneInput(exact, size);
            free(exact);
            free(data);
            free(where);
            n_inputs++;
        }
    }
    free(line);
    fclose(stream);
    return n_inputs;
}

int
main(int argc, char *argv[])
{
    set_program_name(argv[0]);
    if (argc < 2 || argc > 3 || argv[1][0] == '-') {
        printf("%s: run a fuzzer on the inputs in a file\n"
               "usage: %s FILE.hex [LINE]\n"
               "With LINE, runs only the input in that line.\n",
               argv[0], argv[0]);
        return argc != 2 || strcmp(argv[1], "--help");
    }
    printf("%u inputs\n", replay(argv[1], argc > 2 ? atoi(argv[2]) : 0));
    return 0;
}
