#include "internal.h"

#include "pki/pki.h"

struct search {
        struct span serial;
        bool found;
};

static int compare(void *arg, const struct pki_crl_entry *entry, struct err *e)
{
        struct search *s = arg;

        (void)e;
        s->found |= span_equal(s->serial, entry->serial);
        return 0;
}

/* Whether it lists certificates of every kind, for every reason. */
static bool is_whole(const X509_CRL *crl)
{
        ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(
            crl, NID_issuing_distribution_point, NULL, NULL);
        bool whole = idp == NULL ||
                     (idp->onlyuser <= 0 && idp->onlyCA <= 0 &&
                         idp->onlyattr <= 0 && idp->onlysomereasons == NULL);

        ISSUING_DIST_POINT_free(idp);
        return whole;
}

/* Of that issuer, complete, and in its time. */
static bool is_usable(X509_CRL *crl, X509 *issuer, int64_t now)
{
        struct pki_crl_info info;
        struct err e = ERR_INIT;

        return pki_crl_check(crl, issuer, "CRL", &e) == 0 &&
               pki_crl_info(crl, &info, &e) == 0 && !info.delta &&
               info.this_update <= now && now < info.next_update;
}

enum pki_crl_word pki_crl_word(
    STACK_OF(X509_CRL) *crls, X509 *cert, X509 *issuer, int64_t now)
{
        struct pki_serial serial = pki_serial_of(cert);
        enum pki_crl_word word = PKI_CRL_SILENT;
        struct err e = ERR_INIT;
        int i;

        for (i = 0; i < sk_X509_CRL_num(crls) && serial.len > 0; i++) {
                X509_CRL *crl = sk_X509_CRL_value(crls, i);
                struct search s = {.serial = {serial.octets, serial.len}};

                if (!is_usable(crl, issuer, now) ||
                    pki_crl_each(crl, compare, &s, &e) != 0)
                        continue;
                if (s.found)
                        return PKI_CRL_REVOKED;
                if (is_whole(crl))
                        word = PKI_CRL_CLEAR;
        }
        return word;
}
