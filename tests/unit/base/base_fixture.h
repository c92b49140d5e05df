/* A folder of its own for each test of common/base. */
#ifndef OCSP_LAB_TEST_BASE_FIXTURE_H
#define OCSP_LAB_TEST_BASE_FIXTURE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

/* Made by folder_setup, removed with its content by folder_teardown. */
extern char folder[PATH_MAX - 256];
int folder_setup(void **state);
int folder_teardown(void **state);

/* "folder/name"; static buffer, good until the next call. */
const char *in_folder(const char *name);

/* Content of a file as a string; the test fails without it.  Static. */
const char *content_of(const char *path);

#endif
