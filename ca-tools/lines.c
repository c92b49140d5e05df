#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

enum { WHERE_MAX = 200 };

struct lines {
        const char *name;
        FILE *file; /* stdin is not ours to close */
        size_t count, done, size;
        char where[WHERE_MAX];
        char text[LINES_OCTETS_MAX + 2]; /* with its CR and a NUL */
};

const char *lines_where(struct lines *l)
{
        snprintf(
            l->where, sizeof(l->where), "%.160s: line %zu", l->name, l->count);
        return l->where;
}

size_t lines_count(const struct lines *l)
{
        return l->count;
}

int lines_percent(const struct lines *l)
{
        return l->size > 0 ? (int)(l->done * 100 / l->size) : 100;
}

static int bad_line(struct lines *l, const char *why, struct err *e)
{
        return err_set(e, ERR_DATA, "%s: %s", lines_where(l), why);
}

/* The end of the file, or a failure to read. */
static int at_end(struct lines *l, struct err *e)
{
        if (ferror(l->file))
                return err_errno(e, ERR_IO, "%s: cannot read", l->name);
        return 0;
}

int lines_next(struct lines *l, char **line, struct err *e)
{
        size_t len = 0;
        int c;

        c = getc_unlocked(l->file);
        if (c == EOF)
                return at_end(l, e);
        for (l->count++; c != '\n' && c != EOF; c = getc_unlocked(l->file)) {
                if (len + 1 >= sizeof(l->text))
                        return bad_line(l, "longer than 1000 octets", e);
                if (c == '\0')
                        return bad_line(l, "holds a NUL: not a text file", e);
                l->text[len++] = (char)c;
        }
        if (c == EOF && at_end(l, e) != 0)
                return -1;
        l->done += len + (c == '\n');
        if (len > 0 && l->text[len - 1] == '\r')
                len--;
        l->text[len] = '\0';
        *line = l->text;
        return 1;
}

/* A byte order mark is no part of the first line. */
static void skip_mark(struct lines *l)
{
        static const char mark[] = "\xef\xbb\xbf";
        int c = getc_unlocked(l->file);

        if (c != (unsigned char)mark[0])
                ungetc(c, l->file); /* EOF: nothing */
        else if (getc_unlocked(l->file) == (unsigned char)mark[1])
                getc_unlocked(l->file);
}

static FILE *nameless(const char *dir, struct err *e)
{
        char path[4096];
        FILE *file = NULL;
        int fd;

        if (file_path(path, sizeof(path), e, "%s/.list.XXXXXX", dir) != 0)
                return NULL;
        fd = mkostemp(path, 0);
        if (fd >= 0) {
                unlink(path);
                file = fdopen(fd, "w+");
        }
        if (file == NULL) {
                err_errno(e, ERR_IO, "%s", path);
                if (fd >= 0)
                        close(fd);
        }
        return file;
}

/* Each line is checked on its way, so endless nonsense ends at once. */
static int copy_lines(struct lines *l, FILE *to, struct err *e)
{
        char *line;
        int rc;

        while ((rc = lines_next(l, &line, e)) == 1) {
                if (l->done > LINES_PIPE_MAX)
                        return err_set(e, ERR_DATA,
                            "%s: more than 4 GiB: cut it into parts", l->name);
                if (fputs(line, to) == EOF || putc('\n', to) == EOF)
                        break;
        }
        if (rc >= 0 &&
            (ferror(to) || fflush(to) != 0 || fseek(to, 0, SEEK_SET) != 0))
                rc = err_errno(e, ERR_IO, "%s: cannot be kept", l->name);
        return rc < 0 ? -1 : 0;
}

static int take_in(struct lines *l, const char *dir, struct err *e)
{
        FILE *to = nameless(dir, e);

        if (to == NULL)
                return -1;
        if (copy_lines(l, to, e) != 0) {
                fclose(to);
                return -1;
        }
        if (l->file != stdin)
                fclose(l->file);
        l->file = to;
        l->size = l->done;
        l->done = l->count = 0;
        return 0;
}

static int settle(struct lines *l, const char *dir, struct err *e)
{
        struct stat st;

        if (fstat(fileno(l->file), &st) != 0)
                return err_errno(e, ERR_IO, "%s", l->name);
        if (S_ISDIR(st.st_mode))
                return err_set(e, ERR_IO, "%s: is a folder", l->name);
        skip_mark(l);
        if (!S_ISREG(st.st_mode))
                return take_in(l, dir, e);
        l->size = (size_t)st.st_size;
        return 0;
}

int lines_open(
    const char *path, const char *dir, struct lines **out, struct err *e)
{
        bool standard = strcmp(path, "-") == 0;
        struct lines *l = calloc(1, sizeof(*l));

        *out = NULL;
        if (l == NULL)
                return err_set(e, ERR_OS, "out of memory");
        l->name = standard ? "standard input" : path;
        l->file = standard ? stdin : fopen(path, "re");
        if (l->file == NULL)
                err_errno(e, ERR_IO, "%s", path);
        else if (settle(l, dir, e) == 0) {
                *out = l;
                return 0;
        }
        lines_close(l);
        return -1;
}

void lines_close(struct lines *l)
{
        if (l != NULL && l->file != NULL && l->file != stdin)
                fclose(l->file);
        free(l);
}
