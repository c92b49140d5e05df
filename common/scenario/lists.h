/* The rows of the catalogue, a list for each group of layers; inside this room
 * only. */
#ifndef OCSP_LAB_SCENARIO_LISTS_H
#define OCSP_LAB_SCENARIO_LISTS_H

#include "scenario/scenario.h"

struct scenario_list {
        const struct scenario *rows;
        size_t len;
};

#define SCENARIO_LIST(rows)                                                    \
        {                                                                      \
                rows, sizeof(rows) / sizeof(rows[0])                           \
        }

extern const struct scenario_list scenario_list_status, scenario_list_answer,
    scenario_list_match, scenario_list_time, scenario_list_signature,
    scenario_list_signer, scenario_list_extension, scenario_list_http,
    scenario_list_network, scenario_list_staple;

/* Values of .expect, in the order of enum scenario_channel.  Both of a live
 * answer's channels, or all four. */
#define EXPECT_ALL(v)                                                          \
        {                                                                      \
                (v), (v), (v), (v)                                             \
        }
#define EXPECT_LIVE(v)                                                         \
        {                                                                      \
                SCENARIO_NOT_APPLICABLE, (v), (v), SCENARIO_NOT_APPLICABLE     \
        }
/* A fault of delivery: staple and file only see the good answer in it. */
#define EXPECT_DELIVERED(get, post)                                            \
        {                                                                      \
                SCENARIO_NOT_APPLICABLE, (get), (post),                        \
                    SCENARIO_NOT_APPLICABLE                                    \
        }
#define EXPECT_STAPLE(v)                                                       \
        {                                                                      \
                (v), SCENARIO_GOOD, SCENARIO_GOOD, SCENARIO_GOOD               \
        }
/* Only who sent a nonce can tell. */
#define EXPECT_NONCE(v)                                                        \
        {                                                                      \
                SCENARIO_GOOD, SCENARIO_GOOD, (v), SCENARIO_GOOD               \
        }

/* Values of .params. */
#define PARAM_DURATION(name, fallback, min_ms, max_ms, meaning)                \
        {                                                                      \
                name, meaning, fallback, SCENARIO_DURATION, min_ms, max_ms,    \
                    NULL                                                       \
        }
#define PARAM_NUMBER(name, fallback, min, max, meaning)                        \
        {                                                                      \
                name, meaning, fallback, SCENARIO_NUMBER, min, max, NULL       \
        }
#define PARAM_WORD(name, fallback, words, meaning)                             \
        {                                                                      \
                name, meaning, fallback, SCENARIO_WORD, 0, 0, words            \
        }

#define SECONDS(n) (INT64_C(1000) * (n))
#define DAYS(n) (SECONDS(86400) * (n))

#endif
