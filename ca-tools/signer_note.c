#include "signer_note.h"

#include <stdio.h>

struct ending {
        int64_t now, left;
        int more; /* other CAs of which the same is true */
        char ca[LAB_NAME_MAX + 1];
};

static int find_ending(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct ending *n = arg;
        int64_t left;

        (void)e;
        if (!cadb_signer_ends_soon(ca, n->now, &left))
                return 0;
        if (n->ca[0] != '\0')
                n->more++;
        if (n->ca[0] == '\0' || left < n->left) {
                snprintf(n->ca, sizeof(n->ca), "%s", ca->name);
                n->left = left;
        }
        return 0;
}

void signer_note(const struct lab *lab)
{
        struct ending n = {.now = lab_now(lab)};
        char left[DURATION_TEXT_MAX], others[48] = "";

        if (cadb_ca_each(lab->db, find_ending, &n, NULL) != 0 ||
            n.ca[0] == '\0')
                return;
        if (n.more > 0)
                snprintf(
                    others, sizeof(others), ", and %d more end soon", n.more);
        if (n.left > 0)
                fprintf(stderr,
                    "ocsp-ca: note: the OCSP signer of %s ends in %s%s: see "
                    "'ocsp-ca signer list'\n",
                    n.ca, format_duration(n.left, left), others);
        else
                fprintf(stderr,
                    "ocsp-ca: note: the OCSP signer of %s has ended%s: nobody "
                    "signs answers: see 'ocsp-ca signer list'\n",
                    n.ca, others);
}
