/* vocabulary - what a candidate may be made of: the SDK's verbs, their flags, the hooks, what an
 * iterator fills in. Tables only; a word that is not here cannot be in a patch. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { VERB_PARAMS_MAX = 4, VERBS_MAX = 64 };

/* What stands in the place of a text, by the parameter's name: tokens and keys are constants mined
 * from the evidence, subjects are texts of the step itself. */
enum role { ROLE_SUBJECT, ROLE_KEY, ROLE_OPEN, ROLE_CLOSE, ROLE_TOKEN, ROLE_OTHER };

struct verb_param {
    char type; /* letter of the SDK's signature: T J S C P I N F R */
    uint8_t role;
    struct str flags; /* of F: the set's name, "past" */
    struct str name;
};
struct verb {
    const char *name; /* "text_json", without moult_ */
    char returns;
    struct verb_param params[VERB_PARAMS_MAX];
    uint8_t count, cost;
    bool edit;
    const char *effect; /* "CALLS", "TEXT", ... of an edit */
};
struct vocabulary {
    struct verb at[VERBS_MAX];
    uint32_t count;
    const char **without; /* verbs or flags taken out */
    uint32_t without_count;
};
/* without: names of verbs or flags ("text_grow", "MOULT_LENIENT"). It must outlive ret. */
void vocabulary_read(struct vocabulary *ret, const char **without, uint32_t without_count);
bool vocabulary_lacks(const struct vocabulary *vocabulary, const char *name);

/* Constants of the SDK that a parameter takes. */
struct flag {
    const char *set, *name;
    const char *word; /* for people */
    enum {
        FLAG_ALONE,  /* one value of several */
        FLAG_BIT,    /* may be joined with others */
        FLAG_NARROWS /* only joined to others: alone it counts whatever happened, a clock */
    } how;
};
extern const struct flag vocabulary_flags[];
extern const unsigned vocabulary_flags_count;

/* Verbs whose results go to an edit: nothing is built on a changed copy, or each round would change
 * the copies of the one before. */
bool vocabulary_is_last(const struct verb *verb);

/* How a number becomes a condition: moult_past(...) >= 1 to 4, moult_kind(...) == MOULT_STRING.
 * flag: only with this one; NULL: with any. */
enum { COMPARISON_VALUES_MAX = 12 };
struct comparison {
    const char *verb, *flag, *how;
    const char *values[COMPARISON_VALUES_MAX];
    bool alike; /* the evidence alone says which; else the first is taken of what does as well */
};
extern const struct comparison vocabulary_comparisons[];
extern const unsigned vocabulary_comparisons_count;

/* A hook that the replay of a recorded reply or error reaches: only there can candidates be judged.
 */
struct judged_hook {
    const char *name;
    const char *effects[2]; /* classes of edits that it may make */
    const char *returns[3]; /* what it may decide, beside MOULT_PASS */
    bool call;              /* has a call in hand */
    bool body;              /* has a text in hand */
    bool error;             /* has a model error in hand; an edit does nothing without a decision */
    const char *const *numbers; /* that may be given as they are, the first tried first; or NULL */
};
const struct judged_hook *vocabulary_hook(struct str name);

/* A member of the scope: of the call in hand, or what an iterator's verb fills in. */
struct part {
    const char *of; /* iterator verb, "call" for the call in hand, "" for the text in hand, "result"
                       for one that is a result, "local" for a name of the plugin's source */
    char type;
    const char *code; /* in the trial build, with s-> in front */
    const char *name; /* in a printed patch */
    bool key;         /* may stand where a key is wanted */
};
extern const struct part vocabulary_parts[];
extern const unsigned vocabulary_parts_count;
