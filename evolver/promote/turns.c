/* turns - see turns.h. */
#include "promote/turns.h"

#include "base/clock.h"

static const struct config_turn search_alone = { .name = { "search", 6 } };

int turns_look(struct turns *turns, struct err *err)
{
    struct attempt_row *rows;
    int rc = attempt_rows(
        turns->driver->journal, &turns->driver->arena, &rows, &turns->plan.rows_count, err);
    turns->plan.rows = rows;
    turns->plan.now_s = clock_wall_ms() / 1000;
    return rc;
}

int turns_open(struct turns *ret, struct driver *driver, struct str cluster, uint32_t groups,
    const char *proposer, struct err *err)
{
    const struct config *config = &driver->config;
    *ret = (struct turns){ .driver = driver,
        .one = search_alone,
        .named = proposer != NULL,
        .plan = { .turns = config->proposers,
            .turns_count = config->proposers_count,
            .attempts_max = config->attempts_max,
            .cluster = cluster,
            .active = str_of(driver->active.hex),
            .groups = groups } };
    if (proposer)
        ret->one.name = str_of(proposer);
    if (proposer || config->proposers_count == 0) {
        ret->plan.turns = &ret->one;
        ret->plan.turns_count = 1;
    }
    return turns_look(ret, err);
}

struct schedule_said turns_said(const struct turns *turns, uint32_t turn)
{
    struct schedule_said said = schedule_turn(&turns->plan, turn);
    if (turns->named) /* a person wants it now */
        said.word = SCHEDULE_GO;
    return said;
}

uint32_t turns_seconds(const struct schedule_said *said, uint32_t seconds)
{
    return said->left.seconds < seconds ? said->left.seconds : seconds;
}
