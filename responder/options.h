/* The command line of ocsp-responder. */
#ifndef OCSP_LAB_RESPONDER_OPTIONS_H
#define OCSP_LAB_RESPONDER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "responder/answer/answer.h"

/* Strings are borrowed from argv or the environment. */
struct options {
        bool help, version;
        const char *dir;
        const char *listen; /* NULL: where the lab's URL says */
        const char *url;    /* NULL: the lab's, or made from the address */
        const char *status; /* NULL: off */
        bool no_jail;
        const char *log;
        bool log_json;
        const char *ready_file;
        struct answer_policy policy;
        const char *digest; /* NULL: the key's own habit */
        unsigned threads;
        unsigned max_connections;
        size_t cache;            /* bytes */
        int64_t max_wait_ms;     /* for a signature */
        uint64_t max_requests;   /* 0: no end */
        uint64_t requests_after; /* /requests counts on from here */
        const char *answer;      /* offline: the request's file */
        const char *out;
        const char *at;
        const char *scenario; /* NULL: what is set in the lab */
};

int options_parse(int argc, char **argv, struct options *out, struct err *e);

extern const char options_help[];

#endif
