#include "base_fixture.h"

#include <stdio.h>
#include <stdlib.h>

char folder[PATH_MAX - 256];

int folder_setup(void **state)
{
        const char *tmp = getenv("TMPDIR");

        (void)state;
        snprintf(folder, sizeof(folder), "%s/base.XXXXXX",
            tmp != NULL ? tmp : "/tmp");
        return mkdtemp(folder) == NULL ? -1 : 0;
}

int folder_teardown(void **state)
{
        (void)state;
        return file_remove_tree(folder, NULL);
}

const char *in_folder(const char *name)
{
        static char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        return path;
}

const char *content_of(const char *path)
{
        static char text[65536];
        struct buf b = {0};
        struct err e = ERR_INIT;

        if (file_read(path, sizeof(text) - 1, &b, &e) != 0)
                fail_msg("%s", e.text);
        snprintf(text, sizeof(text), "%s", buf_text(&b));
        buf_release(&b);
        return text;
}
