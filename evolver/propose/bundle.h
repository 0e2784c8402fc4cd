/* bundle - the evidence bundle (proposer.h) as structs. Texts point into the document or stand in
 * the arena; all of it is data from traces. */
#pragma once

#include "base/json.h"
#include "propose/proposer.h"

enum bundle_kind { BUNDLE_FAIL, BUNDLE_PASS, BUNDLE_OVERREACH, BUNDLE_BEHIND };

struct bundle_call {
    struct str name;
    const struct json *args; /* NULL: they do not parse */
    const struct json *tool; /* the tool of that name among those offered, or NULL */
};
struct bundle_step {
    uint32_t id;
    uint32_t group; /* numbered by first sight */
    enum bundle_kind kind;
    struct proposer_verdict want;
    /* of a failing one: the text as written, the calls as written, the calls that are wanted */
    struct str text;
    struct bundle_call *calls, *wanted;
    uint32_t calls_count, wanted_count;
    bool denies; /* a call is wanted denied: no edit does that */
    const struct json *tools;
    const struct json *from; /* the step as it stands in the document */
};
struct bundle_plugin {
    struct str name, path, source;
    const struct json *hooks;
    struct str build; /* of an earlier version: the first digits of its build */
};
struct bundle {
    struct str cluster, hook;
    struct bundle_plugin *plugins;
    uint32_t plugins_count;
    struct bundle_plugin *stock, *earlier; /* what may be copied from; earlier: newest first */
    uint32_t stock_count, earlier_count;
    struct str pipeline, pipeline_path; /* its source */
    struct bundle_step *steps;
    uint32_t steps_count, groups_count;
    const struct json *past;  /* earlier candidates: [{"plugin", "edits", "why_lost"}] */
    uint32_t seconds, rounds; /* rounds: requests to a model, 0: none may be asked */
    uint32_t lines;           /* that a patch may change; 0: nobody said */
    const struct json *tools; /* lists */
    const char **without;
    uint32_t without_count;
};

/* ERR_INPUT: not of schema 1. */
int bundle_read(struct bundle *ret, struct arena *arena, struct str text, struct err *err);
/* Whether an earlier candidate of the cluster made exactly these edits: it has lost already. */
bool bundle_lost(
    const struct bundle *bundle, struct arena *arena, struct str plugin, const struct json *edits);
bool bundle_stands_on(const struct bundle_plugin *plugin, struct str hook);
