/* asking - see asking.h. */
#include "promote/asking.h"

#include "base/json.h"
#include "base/mem.h"
#include "propose/prompts.h"

#include <string.h>

enum { PROMPTS_SHOWN = 12, NODES_MAX = 1 << 16 };

const char *asking_name(const struct config_proposer *proposer, struct arena *arena)
{
    char hex[DIGEST_HEX];
    struct digest prompts = prompts_digest();
    return arena_format(arena, "%.*s@%.*s", (int)proposer->name.size, proposer->name.at,
        PROMPTS_SHOWN, hash_hex(hex, &prompts));
}

/* Why it ended is the model's or the proposer's word: printable, and believed by nobody. */
static void take_why(struct proposing_result *ret)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str why = json_string(&arena, json_get(json_read(&arena, ret->stop, NULL, NULL), "why"));
    if (ret->end == PROPOSING_STOPPED && why.at)
        str_printable(ret->why, sizeof ret->why, why, false);
}

/* With what was said to the model and by it, but for its last words, so that a person can look at
 * how a candidate came to be. */
static int sum_up(
    struct proposing_result *ret, struct driver *driver, struct str used, struct err *err)
{
    static const struct json_limits limits = { .nodes_max = NODES_MAX };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    char hex[DIGEST_HEX];
    struct digest digest;
    buf_text(&out, "{\"said\":");
    buf_str(&out, ret->stop.size ? ret->stop : STR("null"));
    buf_text(&out, ",\"asked\":");
    buf_str(&out, used.size ? used : STR("null"));
    if (json_read(&arena, buf_view(&ret->asked_last), &limits, NULL)) {
        int rc = journal_put(driver->journal, "evidence", buf_view(&ret->asked_last), &digest, err);
        if (rc < 0)
            return rc;
        buf_format(&out, ",\"conversation\":\"%s\"", hash_hex(hex, &digest));
    }
    buf_char(&out, '}');
    ret->stop = (struct str){ arena_string(&ret->arena, out.at, out.size), out.size };
    return 0;
}

int asking_run(struct proposing_result *ret, struct driver *driver,
    const struct config_proposer *proposer, const struct proposing_plan *plan, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct door_way way;
    struct str used;
    struct proposing_plan with = *plan;
    int rc = door_way_open(&way, driver->journal, proposer, err);
    if (rc < 0)
        return rc;
    with.way = &way;
    with.budget.rounds = proposer->rounds;
    rc = proposing_run(ret, &with, err);
    door_way_close(&way, &arena, &used);
    if (rc < 0)
        return rc;
    take_why(ret);
    rc = sum_up(ret, driver, used, err);
    if (rc < 0)
        proposing_result_done(ret);
    return rc;
}
