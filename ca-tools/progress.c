#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/base.h"

enum { ROWS_PER_LOOK = 16, PAUSE_MS = 250 };

void progress_start(struct progress *p, const char *what)
{
        *p = (struct progress){.what = what, .on = isatty(STDERR_FILENO) == 1};
}

void progress_tick(struct progress *p, size_t done, int percent)
{
        int64_t now;

        if (!p->on || ++p->ticks % ROWS_PER_LOOK != 0)
                return;
        now = monotonic_ms();
        if (now < p->next_ms)
                return;
        p->next_ms = now + PAUSE_MS;
        p->shown = true;
        fprintf(stderr, "\r%s: %zu, %d %%", p->what, done, percent);
}

void progress_end(struct progress *p)
{
        if (p->shown)
                fprintf(stderr, "\r\033[K");
        p->shown = false;
}
