/*
 * DER written by hand, for messages that no encoder would make.
 *
 *   "30{0201 05}"   hex; spaces do nothing; {...} puts a DER length first
 *   "30[0201 05]"   a length in the form 82 xx xx, whether it needs it or not
 *   "30(0201 05)"   an indefinite length, with its end-of-contents
 *   "55*130"        the octet 55, 130 times
 */
#ifndef OCSP_LAB_TEST_DERTEXT_H
#define OCSP_LAB_TEST_DERTEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

/* Appends the bytes; a mistake in text fails the test. */
void dertext(const char *text, struct buf *out);

#endif
