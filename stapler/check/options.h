/* The command line of ocsp-check, checked. */
#ifndef OCSP_LAB_CHECK_OPTIONS_H
#define OCSP_LAB_CHECK_OPTIONS_H

#include <stdbool.h>

#include "base/err.h"
#include "ocsp/ocsp.h"
#include "stapler/check/handshake.h"

/* Where the answer comes from. */
enum form {
        FORM_STAPLE, /* a TLS server */
        FORM_LIVE,   /* --cert: the responder */
        FORM_FILE,   /* --cert and --response */
};

enum policy {
        POLICY_STRICT,      /* a good answer, or no */
        POLICY_MUST_STAPLE, /* absence is fine, unless the certificate says */
        POLICY_SOFT_FAIL,   /* absence and unknown are fine */
};
const char *policy_name(enum policy p);

enum method { METHOD_AUTO, METHOD_GET, METHOD_POST };
enum choice { CHOICE_AUTO, CHOICE_YES, CHOICE_NO };

struct expectation {
        bool is_set;
        enum ocsp_outcome outcome;
        bool has_reason;
        int reason;
        const char *text; /* as given */
};

enum { OPTIONS_CRLS_MAX = 8 };

/* Strings are borrowed from argv and the environment; NULL = not given. */
struct options {
        enum form form;
        const char *target; /* URL, HOST:PORT or NAME */
        const char *dir;    /* never NULL */
        const char *ca;
        const char *servername;
        const char *connect;
        const char *cert;
        const char *issuer;
        const char *url;
        const char *response;
        const char *responder_cert;
        const char *save;
        const char *save_request; /* instead of asking */
        const char *at;
        const char *crls[OPTIONS_CRLS_MAX];
        size_t crls_len;
        int64_t max_age;  /* seconds; 0: no limit */
        int64_t watch_ms; /* 0: once */
        enum policy policy;
        enum handshake_version version;
        enum method method;
        enum choice nonce;
        enum ocsp_hash hash;
        struct expectation expect;
        bool require_nonce;
        bool compare;
        bool explain;
        bool json;
};

enum options_result {
        OPTIONS_RUN,
        OPTIONS_DONE, /* --help or --version was printed */
        OPTIONS_BAD,  /* *e says why */
};
enum options_result options_parse(
    int argc, char **argv, struct options *out, struct err *e);

#endif
