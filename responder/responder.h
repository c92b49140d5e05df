/* What all threads of ocsp-responder share; read only once they run, but for
 * what has its own locks. */
#ifndef OCSP_LAB_RESPONDER_H
#define OCSP_LAB_RESPONDER_H

#include <stdatomic.h>

#include "base/base.h"
#include "httpd/httpd.h"
#include "responder/answer/answer.h"
#include "responder/cache/cache.h"
#include "responder/fault/fault.h"
#include "responder/issuer/issuer.h"
#include "responder/journal.h"
#include "responder/options.h"
#include "responder/tally.h"
#include "responder/tell.h"

/* CRLs that are sent at once: each takes a descriptor besides its
 * connection. */
enum { CRLS_OPEN_MAX = 256 };

struct worker;

/* Responses that never change. */
struct pages {
        struct httpd_response *errors[STATUSES]; /* the five bytes; [0] NULL */
        struct httpd_response *root;             /* GET / */
        struct httpd_response *not_found;
};

struct responder {
        const struct options *options;
        struct cadb_settings settings;
        struct issuer_source source;
        struct labclock *clock;
        bool serving; /* from here on changes of signers are logged */
        bool at_set;  /* offline: at instead of the clock */
        int64_t at;
        struct registry *registry;
        struct cache *cache;
        struct faultbook *faults;
        struct fault *offline_fault; /* of --scenario; NULL: what is set */
        struct journal *journal;
        struct pages pages;
        char prefix[256]; /* path of our URL, no slash at the end */
        size_t prefix_len;
        char url[512];
        struct worker **workers; /* one for each thread of the server,
                                    and the last for the status listener */
        unsigned workers_len;
        struct httpd *server;
        struct httpd *status_server;
        atomic_uint crls_open;         /* being sent */
        atomic_uint_fast64_t answered; /* counted if --max-requests */
        atomic_uint_fast64_t refused;  /* by httpd */
};

int responder_open(struct responder *r, const struct options *o, struct err *e);
void responder_release(struct responder *r);

int64_t responder_now(const struct responder *r);

/* ERR_CONFIG if the signer of any CA must not or cannot sign now. */
int responder_check_signers(struct responder *r, struct err *e);

/* Logs once of each signer that it ends soon.  Any thread. */
void responder_watch_signers(struct responder *r, int64_t now);

/* httpd_handlers. */
struct httpd_reply serve_ocsp(
    void *responder, unsigned thread, struct httpd_request *q);
struct httpd_reply serve_status(
    void *responder, unsigned thread, struct httpd_request *q);

/* GET and HEAD of /crl/NAME.crl; name: what stands after "crl/". */
struct httpd_reply serve_crl(
    struct worker *w, const struct httpd_request *q, const char *name);

/* A line of text that is not to be kept, for a person. */
struct httpd_reply page_text(unsigned status, const char *text);

int pages_make(struct pages *p, const char *url, struct err *e);
void pages_release(struct pages *p);

/* One answer from a file to a file. */
int offline_answer(struct responder *r, struct err *e);

#endif
