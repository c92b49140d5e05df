/* The command line of ocsp-stapler. */
#ifndef OCSP_LAB_STAPLER_OPTIONS_H
#define OCSP_LAB_STAPLER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stapler/staple/staple.h"

#define PROGRAM "ocsp-stapler"

enum { PAIRS_MAX = 64, OPTIONS_TIMEOUT_MAX_MS = 300000 };

/* All text is the command line's. */
struct options {
        bool help, version;
        const char *dir; /* never NULL */

        /* Where certificates come from: names in DIR (none: all of them), or
         * pairs of files, or a folder like DIR/certs. */
        char **names;
        size_t names_len;
        const char *certs[PAIRS_MAX];
        const char *keys[PAIRS_MAX];
        size_t certs_len, keys_len;
        const char *folder;
        const char *preferred; /* for clients without SNI; NULL: the first */

        const char *listen;
        const char *status; /* NULL: off */
        const char *store;  /* NULL: DIR/staples, if certificates are DIR's */
        const char *issuer, *ca;
        const char *responder, *responder_cert;
        enum ocsp_hash hash;
        struct staple_policy policy;
        int64_t patience_ms; /* longest wait for a first staple */
        uint64_t threads;    /* 0: one a core */
        const char *root;    /* NULL: the page that shows the staple */
        const char *backend; /* NULL: HTTP here */
        int64_t timeout_ms;  /* of a fetch, over all its URLs */
        const char *log, *ready_file;
        bool log_json;
        bool by_host; /* with root */
        bool no_jail;
        const char *out; /* fetch */
};

/* argv[0] is the program's name, or "fetch". */
int options_parse(int argc, char **argv, struct options *out, struct err *e);

#endif
