#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

/*
 * The file: two slots, of which generation's lowest bit names the live one.
 * A writer fills the other slot and then adds one to generation, so a reader
 * needs no lock and a writer may die at any point.
 */
struct slot {
        int64_t mode;
        int64_t value;
};

struct clock_file {
        char magic[8];
        uint64_t generation;
        struct slot slots[2];
};

static const char clock_magic[8] = "OLCLOCK1";

struct labclock {
        struct clock_file *file;
};

static int clock_path(char *out, size_t size, const char *dir, struct err *e)
{
        int n = snprintf(out, size, "%s/clock", dir);

        if (n < 0 || (size_t)n >= size)
                return err_set(e, ERR_USAGE, "%s: path too long", dir);
        return 0;
}

static int map_file(
    const char *path, int prot, int fd, struct clock_file **out, struct err *e)
{
        struct stat st;
        struct clock_file *f;

        if (fstat(fd, &st) != 0)
                return err_errno(e, ERR_IO, "%s", path);
        if (st.st_size != (off_t)sizeof(*f))
                return err_set(e, ERR_DATA, "%s: not a clock file", path);
        f = mmap(NULL, sizeof(*f), prot, MAP_SHARED, fd, 0);
        if (f == MAP_FAILED)
                return err_errno(e, ERR_IO, "%s: cannot map", path);
        if (memcmp(f->magic, clock_magic, sizeof(clock_magic)) != 0) {
                munmap(f, sizeof(*f));
                return err_set(e, ERR_DATA, "%s: not a clock file", path);
        }
        *out = f;
        return 0;
}

int labclock_open(const char *dir, struct labclock **out, struct err *e)
{
        char path[PATH_MAX];
        struct labclock *c = NULL;
        int fd = -1, rc = -1;

        *out = NULL;
        c = calloc(1, sizeof(*c));
        if (c == NULL)
                return err_errno(e, ERR_OS, "clock");
        if (dir == NULL)
                goto done;
        if (clock_path(path, sizeof(path), dir, e) != 0)
                goto out;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                goto done;
        if (fd < 0) {
                err_errno(e, ERR_IO, "%s", path);
                goto out;
        }
        if (map_file(path, PROT_READ, fd, &c->file, e) != 0)
                goto out;
done:
        *out = c;
        c = NULL;
        rc = 0;
out:
        if (fd >= 0)
                close(fd);
        labclock_close(c);
        return rc;
}

void labclock_close(struct labclock *c)
{
        if (c == NULL)
                return;
        if (c->file != NULL)
                munmap(c->file, sizeof(*c->file));
        free(c);
}

static struct slot slot_load(const struct slot *s)
{
        return (struct slot){__atomic_load_n(&s->mode, __ATOMIC_ACQUIRE),
            __atomic_load_n(&s->value, __ATOMIC_ACQUIRE)};
}

static uint64_t generation_of(const struct clock_file *f)
{
        return __atomic_load_n(&f->generation, __ATOMIC_ACQUIRE);
}

uint64_t labclock_generation(const struct labclock *c)
{
        return c == NULL || c->file == NULL ? 0 : generation_of(c->file);
}

struct labclock_setting labclock_get(const struct labclock *c)
{
        const struct clock_file *f = c == NULL ? NULL : c->file;
        uint64_t before;
        struct slot s;

        if (f == NULL)
                return (struct labclock_setting){LABCLOCK_REAL, 0};
        do {
                before = generation_of(f);
                s = slot_load(&f->slots[before & 1]);
        } while (before != generation_of(f));
        if (s.mode != LABCLOCK_OFFSET && s.mode != LABCLOCK_FROZEN)
                return (struct labclock_setting){LABCLOCK_REAL, 0};
        return (struct labclock_setting){(enum labclock_mode)s.mode, s.value};
}

int64_t labclock_now(const struct labclock *c)
{
        struct labclock_setting s = labclock_get(c);

        if (s.mode == LABCLOCK_FROZEN)
                return s.value;
        return (int64_t)time(NULL) + s.value;
}

int labclock_create(const char *dir, struct err *e)
{
        char path[PATH_MAX];
        struct clock_file f = {.generation = 0};

        if (clock_path(path, sizeof(path), dir, e) != 0)
                return -1;
        if (access(path, F_OK) == 0)
                return 0;
        memcpy(f.magic, clock_magic, sizeof(f.magic));
        return file_write_fast(path, &f, sizeof(f), 0644, e);
}

static void slot_store(struct clock_file *f, struct slot s)
{
        uint64_t generation = __atomic_load_n(&f->generation, __ATOMIC_ACQUIRE);
        struct slot *next = &f->slots[(generation + 1) & 1];

        __atomic_store_n(&next->mode, s.mode, __ATOMIC_RELEASE);
        __atomic_store_n(&next->value, s.value, __ATOMIC_RELEASE);
        __atomic_store_n(&f->generation, generation + 1, __ATOMIC_SEQ_CST);
}

static struct slot slot_live(const struct clock_file *f)
{
        return slot_load(&f->slots[generation_of(f) & 1]);
}

/* NULL: the setting stays. */
static int change(
    const char *dir, const struct labclock_setting *to, struct err *e)
{
        char path[PATH_MAX];
        struct clock_file *f = NULL;
        int fd, rc = -1;

        if (clock_path(path, sizeof(path), dir, e) != 0)
                return -1;
        fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return err_errno(e, ERR_IO, "%s", path);
        if (flock(fd, LOCK_EX) != 0) {
                err_errno(e, ERR_IO, "%s: cannot lock", path);
                goto out;
        }
        if (map_file(path, PROT_READ | PROT_WRITE, fd, &f, e) != 0)
                goto out;
        slot_store(
            f, to != NULL ? (struct slot){to->mode, to->value} : slot_live(f));
        if (to != NULL && msync(f, sizeof(*f), MS_SYNC) != 0) {
                err_errno(e, ERR_IO, "%s", path);
                goto out;
        }
        rc = 0;
out:
        if (f != NULL)
                munmap(f, sizeof(*f));
        close(fd);
        return rc;
}

int labclock_set(const char *dir, struct labclock_setting s, struct err *e)
{
        return change(dir, &s, e);
}

int labclock_touch(const char *dir, struct err *e)
{
        char path[PATH_MAX];

        if (clock_path(path, sizeof(path), dir, e) != 0)
                return -1;
        return access(path, F_OK) != 0 ? 0 : change(dir, NULL, e);
}

int64_t monotonic_ms(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
