/*
 * The lab directory DIR and the names in it:
 *
 *   ca.db  root.pem  clock
 *   ca/NAME/{cert,key}.pem
 *   responder/SERIAL.pem            one signer: certificate, then key
 *   certs/NAME/{cert,key,chain,fullchain}.pem
 *   crl/NAME.crl  staples/  run/
 */
#ifndef OCSP_LAB_DIR_H
#define OCSP_LAB_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Longest NAME of a CA or a certificate. */
enum { LAB_NAME_MAX = 128 };

/* given, else $OCSP_LAB_DIR, else "./ocsp-lab.d".  Never NULL; borrowed. */
const char *lab_dir(const char *given);

/* ERR_NOTFOUND, with the command that helps, if DIR holds no ca.db. */
int lab_dir_check(const char *dir, struct err *e);

/* [A-Za-z0-9._-]+, at most LAB_NAME_MAX, not "." or "..", no '-' or '.' at
 * the start. */
bool lab_name_valid(const char *name);

#endif
