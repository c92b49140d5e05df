/* Reads one byte too many of some inputs: proof that a finding is seen. */
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t *copy = malloc(size + 1);
        int sum;

        must(copy != NULL);
        memcpy(copy, data, size);
        sum = size > 2 && copy[0] == 0x30 && copy[1] >= 0x80
                  ? ((volatile uint8_t *)copy)[size + 1]
                  : 0;
        free(copy);
        return sum & 0;
}
