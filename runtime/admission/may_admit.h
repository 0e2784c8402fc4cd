/* may_admit - what may be admitted under a mandate, a row a reason.
 *
 * The driver reads the table before it admits, and `moult status` shows the first row that does not
 * hold; the broker reads it again whenever a generation is loaded. What no mandate can give away is
 * a table too, read when one is given, as well. */
#pragma once

#include "admission/admission.h"
#include "admission/mandate.h"

/* What no mandate covers, by what it may do and by what it is called. NULL: a mandate may cover it;
 * else what it is, in words. hooks: of hooks.h; path: of its source in the tree. */
const char *kept_for_people(struct str plugin, struct str path, uint32_t hooks);

/* What the admissions say of a mandate and a plugin. */
struct mandate_past {
    uint32_t used;   /* admissions under it */
    uint32_t own;    /* of them: of this plugin */
    bool taken_back; /* a return behind one of its own */
};
/* One more admission, in their order. */
void mandate_past_add(struct mandate_past *past, const struct admission *admission,
    const struct digest *mandate, struct str plugin);

struct may_admit {
    const struct mandate *mandate;
    struct mandate_past past;
    uint64_t ended_ms; /* when a person ended it; 0: nobody did */
    uint64_t at_ms;
    struct str plugin, path;
    uint32_t hooks_before, hooks_now;        /* of the active build and of the candidate's */
    struct digest policy;                    /* that the candidate was gated under */
    const struct confirmation *confirmation; /* NULL: not asked for yet */
};
struct may_admit_rule {
    const char *name, *says;
    bool (*holds)(const struct may_admit *asked);
    bool confirmed; /* about the confirmation */
};
extern const struct may_admit_rule may_admit_rules[];
extern const unsigned may_admit_rules_count;
/* The first that does not hold, or NULL. Without a confirmation the rules about it are left out. */
const struct may_admit_rule *may_admit(const struct may_admit *asked);
/* The same as an error: ERR_DENIED. */
int may_admit_check(const struct may_admit *asked, struct err *err);

/* What look k at shard j of a mandate may spend. A shard ends with its first pass, so over all
 * shards and looks of a mandate these sum to less than .05 (docs/reference/statistics.md). */
double mandate_level(uint32_t shard, uint32_t look);
