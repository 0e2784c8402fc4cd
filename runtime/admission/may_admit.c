/* may_admit - see may_admit.h. */
#include "admission/may_admit.h"

#include "admission/hooks.h"
#include "base/mem.h"
#include "moult.h"

#include <string.h>

/* STATISTICS of tier "auto" (docs/reference/statistics.md): what share of failing groups must be
 * beaten, how many may be worse at most, and what all looks under one mandate may spend. */
#define SHARE_FIXED .5
#define SHARE_WORSE .1
#define LEVEL_ALL .05

/* --- what no mandate covers */

/* By what it may do. A hook that routes, one that refuses or asks a person, one that sees what
 * leaves, and tools of its own: a change there changes what the agent is allowed, not how well it
 * does what it is. */
static const struct class
{
    const char *what;
    uint32_t hooks;
} classes[] = {
    { "routing", 1u << MOULT_REQUEST | 1u << MOULT_MODEL_ERROR },
    { "policy: it may refuse a message or a call",
        1u << MOULT_TURN_START | 1u << MOULT_BEFORE_TOOL },
    { "safety: it sees what leaves", 1u << MOULT_ANSWER },
    { "tools of its own", HOOKS_TOOLS },
};

/* And by what it is called, a word of its name: whoever calls a plugin that means it. */
static const struct word {
    const char *word, *what;
} words[] = {
    { "pipeline", "the order of hooks" },
    { "route", "routing" },
    { "router", "routing" },
    { "routing", "routing" },
    { "policy", "policy" },
    { "permission", "policy" },
    { "permissions", "policy" },
    { "guard", "safety" },
    { "safety", "safety" },
};

static bool has_word(struct str name, const char *word)
{
    size_t size = strlen(word);
    for (size_t from = 0, at = 0; at <= name.size; at++) {
        if (at < name.size && name.at[at] != '_' && name.at[at] != '-' && name.at[at] != '.')
            continue;
        if (at - from == size && memcmp(name.at + from, word, size) == 0)
            return true;
        from = at + 1;
    }
    return false;
}

const char *kept_for_people(struct str plugin, struct str path, uint32_t hooks)
{
    if (!str_starts(path, STR("plugins/")))
        return "the order of hooks";
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (has_word(plugin, words[i].word))
            return words[i].what;
    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (hooks & classes[i].hooks)
            return classes[i].what;
    return NULL;
}

/* --- what was admitted */

/* Whether the return took back exactly that build is not asked: a person had reason to go back. */
void mandate_past_add(struct mandate_past *past, const struct admission *admission,
    const struct digest *mandate, struct str plugin)
{
    if (admission->kind == ADMIT_PROMOTION && hash_equal(&admission->mandate, mandate)) {
        past->used++;
        past->own += str_equal(admission->plugin, plugin);
    }
    if (admission->kind == ADMIT_ROLLBACK && past->own > 0 &&
        (admission->plugin.size == 0 || str_equal(admission->plugin, plugin)))
        past->taken_back = true;
}

/* --- the table */

double mandate_level(uint32_t shard, uint32_t look)
{
    if (shard == 0 || look == 0)
        return 0;
    return LEVEL_ALL / (shard * (shard + 1.0)) / (look * (look + 1.0));
}

static bool named(const struct may_admit *asked)
{
    return mandate_names(asked->mandate, asked->plugin);
}

static bool not_kept(const struct may_admit *asked)
{
    return !kept_for_people(asked->plugin, asked->path, asked->hooks_before | asked->hooks_now);
}

static bool same_policy(const struct may_admit *asked)
{
    return hash_equal(&asked->mandate->policy, &asked->policy);
}

static bool begun(const struct may_admit *asked)
{
    return asked->at_ms >= asked->mandate->from_ms;
}

static bool lasts(const struct may_admit *asked)
{
    return asked->at_ms < asked->mandate->expires_ms;
}

static bool not_ended(const struct may_admit *asked)
{
    return asked->ended_ms == 0 || asked->at_ms < asked->ended_ms;
}

static bool some_left(const struct may_admit *asked)
{
    return asked->past.used < asked->mandate->admissions;
}

static bool not_taken_back(const struct may_admit *asked)
{
    return !asked->past.taken_back;
}

static bool facts(const struct may_admit *asked)
{
    return !asked->confirmation->claims;
}

static bool whole_sandbox(const struct may_admit *asked)
{
    return !asked->confirmation->waived;
}

/* The gate has said so with its own tables; these are the least that its words can rest on. */
static double power(double share, uint32_t times)
{
    double left = 1;
    for (uint32_t i = 0; i < times && left > 1e-12; i++)
        left *= share;
    return left;
}

static bool own_shard(const struct may_admit *asked)
{
    const struct confirmation *it = asked->confirmation;
    return it->shard > asked->past.used && it->level > 0 &&
           it->level <= mandate_level(it->shard, it->look) * (1 + 1e-9);
}

static bool none_worse(const struct may_admit *asked)
{
    const struct confirmation *it = asked->confirmation;
    return it->worse == 0 && power(1 - SHARE_WORSE, it->groups) <= it->level;
}

static bool enough_fixed(const struct may_admit *asked)
{
    const struct confirmation *it = asked->confirmation;
    return it->fixed <= it->failing && power(SHARE_FIXED, it->fixed) <= it->level;
}

static bool confirmed_before(const struct may_admit *asked)
{
    return asked->confirmation->at_ms > 0 && asked->confirmation->at_ms <= asked->at_ms;
}

const struct may_admit_rule may_admit_rules[] = {
    { "scope", "no mandate in force names its plugin", named, false },
    { "kept_for_people", "no mandate covers that: it is routing, policy or safety", not_kept,
        false },
    { "policy", "the gate's policy is another than the mandate was given for", same_policy, false },
    { "begun", "the mandate does not hold yet", begun, false },
    { "expired", "the mandate has expired", lasts, false },
    { "revoked", "the mandate was revoked", not_ended, false },
    { "taken_back", "a person took back what the mandate had admitted of this plugin",
        not_taken_back, false },
    { "used_up", "the mandate has admitted as many as it may", some_left, false },
    { "claims", "it rests on claims: conversations that were brought from outside", facts, true },
    { "sandbox", "its replays ran without a layer of the sandbox", whole_sandbox, true },
    { "shard", "its look at fresh groups spent more than the mandate gives", own_shard, true },
    { "worse", "too few fresh groups, or one of them is worse", none_worse, true },
    { "fixed", "too few fresh groups of this failure are fixed", enough_fixed, true },
    { "confirmed", "it was confirmed after it was admitted", confirmed_before, true },
};
const unsigned may_admit_rules_count = COUNT_OF(may_admit_rules);

const struct may_admit_rule *may_admit(const struct may_admit *asked)
{
    for (size_t i = 0; i < COUNT_OF(may_admit_rules); i++)
        if ((asked->confirmation || !may_admit_rules[i].confirmed) &&
            !may_admit_rules[i].holds(asked))
            return &may_admit_rules[i];
    return NULL;
}

int may_admit_check(const struct may_admit *asked, struct err *err)
{
    const struct may_admit_rule *rule = may_admit(asked);
    return rule ? err_set(err, ERR_DENIED, "%s (%s)", rule->says, rule->name) : 0;
}
