#include "scenario/lists.h"

#include <string.h>

static const struct scenario_list *const lists[] = {&scenario_list_status,
    &scenario_list_answer, &scenario_list_match, &scenario_list_time,
    &scenario_list_signature, &scenario_list_signer, &scenario_list_extension,
    &scenario_list_http, &scenario_list_network, &scenario_list_staple};
enum { LISTS_LEN = sizeof(lists) / sizeof(lists[0]) };

size_t scenario_count(void)
{
        size_t i, n = 0;

        for (i = 0; i < LISTS_LEN; i++)
                n += lists[i]->len;
        return n;
}

const struct scenario *scenario_at(size_t i)
{
        const struct scenario_list *const *list = lists;

        while (i >= (*list)->len)
                i -= (*list++)->len;
        return &(*list)->rows[i];
}

/* In a list of words between single spaces. */
static bool has_word(const char *list, const char *word)
{
        size_t len = strlen(word);

        while (*list != '\0') {
                if (strncmp(list, word, len) == 0 &&
                    (list[len] == ' ' || list[len] == '\0'))
                        return true;
                list += strcspn(list, " ");
                list += *list == ' ';
        }
        return false;
}

const struct scenario *scenario_find(const char *name)
{
        size_t i, n = scenario_count();

        for (i = 0; i < n; i++) {
                const struct scenario *s = scenario_at(i);

                if (strcmp(s->name, name) == 0 || has_word(s->aliases, name))
                        return s;
        }
        return NULL;
}

int scenario_check_made(const struct scenario *s, struct err *e)
{
        if (s->made)
                return 0;
        return err_set(e, ERR_CONFIG,
            "scenario %s: nothing here makes it happen yet; it is in the "
            "catalogue by name only",
            s->name);
}

/* ---- names ------------------------------------------------------------- */

const char *scenario_layer_name(enum scenario_layer l)
{
        static const char *const names[SCENARIO_LAYERS] = {"none",
            "response status", "body", "certificate status", "matching", "time",
            "signature", "signer", "extension", "HTTP", "network", "staple"};

        return names[l];
}

const char *scenario_place_name(enum scenario_place p)
{
        static const char *const names[] = {
            "answer", "connection", "certificate", "staple"};

        return names[p];
}

const char *scenario_signer_name(enum scenario_signer s)
{
        static const char *const names[SCENARIO_SIGNERS] = {"current", "ca",
            "parent", "leaf", "delegate", "rsa", "weak", "no-eku", "wrong-eku",
            "crlsign-only", "no-nocheck", "revoked", "expired", "not-yet-valid",
            "intermediate", "other-ca"};

        return names[s];
}

const char *scenario_type_name(enum scenario_type t)
{
        static const char *const names[] = {"number", "duration", "word"};

        return names[t];
}
