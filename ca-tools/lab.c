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

int64_t lab_now(const struct lab *lab)
{
        return labclock_now(lab->clock);
}
