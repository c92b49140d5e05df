#ifndef OCSP_LAB_FUZZ_H
#define OCSP_LAB_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libFuzzer's entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; the fuzzer reports an abort. */
static inline void must(int holds)
{
        if (!holds)
                abort();
}

#endif
