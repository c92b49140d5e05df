#include "responder/tell.h"

#include <ctype.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BODY_MAX = 1800 };

static struct {
        bool json;
        int fd;
        const char *path; /* NULL: standard error */
} sink = {false, STDERR_FILENO, NULL};

static int open_append(const char *path)
{
        return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

int tell_open(const char *path, bool json, struct err *e)
{
        sink.json = json;
        sink.path = path;
        if (!json)
                return log_open(path, LOG_INFO_, e);
        if (path == NULL)
                return 0;
        sink.fd = open_append(path);
        return sink.fd >= 0
                   ? 0
                   : err_errno(e, ERR_IO, "%s: cannot open the log", path);
}

int tell_reopen(void)
{
        int fd;

        if (!sink.json)
                return log_reopen();
        if (sink.path == NULL)
                return 0;
        fd = open_append(sink.path);
        if (fd < 0)
                return -1;
        /* Swaps the file under the number that other threads use. */
        dup3(fd, sink.fd, O_CLOEXEC);
        close(fd);
        return 0;
}

bool tell_is_json(void)
{
        return sink.json;
}

/* ---- one line of JSON -------------------------------------------------- */

/* A path may hold what is no UTF-8. */
static json_t *json_text(const char *text, size_t len)
{
        json_t *v = json_stringn(text, len);
        char plain[BODY_MAX];
        size_t i;

        if (v != NULL)
                return v;
        for (i = 0; i < len && i < sizeof(plain); i++)
                plain[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
        return json_stringn(plain, i);
}

/* Takes key=value off the front of *at; false if something else comes. */
static bool take_pair(const char **at, json_t *line)
{
        size_t key = 0, len, quoted;
        const char *value;
        char name[32];

        while (islower((unsigned char)(*at)[key]) || (*at)[key] == '-')
                key++;
        if (key == 0 || key >= sizeof(name) || (*at)[key] != '=')
                return false;
        snprintf(name, sizeof(name), "%.*s", (int)key, *at);
        quoted = (*at)[key + 1] == '"';
        value = *at + key + 1 + quoted;
        len = strcspn(value, quoted ? "\"" : " ");
        json_object_set_new(line, name, json_text(value, len));
        *at = value + len + (quoted && value[len] == '"');
        *at += strspn(*at, " ");
        return true;
}

static const char *level_name(enum log_level level)
{
        static const char *const names[] = {"debug", "info", "warn", "error"};

        return names[level];
}

static void write_json(
    enum log_level level, const char *subsystem, const char *body)
{
        char at[TIME_TEXT_MAX];
        json_t *line = json_pack("{s:s, s:s, s:s}", "at",
            format_time((int64_t)time(NULL), at), "level", level_name(level),
            "subsystem", subsystem);
        struct buf out = {.len = 0};
        char *text;

        while (take_pair(&body, line))
                ;
        if (*body != '\0')
                json_object_set_new(
                    line, "text", json_text(body, strlen(body)));
        text = json_dumps(line, JSON_COMPACT);
        if (text != NULL)
                buf_printf(&out, "%s\n", text);
        /* One write: lines of threads never mix. */
        if (!out.failed && write(sink.fd, out.data, out.len) < 0)
                buf_clear(&out); /* nobody is left to tell */
        buf_release(&out);
        free(text);
        json_decref(line);
}

void tell(enum log_level level, const char *subsystem, const char *fmt, ...)
{
        char body[BODY_MAX];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(body, sizeof(body), fmt, ap);
        va_end(ap);
        if (sink.json)
                write_json(level, subsystem, body);
        else
                log_line(level, subsystem, "%s", body);
}
