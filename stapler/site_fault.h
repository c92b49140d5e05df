/*
 * The deliberate faults of one served certificate: which are set, and the bytes
 * that they staple.  They stand beside the staple, which is kept as always, and
 * are put over it when handshakes are told what they get.
 */
#ifndef OCSP_LAB_STAPLER_SITE_FAULT_H
#define OCSP_LAB_STAPLER_SITE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "stapler/fault/fault.h"
#include "stapler/tls/tls.h"

struct fetch;
struct site;

enum site_fault_state {
        SITE_FAULT_READY,
        SITE_FAULT_WAITING, /* for its bytes: handshakes wait, too */
        SITE_FAULT_BROKEN,  /* they can't be had: handshakes are refused */
};

struct site_fault {
        struct site *site;
        struct fault *fault; /* a reference */
        enum site_fault_state state;
        bool wanted;         /* the bytes are to be fetched (again) */
        int64_t retry_at;    /* monotonic; not before */
        struct fetch *fetch; /* NULL: none under way */
        struct buf der;
        char why[ERR_TEXT_MAX]; /* of SITE_FAULT_BROKEN */
};

/* Zeroed: none. */
struct site_faults {
        struct fault *posted; /* by POST /scenario; NULL: none */
        int64_t over;         /* what was set on the certificate then */
        struct site_fault
            *list[TLS_FAULTS_MAX]; /* the first that holds is it */
        unsigned len;
};

/* Looks which ones are set.  Handshakes are told if that has changed. */
void site_faults_look(struct site *site);
/* Fetches what is wanted, and takes what a twin has. */
void site_faults_tick(struct site *site);
/* What is stapled may be too old: at once (else handshakes get what they got
 * until something newer comes). */
void site_faults_renew(struct site *site, bool at_once);
/* Sets one (NULL: none) by hand, in the place of what was set by hand, and
 * before all others, until something else is set on the certificate.  Takes the
 * reference. */
void site_faults_post(struct site *site, struct fault *fault);

/* None waits. */
bool site_faults_are_settled(const struct site *site);
/* The one that holds; NULL: none. */
const struct site_fault *site_fault_now(const struct site *site);

/* Into what handshakes are told; borrowed from the site. */
void site_faults_offer(const struct site *site, struct tls_offer *offer);
void site_faults_release(struct site *site);

#endif
