/* --answer: one answer from a file to a file, no socket involved. */
#include "responder/worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_out(const char *path, struct span der, struct err *e)
{
        if (path != NULL && strcmp(path, "-") != 0)
                return file_write(path, der.data, der.len, 0644, e);
        if (isatty(STDOUT_FILENO))
                return err_set(e, ERR_USAGE,
                    "the answer is binary and standard output is a terminal: "
                    "name a file with --out");
        if (fwrite(der.data, 1, der.len, stdout) != der.len)
                return err_errno(e, ERR_IO, "standard output");
        return cli_flush(e);
}

static void tell_error(const struct outcome *o)
{
        char why[LOG_ESCAPED_MAX];

        if (o->status == OCSP_SUCCESSFUL)
                return;
        log_escape((struct span){(const uint8_t *)o->why, strlen(o->why)}, why);
        fprintf(stderr, "ocsp-responder: answered %s: %s\n",
            ocsp_response_status_name(o->status), why);
}

static int take_scenario(struct responder *r, struct err *e)
{
        if (r->settings.no_faults)
                return err_set(e, ERR_CONFIG,
                    "%s: made with --no-faults: no scenario can be had",
                    r->options->dir);
        return fault_offline(r->options->scenario, r->options->dir,
            r->workers[0]->db, &r->offline_fault, e);
}

int offline_answer(struct responder *r, struct err *e)
{
        const struct options *o = r->options;
        struct buf request = {.len = 0};
        struct outcome out;
        int rc;

        if (o->at != NULL) {
                if (parse_time(o->at, labclock_now(r->clock), &r->at, e) != 0)
                        return err_prefix(e, "--at");
                r->at_set = true;
        }
        rc = file_read(o->answer, FILE_LIMIT, &request, e);
        if (rc == 0 && o->scenario != NULL)
                rc = take_scenario(r, e);
        if (rc == 0) {
                worker_answer(r->workers[0], buf_span(&request), &out);
                tell_error(&out);
                rc = write_out(o->out, httpd_response_body(out.response), e);
                httpd_response_unref(out.response);
        }
        buf_release(&request);
        return rc;
}
