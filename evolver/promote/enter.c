/* enter - see enter.h. */
#include "promote/enter.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

struct str enter_id(
    struct driver *driver, const struct proposal *proposal, const struct digest *batch)
{
    char hex[DIGEST_HEX];
    const struct str parts[] = { proposal->raw, str_of(driver->active.hex),
        { (const char *)batch->at, sizeof batch->at } };
    struct digest id = hash_parts(parts, COUNT_OF(parts));
    return str_of(arena_string(&driver->arena, hash_hex(hex, &id), DIGEST_HEX - 1));
}

/* A candidate outlives the proposal that it came with. */
static struct str own(struct driver *driver, struct str text)
{
    return (struct str){ arena_string(&driver->arena, text.at, text.size), text.size };
}

int enter(struct candidate *ret, struct driver *driver, const struct proposal *proposal,
    const char *proposer, const struct digest *batch, const struct digest *from, struct err *err)
{
    *ret = (struct candidate){ .id = enter_id(driver, proposal, batch),
        .cluster = own(driver, proposal->cluster),
        .plugin = own(driver, proposal->plugin),
        .proposer = own(driver, str_of(proposer)),
        .parent = own(driver, str_of(driver->active.hex)),
        .batch = *batch,
        .made_s = (uint32_t)(clock_wall_ms() / 1000) };
    const struct harness_source *source = harness_find(&driver->harness, proposal->plugin);
    if (!source) {
        err_set(err, ERR_MISSING, "no plugin of that name is active");
        return err_hint(err, "moult plugins lists them");
    }
    if (!str_equal(source->path, proposal->path))
        return err_set(err, ERR_DENIED, "the proposal changes another file than its plugin's");
    ret->path = source->path;
    if (from)
        ret->from = *from;
    int rc = journal_put(driver->journal, "proposal", proposal->raw, &ret->proposal, err);
    return rc < 0 ? rc : candidate_add(driver->journal, &driver->arena, ret, err);
}

int enter_batch(struct digest *ret, struct driver *driver, struct str cluster, struct err *err)
{
    struct journal_cluster *rows;
    uint32_t count;
    int rc = journal_clusters(driver->journal, &driver->arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (!str_equal(rows[i].id, cluster))
            continue;
        *ret = rows[i].document;
        if (!str_equal(rows[i].state, STR("observed")) &&
            !str_equal(rows[i].state, STR("clustered")))
            return 0;
        err_set(err, ERR_STATE, "the cluster %.*s has no batch", (int)cluster.size, cluster.at);
        return err_hint(err, "moult mine --cluster %.*s makes one, whatever may come of it",
            (int)cluster.size, cluster.at);
    }
    if (rc == 0) {
        err_set(err, ERR_MISSING, "no cluster %.60s", cluster.at);
        rc = err_hint(err, "moult mine lists them");
    }
    return rc;
}
