#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmd.h"
#include "lab.h"
#include "print.h"

static const struct option options[] = {ARGS_COMMON};

/* Read before the copy is made: it holds at least that. */
struct content {
        int64_t event, certs, cas, size;
};

static int count_ca(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct content *c = arg;

        (void)ca;
        (void)e;
        c->cas++;
        return 0;
}

static int look(struct lab *lab, struct content *c, struct err *e)
{
        if (cadb_last_event(lab->db, &c->event, e) != 0 ||
            cadb_cert_count(lab->db, NULL, &c->certs, e) != 0)
                return -1;
        return cadb_ca_each(lab->db, count_ca, c, e);
}

static int print_backup(const struct args *a, const struct lab *lab,
    const char *path, const struct content *c, struct err *e)
{
        if (a->json)
                return print_json(
                    json_pack("{s:s, s:I, s:I, s:I, s:I}", "path", path, "size",
                        (json_int_t)c->size, "event", (json_int_t)c->event,
                        "cas", (json_int_t)c->cas, "certificates",
                        (json_int_t)c->certs),
                    e);
        printf("%s: %" PRId64 " bytes, with every change up to number %" PRId64
               ": %" PRId64 " CA%s, %" PRId64 " certificate%s\n"
               "now copy too: %s/{root.pem,ca,responder,certs}, and "
               "responder.pem if it is there\n",
            path, c->size, c->event, c->cas, c->cas == 1 ? "" : "s", c->certs,
            c->certs == 1 ? "" : "s", lab->dir);
        return 0;
}

static int backup(
    struct lab *lab, const struct args *a, const char *path, struct err *e)
{
        struct content c = {0};
        struct stat st;

        if (look(lab, &c, e) != 0 || cadb_backup(lab->db, path, e) != 0)
                return -1;
        if (stat(path, &st) != 0)
                return err_errno(e, ERR_IO, "%s", path);
        c.size = (int64_t)st.st_size;
        return print_backup(a, lab, path, &c, e);
}

static int run(struct args *a, struct err *e)
{
        struct lab lab = {0};
        int rc = -1;

        while (args_next(a, options, e) != ARGS_END)
                return -1;
        if (args_words(a, 1, 1, "FILE", e) != 0)
                return -1;
        if (a->words[0][0] == '\0')
                return err_set(e, ERR_USAGE, "backup: FILE is empty");
        if (lab_open(&lab, a, e) == 0)
                rc = backup(&lab, a, a->words[0], e);
        lab_release(&lab);
        return rc;
}

const struct command cmd_backup = {
    .name = "backup",
    .summary = "copy the database while everything runs",
    .help =
        "usage: ocsp-ca backup FILE [OPTION]...\n\n"
        "Writes a consistent copy of DIR/ca.db to FILE, mode 0600, while "
        "others read and\nwrite.  Every change that was acknowledged before "
        "is in it.  FILE appears complete\nor not at all; an older backup of "
        "that name is replaced, anything else is not.\n\n"
        "Keys and certificates are files of their own, which never change "
        "once they are\nwritten: copy them after the database, and all that "
        "it names is there.\n\n"
        "  ocsp-ca backup /backup/ca.db\n"
        "  cp -a DIR/root.pem DIR/ca DIR/responder DIR/certs /backup/\n"
        "  cp -a DIR/responder.pem /backup/        # with --signer trusted\n\n"
        "To restore, make a directory of them: /backup is one already.  With "
        "another name\nfor FILE it must become ca.db in there.  The clock is "
        "the real one then, CRLs are\nmade anew by 'ocsp-ca crl'.  What was "
        "done after the backup is lost: revoke again\nwhat 'ocsp-ca events' of "
        "the old directory, or your own records, say.\n\n"
        "Into a directory that was in use: end its programs first and remove "
        "its ca.db-wal\nand ca.db-shm, which belong to the old database; "
        "beside "
        "a log that is left the\nbackup is refused.\n\n" HELP_COMMON,
    .run = run,
};
