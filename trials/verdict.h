/* verdict - pass, fail or inconclusive: a pure function of report and policy.
 * The rules are a table (verdict.c); each row names itself in the reasons. Numbers after
 * STATISTICS.md. */
#pragma once

#include "trials/report.h"
#include "trials/tally.h"

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_INCONCLUSIVE };
extern const char *const verdict_words[3];

enum { POLICY_STRICT_MAX = 1024 };
struct policy {           /* JSON, schema 3; policy_default() is tier "person" */
    double p0;            /* .2: share fixed that held-out must beat */
    double margin;        /* .20: how much worse is still "not worse" */
    double level_shard;   /* .10: A, spent by level(k, i) */
    double level_harm;    /* .05; 0: the same as what the look may spend (auto) */
    double held_in_share; /* least share of the batch's groups that must be fixed */
    double missing_max;   /* .10 */
    uint32_t held_out_groups_min;
    uint32_t patch_lines_max, so_growth_max;
    double slowdown_max;
    uint32_t prefix_breaks_max;
    bool claims;                /* may claims support a pass (a person's approval is then needed) */
    uint32_t memory_growth_max; /* KiB of a worker; from schema 2 */
    char strict[POLICY_STRICT_MAX]; /* plugins whose patches have tighter bounds (patch/bounds.h),
                                     * a blank behind each name; from schema 3 */
};
bool policy_is_strict(const struct policy *policy, struct str plugin);
struct policy policy_default(void);
/* A document: every member of its schema is there. */
int policy_read(struct policy *ret, struct str text, struct err *err);
/* A person's file: what it leaves out has its default. */
int policy_read_file(struct policy *ret, struct str text, struct err *err);
void policy_print(struct buf *out, const struct policy *policy);

struct ledger_look { /* k: looks at this shard so far, this one included; i: passes before it */
    uint32_t k, i;
};
enum { VERDICT_REASONS_MAX = 28 };
struct verdict_reason {
    const char *rule;     /* from the table */
    enum verdict holds;   /* what this row alone says */
    bool evidence, looks; /* of the rule */
    char text[200];       /* numbers; never names a held-out case */
};
struct verdict_result {
    enum verdict verdict;
    struct verdict_reason reasons[VERDICT_REASONS_MAX];
    unsigned reasons_count;
    double level; /* spent */
    /* the claims, for people */
    uint32_t in_groups, in_fixed, out_groups, out_fixed, all_groups, worse;
    double fixed_lower, worse_upper; /* bounds at .05 */
};
void verdict_of(struct verdict_result *ret, const struct report *report,
    const struct policy *policy, struct ledger_look look);
/* The same at a level that another ledger gives: of a shard that ends with its first pass. */
void verdict_at(struct verdict_result *ret, const struct report *report,
    const struct policy *policy, uint32_t look, double level);
/* What a report without held-out groups says of a look at them: fail or inconclusive already, or
 * pass if one could help. Only the rules that speak of held-out groups are left out. */
enum verdict verdict_before_look(const struct verdict_result *verdict);
/* JSON, schema 1. */
void verdict_print(struct buf *out, const struct verdict_result *verdict);

/* One rule: what it says of the facts, and why. */
struct verdict_facts {
    const struct report *report;
    const struct policy *policy;
    struct tally tally;
    struct ledger_look look;
    double level, level_harm;
};
struct verdict_rule {
    const char *name;
    enum verdict (*holds)(const struct verdict_facts *facts, char *text, size_t size);
    bool evidence; /* if it does not hold, the report says nothing: inconclusive, whatever else
                      failed */
    bool looks;    /* it speaks of held-out groups */
};
extern const struct verdict_rule verdict_rules[];
extern const unsigned verdict_rules_count;
/* The rules of a candidate that only takes a plugin out (struct report, less), and how many of a
 * hundred groups may be worse without it at most, whatever the policy's margin lets a repair. */
extern const struct verdict_rule verdict_less_rules[];
extern const unsigned verdict_less_rules_count;
#define VERDICT_LESS_MARGIN .05
double verdict_less_margin(const struct policy *policy);
/* verdict_of with a given table: so that a test can show what each row is good for. */
void verdict_apply(struct verdict_result *ret, const struct verdict_rule *rules, unsigned count,
    const struct report *report, const struct policy *policy, struct ledger_look look);
