/* canary_units - see canary_units.h. */
#include "broker/canary_units.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int canary_units_begin(struct canary_units *units, uint32_t share, struct err *err)
{
    struct digest key;
    if (getrandom(key.at, sizeof key.at, 0) != (ssize_t)sizeof key.at)
        return err_sys(err, "draw a key");
    *units = (struct canary_units){ .key = key, .share = share };
    return 0;
}

static uint64_t keyed(const struct canary_units *units, const char *what, struct str data)
{
    const struct str parts[] = { { (const char *)units->key.at, sizeof units->key.at },
        str_of(what), data };
    const struct digest digest = hash_parts(parts, sizeof parts / sizeof *parts);
    uint64_t ret;
    memcpy(&ret, digest.at, sizeof ret);
    return ret;
}

static uint64_t name_of(struct canary_units *units, struct str principal, uint64_t session)
{
    uint64_t name = keyed(units, "principal", principal);
    if (units->first == 0)
        units->first = name;
    units->many |= name != units->first;
    return units->many
               ? name
               : keyed(units, "session", (struct str){ (const char *)&session, sizeof session });
}

struct canary_unit *canary_unit_of(
    struct canary_units *units, struct str principal, uint64_t session)
{
    if (units->share == 0)
        return NULL;
    uint64_t id = name_of(units, principal, session);
    for (uint32_t i = 0; i < units->count; i++)
        if (units->at[i].id == id)
            return &units->at[i];
    if (units->count == CANARY_UNITS_MAX)
        return NULL;
    struct canary_unit *unit = &units->at[units->count++];
    *unit = (struct canary_unit){ .id = id, .in_new = id % 100 < units->share };
    return unit;
}

void canary_unit_done(struct canary_unit *unit, bool on_new)
{
    if (unit && unit->in_new == on_new)
        unit->done++;
}

void canary_unit_bad(struct canary_units *units, struct canary_unit *unit, bool on_new)
{
    if (!unit || unit->bad || unit->in_new != on_new)
        return;
    unit->bad = true;
    if (units->votes_count < CANARY_VOTES_MAX)
        units->votes[units->votes_count++] = on_new ? 'n' : 'o';
}

void canary_units_tell(const struct canary_units *units, struct buf *out)
{
    uint32_t seen = 0, clean = 0;
    for (uint32_t i = 0; i < units->count; i++) {
        const struct canary_unit *unit = &units->at[i];
        seen += unit->in_new && (unit->done > 0 || unit->bad);
        clean += unit->in_new && unit->done > 0 && !unit->bad;
    }
    buf_format(out, "\"units\":%u,\"clean\":%u,\"votes\":\"%s\"", seen, clean, units->votes);
}
