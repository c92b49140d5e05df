/*
 * A target with faults in it, each for inputs that begin in a way of its own:
 * proof that a finding would be seen, and that one is found.
 */
#include "fuzz.h"

#include <limits.h>
#include <string.h>

/* One octet behind a copy of the input. */
static void read_too_far(const uint8_t *data, size_t size)
{
        volatile uint8_t *copy = malloc(size);

        must(copy != NULL);
        memcpy((uint8_t *)(uintptr_t)copy, data, size);
        (void)copy[size];
        free((uint8_t *)(uintptr_t)copy);
}

static void overflow(uint8_t octet)
{
        volatile int sum = INT_MAX;

        sum = sum + octet;
        must(sum != 0);
}

static void leak(size_t size)
{
        void *volatile memory = malloc(size);

        must(memory != NULL);
        memory = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 3 || data[0] != 0x30)
                return 0;
        switch (data[1]) {
        case 'r':
                read_too_far(data, size);
                break;
        case 'o':
                overflow(data[1]);
                break;
        case 'l':
                leak(size);
                break;
        default:
                must(data[1] != 'm');
                break;
        }
        return 0;
}
