#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "anchors.h"
#include "cadb/write.h"
#include "scenario.h"
#include "store.h"

static int open_rest(struct lab *lab, struct err *e)
{
        if (cadb_settings_get(lab->db, &lab->settings, e) != 0)
                return -1;
        return labclock_open(lab->dir, &lab->clock, e);
}

int lab_open(struct lab *lab, const struct args *a, struct err *e)
{
        lab->dir = lab_dir(a->dir);
        if (lab_dir_check(lab->dir, e) != 0 ||
            cadb_open(lab->dir, &lab->db, e) != 0)
                return -1;
        return open_rest(lab, e);
}

int lab_open_write(struct lab *lab, const struct args *a, struct err *e)
{
        lab->dir = lab_dir(a->dir);
        if (lab_dir_check(lab->dir, e) != 0 ||
            cadb_open_write(lab->dir, &lab->db, e) != 0 ||
            open_rest(lab, e) != 0)
                return -1;
        store_recover(lab);
        scenario_tell_rest(lab);
        return anchors_recover(lab, e);
}

void lab_release(struct lab *lab)
{
        cadb_close(lab->db);
        labclock_close(lab->clock);
        lab->db = NULL;
        lab->clock = NULL;
}

_Static_assert(1 + CADB_MORE_URLS <= PKI_URLS_MAX, "all URLs fit");

size_t lab_urls(const struct cadb_settings *s, const char *urls[PKI_URLS_MAX])
{
        size_t i;

        urls[0] = s->ocsp_url;
        for (i = 0; i < s->more_urls_len; i++)
                urls[1 + i] = s->more_urls[i];
        return 1 + s->more_urls_len;
}

const char *lab_crl_url(const struct cadb_settings *s, const char *ca_name,
    char out[LAB_CRL_URL_MAX])
{
        size_t len = strlen(s->ocsp_url);
        bool slash = len > 0 && s->ocsp_url[len - 1] == '/';

        if (s->crl_url[0] == '\0')
                return NULL;
        if (strcmp(s->crl_url, "lab") == 0)
                snprintf(out, LAB_CRL_URL_MAX, "%s%scrl/%s.crl", s->ocsp_url,
                    slash ? "" : "/", ca_name);
        else
                snprintf(out, LAB_CRL_URL_MAX, "%s", s->crl_url);
        return out;
}

int64_t lab_now(const struct lab *lab)
{
        return labclock_now(lab->clock);
}
