#include "ocsp/ocsp.h"

#include <stdlib.h>
#include <strings.h>

/* RFC 5280 section 5.3.1; 7 is not used. */
static const char *const reasons[] = {
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    NULL,
    "removeFromCRL",
    "privilegeWithdrawn",
    "aACompromise",
};
enum { REASONS = sizeof(reasons) / sizeof(reasons[0]) };

const char *ocsp_response_status_name(int status)
{
        switch (status) {
        case OCSP_SUCCESSFUL:
                return "successful";
        case OCSP_MALFORMED_REQUEST:
                return "malformedRequest";
        case OCSP_INTERNAL_ERROR:
                return "internalError";
        case OCSP_TRY_LATER:
                return "tryLater";
        case OCSP_SIG_REQUIRED:
                return "sigRequired";
        case OCSP_UNAUTHORIZED:
                return "unauthorized";
        default:
                return NULL;
        }
}

const char *ocsp_cert_status_name(enum ocsp_cert_status s)
{
        switch (s) {
        case OCSP_GOOD:
                return "good";
        case OCSP_REVOKED:
                return "revoked";
        case OCSP_UNKNOWN:
                return "unknown";
        }
        return NULL;
}

const char *ocsp_reason_name(int reason)
{
        return reason >= 0 && reason < REASONS ? reasons[reason] : NULL;
}

int ocsp_reason_parse(const char *text, int *reason)
{
        char *end;
        long number;
        int i;

        for (i = 0; i < REASONS; i++) {
                if (reasons[i] == NULL || strcasecmp(text, reasons[i]) != 0)
                        continue;
                *reason = i;
                return 0;
        }
        if (text[0] < '0' || text[0] > '9')
                return -1;
        number = strtol(text, &end, 10);
        if (*end != '\0' || number >= REASONS || reasons[number] == NULL)
                return -1;
        *reason = (int)number;
        return 0;
}
