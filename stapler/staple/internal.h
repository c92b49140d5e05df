/* Shared by the files of this room only. */
#ifndef OCSP_LAB_STAPLE_INTERNAL_H
#define OCSP_LAB_STAPLE_INTERNAL_H

#include "stapler/staple/staple.h"

/* Makes the folder, if it is not there. */
int staple_store_write(
    const char *folder, const char *path, struct span der, struct err *e);

#endif
