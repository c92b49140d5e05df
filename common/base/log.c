#include "base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"

enum { LINE_MAX_ = 2048 };

static struct {
        int fd;
        enum log_level lowest;
        char path[PATH_MAX];
} sink = {STDERR_FILENO, LOG_INFO_, ""};

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

void log_line(enum log_level level, const char *subsystem, const char *fmt, ...)
{
        char line[LINE_MAX_], stamp[TIME_TEXT_MAX];
        va_list ap;
        int head, body;
        size_t len;

        if (level < sink.lowest)
                return;
        head = snprintf(line, sizeof(line) - 1, "%s %s %s ",
            format_time((int64_t)time(NULL), stamp), level_name(level),
            subsystem);
        va_start(ap, fmt);
        body = vsnprintf(line + head, sizeof(line) - 1 - (size_t)head, fmt, ap);
        va_end(ap);
        if (body < 0)
                return;
        len = strlen(line);
        line[len] = '\n';
        if (write(sink.fd, line, len + 1) < 0)
                return; /* nobody is left to tell */
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
