/* Scenarios side by side, each with a certificate. */
#include "scenario/scenario.h"

#include <string.h>

const char *scenario_host_text(const struct scenario *s)
{
        /* By themselves they would outlast a client's patience. */
        static const char *const quick[][2] = {
            {"never-answers", "never-answers:for=2s"},
            {"slow", "slow:delay=500ms"},
            {"drip", "drip:every=1ms"},
        };
        size_t i;

        if (!s->made || (s->needs & SCENARIO_NEEDS_UNISSUED) != 0)
                return NULL;
        for (i = 0; i < sizeof(quick) / sizeof(quick[0]); i++)
                if (strcmp(s->name, quick[i][0]) == 0)
                        return quick[i][1];
        return s->name;
}
