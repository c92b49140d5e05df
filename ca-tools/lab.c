#include "lab.h"

#include "cadb/write.h"
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
        return store_recover(lab, e);
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

int64_t lab_now(const struct lab *lab)
{
        return labclock_now(lab->clock);
}
