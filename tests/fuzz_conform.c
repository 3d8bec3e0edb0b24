/* Fuzzes the reader of reference cases: whatever the file holds, it is told from a failure or run,
 * and nothing crashes or hangs. Seeds: the files of tests/conformance, cut to a few cases each by
 * tests/corpus/conform. */

#include <stdint.h>

#include "sim/command_conform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    command_conform_text("fuzz", (const char *)data, size);
    return 0;
}
