/* Programs that stand beside this one. */
#ifndef OCSP_LAB_CA_SIBLING_H
#define OCSP_LAB_CA_SIBLING_H

#include <limits.h>

#include "base/err.h"

/* The path of `name` in the folder of the running program. */
int sibling_path(const char *name, char out[PATH_MAX], struct err *e);

#endif
