#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stapler/http/http.h"

/* ---- types -------------------------------------------------------------- */

static const char *const types[][2] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/plain; charset=utf-8"},
    {"xml", "application/xml"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
    {"wasm", "application/wasm"},
    {"pdf", "application/pdf"},
    {"mp4", "video/mp4"},
    {"der", "application/octet-stream"},
    {"crl", "application/pkix-crl"},  /* RFC 2585 section 4 */
    {"cer", "application/pkix-cert"}, /* the same */
    {"crt", "application/x-x509-ca-cert"},
    {"pem", "application/x-pem-file"},
};

static const char *type_of(const char *path)
{
        const char *dot = strrchr(path, '.');
        size_t i;

        for (i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
                if (strcasecmp(dot + 1, types[i][0]) == 0)
                        return types[i][1];
        }
        return "application/octet-stream";
}

/* ---- opening ------------------------------------------------------------ */

static int open_below(int root, const char *path)
{
        /* Without waiting for whoever writes into a pipe. */
        struct open_how how = {
            .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

        return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* "/.git", "/a/../b", "//host". */
static bool is_hidden(const char *path)
{
        const char *part;

        for (part = path; part != NULL; part = strchr(part + 1, '/')) {
                if (part[1] == '/')
                        return true;
                if (part[1] == '.' &&
                    (part != path || strncmp(part, "/.well-known/", 13) != 0))
                        return true;
        }
        return false;
}

static int look_at(struct http_file *out, bool folder_meant)
{
        struct stat st;

        if (fstat(out->fd, &st) != 0)
                return 404;
        if (S_ISDIR(st.st_mode) && !folder_meant)
                return 301;
        if (!S_ISREG(st.st_mode))
                return 404;
        out->size = st.st_size;
        out->modified = st.st_mtim.tv_sec;
        return 200;
}

static int open_file(
    int root, const char *folder, const char *path, struct http_file *out)
{
        size_t len = strlen(path);
        char name[HTTP_HOST_MAX + HTTP_PATH_MAX + 16];
        bool slash = path[len - 1] == '/';
        int status;

        if (is_hidden(path))
                return 404;
        snprintf(name, sizeof(name), "%s%s%s", folder,
            path + (*folder == '\0' ? 1 : 0), slash ? "index.html" : "");
        out->fd = open_below(root, name);
        if (out->fd < 0)
                return 404;
        out->type = type_of(name);
        status = look_at(out, slash);
        if (status != 200)
                close(out->fd);
        return status;
}

int http_file_open(int root, const char *path, struct http_file *out)
{
        return open_file(root, "", path, out);
}

/* In lower case and without the port; false: no name that a folder has. */
static bool folder_of(const char *host, char out[HTTP_HOST_MAX])
{
        size_t i;

        for (i = 0; host[i] != '\0' && host[i] != ':'; i++) {
                bool upper = host[i] >= 'A' && host[i] <= 'Z';

                out[i] = (char)(host[i] + (upper ? 'a' - 'A' : 0));
                if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", out[i]) ==
                    NULL)
                        return false;
        }
        out[i] = '\0';
        return out[0] != '.' && out[0] != '\0';
}

int http_file_open_of(
    int root, const char *host, const char *path, struct http_file *out)
{
        char folder[HTTP_HOST_MAX];

        return folder_of(host, folder) ? open_file(root, folder, path, out)
                                       : 404;
}

int http_root_open(const char *folder, int *root, struct err *e)
{
        int probe;

        *root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (*root < 0)
                return err_errno(e, ERR_IO, "%s", folder);
        probe = open_below(*root, ".");
        if (probe >= 0) {
                close(probe);
                return 0;
        }
        err_errno(e, ERR_IO, "%s", folder);
        close(*root);
        *root = -1;
        return -1;
}
