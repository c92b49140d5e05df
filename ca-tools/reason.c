#include "reason.h"

#include <stddef.h>

int reason_parse(const char *text, int *out, struct err *e)
{
        int reason;

        if (ocsp_reason_parse(text, &reason) != 0)
                return err_set(e, ERR_USAGE,
                    "'%s' is no reason of RFC 5280 section 5.3.1: choose "
                    "unspecified, keyCompromise, "
                    "cACompromise, affiliationChanged, superseded, "
                    "cessationOfOperation, certificateHold, "
                    "privilegeWithdrawn or aACompromise",
                    text);
        if (reason == OCSP_REASON_REMOVE_FROM_CRL)
                return err_set(e, ERR_USAGE,
                    "removeFromCRL is no reason to revoke (RFC 5280 section "
                    "5.3.1): use 'ocsp-ca release' to end a hold");
        *out = reason > 0 ? reason : OCSP_REASON_NONE;
        return 0;
}

const char *reason_name(int reason)
{
        const char *name = ocsp_reason_name(reason);

        return name != NULL ? name : "unspecified";
}
