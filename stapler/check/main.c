/* ocsp-check: a careful client, that explains itself. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "stapler/check/live.h"
#include "stapler/check/run.h"
#include "stapler/check/watch.h"

enum { NOT_AS_EXPECTED = 6 };

static int save(const struct findings *f, struct err *e)
{
        const struct report *r = &f->first;

        if (f->options->save == NULL)
                return 0;
        if (!r->has_answer) {
                fprintf(stderr, "ocsp-check: --save %s: no answer to write\n",
                    f->options->save);
                return 0;
        }
        return file_write_fast(
            f->options->save, r->der.data, r->der.len, 0644, e);
}

static int tell(const struct findings *f, struct err *e)
{
        if (f->options->json) {
                if (print_json(f, e) != 0)
                        return -1;
        } else {
                print_text(f);
        }
        return cli_flush(e) == 0 ? save(f, e) : -1;
}

/* --save-request; returns the exit code. */
static int write_request(const struct options *o, struct err *e)
{
        struct subject s;
        int64_t now;
        int rc = now_of(o, &now, e);

        if (rc != 0)
                return cli_fail("ocsp-check", e);
        rc = subject_open(&s, o, now, e);
        if (rc == 0)
                rc = subject_load(&s, o->cert, e);
        if (rc == 0)
                rc = subject_find_issuer(&s, e);
        if (rc == 0)
                rc = live_save_request(&s, o->save_request, e);
        subject_close(&s);
        return rc == 0 ? 0 : cli_fail("ocsp-check", e);
}

/* Returns the exit code. */
static int look(const struct options *o, struct err *e)
{
        static struct findings f; /* a hundred KiB */
        struct subject s;
        int64_t now;
        int code;

        if (now_of(o, &now, e) != 0)
                return cli_fail("ocsp-check", e);
        if (findings_make(o, now, &s, &f, e) != 0 || tell(&f, e) != 0)
                code = cli_fail("ocsp-check", e);
        else if (o->expect.is_set)
                code = f.as_expected ? 0 : NOT_AS_EXPECTED;
        else
                code = report_exit(&f.first, f.accepted);
        findings_release(&f);
        subject_close(&s);
        return code;
}

int main(int argc, char **argv)
{
        struct options o;
        struct err e = ERR_INIT;

        cli_hold_descriptors();
        signal(SIGPIPE, SIG_IGN); /* a peer that is gone is an error code */
        switch (options_parse(argc, argv, &o, &e)) {
        case OPTIONS_RUN:
                break;
        case OPTIONS_DONE:
                return 0;
        case OPTIONS_BAD:
                return cli_fail("ocsp-check", &e);
        }
        if (o.save_request != NULL)
                return write_request(&o, &e);
        if (o.watch_ms == 0)
                return look(&o, &e);
        (void)watch(&o, &e); /* returns only with a failure */
        return cli_fail("ocsp-check", &e);
}
