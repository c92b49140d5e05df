#include "base/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- what the headers of Debian 12 (Linux 6.1) lack ---------------------- */

/* struct landlock_ruleset_attr as of ABI 6; older kernels take its front. */
struct ruleset {
        uint64_t files; /* ABI 1 */
        uint64_t tcp;   /* ABI 4 */
        uint64_t scope; /* ABI 6 */
};

#define FILE_TRUNCATE (UINT64_C(1) << 14)      /* ABI 3 */
#define TCP_BIND (UINT64_C(1) << 0)            /* ABI 4 */
#define TCP_CONNECT (UINT64_C(1) << 1)         /* ABI 4 */
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)        /* ABI 6 */

/* A sanitizer writes its report, and a coverage run its counts, after the
 * jail has shut: such builds go without. */
#ifdef OCSP_LAB_NO_JAIL
static const bool built_in = false;
#else
static const bool built_in = true;
#endif

/* ---- what is allowed ----------------------------------------------------- */

#define READ_FILE ((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE)
#define READ_ALL (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | FILE_TRUNCATE)
#define WRITE_ALL                                                              \
        (READ_ALL | WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                 \
            LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |     \
            LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER)

/* All 16 of ABI 5, less what ABI lacks: the rest is forbidden everywhere. */
static uint64_t known_files(int abi)
{
        static const int bits[] = {0, 13, 14, 15, 15, 16};

        return (UINT64_C(1) << bits[abi > 5 ? 5 : abi]) - 1;
}

static size_t ruleset_size(int abi)
{
        if (abi >= 6)
                return sizeof(struct ruleset);
        return abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static struct ruleset forbidden(const struct jail_spec *spec, int abi)
{
        struct ruleset all = {.files = known_files(abi)};

        if (abi >= 4)
                all.tcp = spec->connects ? TCP_BIND : TCP_BIND | TCP_CONNECT;
        if (abi >= 6)
                all.scope = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
        return all;
}

static uint64_t rights(enum jail_access access, bool folder)
{
        switch (access) {
        case JAIL_READ:
                return folder ? READ_ALL : READ_FILE;
        case JAIL_WRITE:
                return folder ? WRITE_ALL : READ_FILE | WRITE_FILE;
        case JAIL_MAKE:
                return folder ? WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG
                              : WRITE_FILE;
        }
        return 0;
}

static int landlock_abi(void)
{
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
            LANDLOCK_CREATE_RULESET_VERSION);

        return abi > 0 ? (int)abi : 0;
}

static int allow(
    int ruleset, const struct jail_place *place, int abi, struct err *e)
{
        struct landlock_path_beneath_attr rule = {0};
        struct stat st;
        int rc = 0;

        rule.parent_fd = open(place->path, O_PATH | O_CLOEXEC);
        if (rule.parent_fd < 0 && (errno == ENOENT || errno == EACCES))
                return 0;
        if (rule.parent_fd < 0 || fstat(rule.parent_fd, &st) != 0) {
                rc = err_errno(e, ERR_IO, "%s", place->path);
                goto out;
        }
        rule.allowed_access =
            rights(place->access, S_ISDIR(st.st_mode)) & known_files(abi);
        /* EBADFD: a pipe or socket (/dev/stderr), which no rule can name and
         * none forbids. */
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
                &rule, 0) != 0 &&
            errno != EBADFD)
                rc = err_errno(e, ERR_OS, "jail: %s", place->path);
out:
        if (rule.parent_fd >= 0)
                close(rule.parent_fd);
        return rc;
}

static int restrict_self(const struct jail_spec *spec, int abi, struct err *e)
{
        struct ruleset all = forbidden(spec, abi);
        int ruleset = (int)syscall(
            SYS_landlock_create_ruleset, &all, ruleset_size(abi), 0);
        int rc = 0;
        size_t i;

        if (ruleset < 0)
                return err_errno(e, ERR_OS, "jail");
        for (i = 0; i < spec->len && rc == 0; i++)
                rc = allow(ruleset, &spec->places[i], abi, e);
        if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
                rc = err_errno(e, ERR_OS, "jail");
        close(ruleset);
        return rc;
}

bool jail_possible(void)
{
        return built_in && landlock_abi() > 0;
}

int jail_enter(const struct jail_spec *spec, bool *on, struct err *e)
{
        *on = false;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
                return err_errno(e, ERR_OS, "no_new_privs");
        if (!jail_possible())
                return 0;
        if (restrict_self(spec, landlock_abi(), e) != 0)
                return -1;
        *on = true;
        return 0;
}
