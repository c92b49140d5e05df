/* A CRL on disk, as it is served: what its first bytes say of its times,
 * without reading it whole. */
#ifndef OCSP_LAB_RESPONDER_CRLFILE_H
#define OCSP_LAB_RESPONDER_CRLFILE_H

#include <stdint.h>

#include "base/base.h"
#include "responder/answer/answer.h"

/* Largest that is served: 30 million entries. */
#define CRLFILE_MAX (UINT64_C(1) << 30)

struct crlfile {
        int fd; /* the caller's to close */
        uint64_t size;
        int64_t this_update;
        int64_t next_update; /* thisUpdate if it has none */
        char etag[ANSWER_ETAG_MAX];
};

/* found -> 1, absent -> 0, -1: ERR_DATA if it is not one whole DER CRL of at
 * most CRLFILE_MAX bytes. */
int crlfile_open(const char *path, struct crlfile *out, struct err *e);

#endif
