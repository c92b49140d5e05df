/*
 * A mutator that knows DER, for targets whose input ends in it: bytes change
 * as ever, but often one element at a time, with the lengths around it put
 * right, so that a change deep inside is looked at and not refused at once.
 */
#ifndef OCSP_LAB_FUZZ_MUTATE_H
#define OCSP_LAB_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* Of data the first skip bytes are not DER: they change as bytes,
 * and now and then alone. */
size_t mutate_der(uint8_t *data, size_t size, size_t max_size, size_t skip,
    unsigned int seed);

#endif
