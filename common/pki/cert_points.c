/* What a certificate says about its use, for the one that takes its place. */
#include "pki/pki.h"

#include <openssl/err.h>

#include <string.h>

#include "pki/internal.h"

enum pki_profile pki_leaf_profile(X509 *cert)
{
        /* UINT32_MAX, so both bits, without the extension. */
        uint32_t usage = X509_get_extended_key_usage(cert);
        bool client =
            (usage & XKU_SSL_CLIENT) != 0 && (usage & XKU_SSL_SERVER) == 0;

        ERR_clear_error();
        return client ? PKI_CLIENT : PKI_SERVER;
}

/* The first URI of one distribution point, printable ASCII; NULL if none. */
static char *point_url(const DIST_POINT *point)
{
        const DIST_POINT_NAME *name = point->distpoint;
        int i;

        if (name == NULL || name->type != 0) /* fullName */
                return NULL;
        for (i = 0; i < sk_GENERAL_NAME_num(name->name.fullname); i++) {
                const GENERAL_NAME *n =
                    sk_GENERAL_NAME_value(name->name.fullname, i);

                if (n->type == GEN_URI)
                        return ia5_text(n->d.uniformResourceIdentifier);
        }
        return NULL;
}

char *pki_crl_url(X509 *cert)
{
        CRL_DIST_POINTS *points =
            X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
        char *url = NULL;
        int i;

        for (i = 0; url == NULL && i < sk_DIST_POINT_num(points); i++)
                url = point_url(sk_DIST_POINT_value(points, i));
        CRL_DIST_POINTS_free(points);
        ERR_clear_error();
        return url;
}
