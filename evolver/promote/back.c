/* back - see back.h.
 *
 * What is active may itself be a return. The way back then starts at what was returned to, or two
 * rollbacks would put the build back under live turns that the first one was for. */
#include "promote/back.h"

#include "promote/quarantined.h"

#include <string.h>

struct look {
    struct driver *driver;
    struct str plugin;
    struct quarantined *bad;
    uint32_t bad_count;
};

static int generation_at(
    struct generation *ret, const struct look *look, uint32_t at, struct err *err)
{
    struct str text;
    struct driver *driver = look->driver;
    int rc = journal_get(driver->journal, "generation", &driver->admissions[at].generation,
        &driver->arena, &text, err);
    return rc < 0 ? rc : generation_read(ret, text, &driver->arena, err);
}

/* What the rollback is of: the whole tree, or one plugin's build; zero if it was not there. */
static struct digest part_of(const struct look *look, const struct generation *generation)
{
    if (look->plugin.size == 0)
        return generation->tree;
    const struct generation_build *row = generation_find(generation, look->plugin);
    return row ? row->build : (struct digest){ 0 };
}

/* How many there are up to the one of that digest: 0 if none before `end` has it. */
static uint32_t up_to(const struct driver *driver, uint32_t end, const struct digest *digest)
{
    while (end > 0 && !hash_equal(&driver->admissions[end - 1].digest, digest))
        end--;
    return end;
}

/* The admission that first brought what is active, whatever returned to it since. */
static int origin(uint32_t *ret, const struct look *look, struct err *err)
{
    struct driver *driver = look->driver;
    struct generation before;
    const struct digest now = part_of(look, &driver->generation);
    uint32_t at = driver->admissions_count - 1;
    while (at > 0) {
        int rc = generation_at(&before, look, at - 1, err);
        if (rc < 0)
            return rc;
        const struct digest then = part_of(look, &before),
                            *returns = &driver->admissions[at].returns;
        const uint32_t to = hash_zero(returns) ? 0 : up_to(driver, at, returns);
        if (hash_equal(&then, &now))
            at--; /* it changed something else */
        else if (to > 0)
            at = to - 1;
        else
            break;
    }
    *ret = at;
    return 0;
}

static bool quarantined(const struct look *look, const struct digest *generation)
{
    for (uint32_t i = 0; i < look->bad_count; i++)
        if (hash_equal(&look->bad[i].generation, generation))
            return true;
    return false;
}

/* The same builds may have come back under another number since. */
static int is_blamed(bool *ret, const struct look *look, const struct digest *part, struct err *err)
{
    const struct driver *driver = look->driver;
    struct generation bad;
    *ret = false;
    for (uint32_t i = 0; i < driver->admissions_count && !*ret; i++) {
        const struct admission *admission = &driver->admissions[i];
        if (!quarantined(look, &admission->generation) ||
            (look->plugin.size && !str_equal(look->plugin, admission->plugin)))
            continue;
        int rc = generation_at(&bad, look, i, err);
        if (rc < 0)
            return rc;
        const struct digest blamed = part_of(look, &bad);
        *ret = hash_equal(&blamed, part);
    }
    return 0;
}

static int further_back(
    uint32_t *ret, struct generation *ret_old, const struct look *look, struct err *err)
{
    const struct digest now = part_of(look, &look->driver->generation);
    uint32_t at;
    int rc = origin(&at, look, err);
    while (rc == 0 && at-- > 0) {
        bool blamed;
        if ((rc = generation_at(ret_old, look, at, err)) < 0)
            return rc;
        const struct digest part = part_of(look, ret_old);
        if (hash_equal(&part, &now) || (look->plugin.size && hash_zero(&part)))
            continue;
        if ((rc = is_blamed(&blamed, look, &part, err)) < 0)
            return rc;
        if (!blamed) {
            *ret = at;
            return 0;
        }
    }
    if (rc < 0)
        return rc;
    err_set(err, ERR_MISSING, "nothing that may be active again is older than what is active");
    return err_hint(err,
        "moult log lists what was active; moult rollback --to COMMIT goes there, also "
        "forward, also to what was quarantined");
}

static bool named(const struct admission *admission, const struct digest *build, struct str to)
{
    char hex[DIGEST_HEX];
    return str_starts(admission->commit, to) ||
           (!hash_zero(build) && str_starts(str_of(hash_hex(hex, build)), to));
}

static int named_one(uint32_t *ret, struct generation *ret_old, const struct look *look,
    struct str to, struct err *err)
{
    const struct driver *driver = look->driver;
    for (uint32_t at = driver->admissions_count; at-- > 0;) {
        const struct admission *admission = &driver->admissions[at];
        bool whole = look->plugin.size == 0;
        if (whole && !named(admission, &admission->build, to))
            continue;
        int rc = generation_at(ret_old, look, at, err);
        if (rc < 0)
            return rc;
        const struct digest part = part_of(look, ret_old);
        *ret = at;
        if (whole || (!hash_zero(&part) && named(admission, &part, to)))
            return 0;
    }
    err_set(err, ERR_MISSING, "nothing that begins with %.*s was ever active", (int)(to.size & 127),
        to.at);
    return err_hint(err, "moult log lists what was active");
}

int back_target(const struct admission **ret, struct generation *ret_old, struct driver *driver,
    struct str plugin, struct str to, struct err *err)
{
    struct look look = { .driver = driver, .plugin = plugin };
    uint32_t at = 0;
    int rc = to.size ? 0 : quarantined_read(driver, &look.bad, &look.bad_count, err);
    if (rc == 0)
        rc = to.size ? named_one(&at, ret_old, &look, to, err)
                     : further_back(&at, ret_old, &look, err);
    *ret = &driver->admissions[at];
    return rc;
}
