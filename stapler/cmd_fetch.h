/* `ocsp-stapler fetch`: one staple into one file. */
#ifndef OCSP_LAB_STAPLER_CMD_FETCH_H
#define OCSP_LAB_STAPLER_CMD_FETCH_H

#include "base/err.h"
#include "stapler/options.h"

/* The file is replaced only by an answer that verifies. */
int cmd_fetch(const struct options *o, struct err *e);

#endif
