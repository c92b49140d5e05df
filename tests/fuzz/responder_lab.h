/*
 * ocsp-responder over a database of the cast, without its sockets: what comes
 * in is a request as the server hands it on, what goes out is looked at.
 */
#ifndef OCSP_LAB_FUZZ_RESPONDER_LAB_H
#define OCSP_LAB_FUZZ_RESPONDER_LAB_H

#include "cast.h"
#include "responder/worker.h"

/* Four responders with different policies over one lab, in a folder that goes
 * with the process. */
enum { LABS = 4 };

/* The which-th, at one of four times: both taken modulo 4.  Made at the first
 * call. */
struct responder *lab_at(uint8_t which, uint8_t when);

/* Asks over HTTP.  The caller releases the reply's response. */
struct httpd_reply lab_ask(struct responder *r, enum httpd_method method,
    const char *path, struct span body);

/* ---- what must be true of an answer -------------------------------------- */

/* Of whatever answers that request: an error of five bytes, or a response that
 * everybody can read and believe, about what was asked, as the database has
 * it. */
void lab_check(struct responder *r, struct span request, struct span answer);

#endif
