#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Control characters would break the line, or drive the terminal.  Of a text
 * that is too long the middle goes, since the end says why. */
static void put(char out[ERR_TEXT_MAX], const char *text)
{
        enum { HEAD = ERR_TEXT_MAX / 4, TAIL = ERR_TEXT_MAX - HEAD - 4 };
        size_t len = strlen(text);
        char *p;

        if (len < ERR_TEXT_MAX)
                memcpy(out, text, len + 1);
        else
                snprintf(out, ERR_TEXT_MAX, "%.*s...%s", HEAD, text,
                    text + len - TAIL);
        for (p = out; *p != '\0'; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = ' ';
}

/* tail: what follows, after ": "; NULL: nothing. */
static void fill(struct err *e, enum err_code code, const char *tail,
    const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static void fill(struct err *e, enum err_code code, const char *tail,
    const char *fmt, va_list ap)
{
        char *head = NULL, *all = NULL;

        e->code = code;
        if (vasprintf(&head, fmt, ap) < 0)
                head = NULL;
        else if (tail != NULL && asprintf(&all, "%s: %s", head, tail) < 0)
                all = NULL;
        put(e->text, all != NULL ? all : head != NULL ? head : "out of memory");
        free(head);
        free(all);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
        va_list ap;

        if (e == NULL)
                return -1;
        va_start(ap, fmt);
        fill(e, code, NULL, fmt, ap);
        va_end(ap);
        return -1;
}

static enum err_code code_of(int number, enum err_code code)
{
        switch (number) {
        case ENOENT:
                return ERR_NOTFOUND;
        case EEXIST:
                return ERR_EXISTS;
        }
        return code;
}

int err_errno(struct err *e, enum err_code code, const char *fmt, ...)
{
        int number = errno;
        va_list ap;

        if (e == NULL)
                return -1;
        va_start(ap, fmt);
        fill(e, code_of(number, code), strerror(number), fmt, ap);
        va_end(ap);
        return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
        char old[ERR_TEXT_MAX];
        va_list ap;

        if (e == NULL)
                return -1;
        memcpy(old, e->text, sizeof(old));
        va_start(ap, fmt);
        fill(e, e->code, old, fmt, ap);
        va_end(ap);
        return -1;
}
