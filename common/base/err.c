#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct err *e, enum err_code code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void fill(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
        char *p;

        e->code = code;
        vsnprintf(e->text, sizeof(e->text), fmt, ap);
        while ((p = strpbrk(e->text, "\r\n")) != NULL)
                *p = ' ';
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
        va_list ap;

        if (e == NULL)
                return -1;
        va_start(ap, fmt);
        fill(e, code, fmt, ap);
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
        size_t used;
        va_list ap;

        if (e == NULL)
                return -1;
        va_start(ap, fmt);
        fill(e, code_of(number, code), fmt, ap);
        va_end(ap);
        used = strlen(e->text);
        snprintf(
            e->text + used, sizeof(e->text) - used, ": %s", strerror(number));
        return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
        char old[ERR_TEXT_MAX];
        size_t used;
        va_list ap;

        if (e == NULL)
                return -1;
        memcpy(old, e->text, sizeof(old));
        va_start(ap, fmt);
        fill(e, e->code, fmt, ap);
        va_end(ap);
        used = strlen(e->text);
        snprintf(e->text + used, sizeof(e->text) - used, ": %s", old);
        return -1;
}
