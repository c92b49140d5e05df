#include <string.h>

#include "cmd.h"

int action_run(const struct action *actions, size_t len, const char *missing,
    struct args *a, struct err *e)
{
        const char *word = a->argc > 1 ? a->argv[1] : NULL;
        struct args sub;
        size_t i;
        int rc;

        if (word != NULL && strcmp(word, "--help") == 0) {
                a->help = true;
                return -1;
        }
        for (i = 0; word != NULL && i < len; i++) {
                if (strcmp(word, actions[i].name) != 0)
                        continue;
                args_init(&sub, a->argc - 1, a->argv + 1);
                sub.command = actions[i].command;
                rc = actions[i].run(&sub, e);
                a->help = sub.help;
                return rc;
        }
        return err_set(e, ERR_USAGE,
            "%s: %s must follow: see 'ocsp-ca %s --help'", a->command, missing,
            a->command);
}
