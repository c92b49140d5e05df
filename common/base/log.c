#include "base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log_json.h"
#include "base/parse.h"

enum { LINE_MAX_ = 2048 };

static struct {
        int fd;
        enum log_level lowest;
        bool json;
        char path[PATH_MAX];
} sink = {STDERR_FILENO, LOG_INFO_, false, ""};

static int open_append(const char *path)
{
        return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

int log_open(const char *path, enum log_level lowest, struct err *e)
{
        int fd;

        sink.lowest = lowest;
        if (path == NULL)
                return 0;
        fd = open_append(path);
        if (fd < 0)
                return err_errno(e, ERR_IO, "%s: cannot open the log", path);
        sink.fd = fd;
        return file_path(sink.path, sizeof(sink.path), e, "%s", path);
}

int log_reopen(void)
{
        int fd;

        if (sink.path[0] == '\0')
                return 0;
        fd = open_append(sink.path);
        if (fd < 0)
                return -1;
        /* dup3 swaps the file under the number that other threads use. */
        dup3(fd, sink.fd, O_CLOEXEC);
        close(fd);
        return 0;
}

static const char *level_name(enum log_level level)
{
        switch (level) {
        case LOG_DEBUG_:
                return "debug";
        case LOG_INFO_:
                return "info";
        case LOG_WARN_:
                return "warn";
        case LOG_ERROR_:
                return "error";
        }
        return "?";
}

void log_as_json(void)
{
        sink.json = true;
}

/* One write: lines of threads never mix.  Where it fails, nobody is left to
 * tell. */
static void write_text(
    const char *at, const char *level, const char *subsystem, const char *body)
{
        char line[LINE_MAX_ + 1];
        size_t len;
        int n = snprintf(
            line, LINE_MAX_ - 1, "%s %s %s %s", at, level, subsystem, body);

        if (n < 0)
                return;
        len = n < LINE_MAX_ - 1 ? (size_t)n : LINE_MAX_ - 2; /* cut */
        line[len] = '\n';
        if (write(sink.fd, line, len + 1) < 0)
                return;
}

static void write_json(
    const char *at, const char *level, const char *subsystem, const char *body)
{
        struct buf out = {0};

        log_json_line(&out, at, level, subsystem, body);
        if (!out.failed && write(sink.fd, out.data, out.len) < 0)
                buf_clear(&out);
        buf_release(&out);
}

void log_line(enum log_level level, const char *subsystem, const char *fmt, ...)
{
        char body[LINE_MAX_], at[TIME_TEXT_MAX];
        va_list ap;
        int rc;

        if (level < sink.lowest)
                return;
        va_start(ap, fmt);
        rc = vsnprintf(body, sizeof(body), fmt, ap);
        va_end(ap);
        if (rc < 0)
                return;
        format_time((int64_t)time(NULL), at);
        if (sink.json)
                write_json(at, level_name(level), subsystem, body);
        else
                write_text(at, level_name(level), subsystem, body);
}

const char *log_escape(struct span in, char out[LOG_ESCAPED_MAX])
{
        size_t i, n = 0;

        for (i = 0; i < in.len; i++) {
                uint8_t c = in.data[i];

                if (n + 8 > LOG_ESCAPED_MAX) {
                        memcpy(out + n, "...", 3);
                        n += 3;
                        break;
                }
                if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
                        out[n++] = (char)c;
                else
                        n += (size_t)snprintf(out + n, 5, "\\x%02x", c);
        }
        out[n] = '\0';
        return out;
}
