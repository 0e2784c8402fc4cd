/* answered - see answered.h. */
#include "promote/answered.h"

#include "base/mem.h"
#include "promote/cluster_move.h"

struct following {
    struct driver *driver;
    struct candidate *in; /* promoted, and their patches are in what is active */
    uint32_t in_count;
};

static bool concerns(const struct admission *admission, struct str plugin)
{
    return admission->plugin.size == 0 || str_equal(admission->plugin, plugin);
}

static uint32_t place_of(const struct driver *driver, const struct digest *admission)
{
    uint32_t i = 0;
    while (i < driver->admissions_count && !hash_equal(&driver->admissions[i].digest, admission))
        i++;
    return i;
}

/* Back from the last admission: a return goes on from what it returned to. */
static int add_plugin(struct following *following, struct str plugin, struct err *err)
{
    struct driver *driver = following->driver;
    for (uint32_t i = driver->admissions_count; i > 0;) {
        const struct admission *admission = &driver->admissions[i - 1];
        i--;
        if (!concerns(admission, plugin))
            continue;
        if (admission->kind == ADMIT_ROLLBACK) {
            uint32_t to = place_of(driver, &admission->returns);
            i = to < i ? to + 1 : 0;
        } else if (admission->kind == ADMIT_PROMOTION) {
            int rc = candidate_find(driver->journal, &driver->arena, admission->candidate,
                &following->in[following->in_count], err);
            if (rc < 0)
                return rc;
            following->in_count++;
        }
    }
    return 0;
}

static bool seen_before(const struct driver *driver, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (driver->admissions[i].kind == ADMIT_PROMOTION &&
            str_equal(driver->admissions[i].plugin, driver->admissions[at].plugin))
            return true;
    return false;
}

static int add_all(struct following *following, struct err *err)
{
    struct driver *driver = following->driver;
    int rc = 0;
    following->in =
        arena_alloc(&driver->arena, (driver->admissions_count + 1) * sizeof *following->in);
    for (uint32_t i = 0; rc == 0 && i < driver->admissions_count; i++)
        if (driver->admissions[i].kind == ADMIT_PROMOTION && !seen_before(driver, i))
            rc = add_plugin(following, driver->admissions[i].plugin, err);
    return rc;
}

static bool answers(const struct following *following, const struct journal_cluster *row, bool same)
{
    for (uint32_t i = 0; i < following->in_count; i++)
        if (str_equal(following->in[i].cluster, row->id) &&
            (!same || hash_equal(&following->in[i].batch, &row->document)))
            return true;
    return false;
}

/* A row outlives the next question to the journal. */
static struct journal_cluster own(struct driver *driver, const struct journal_cluster *row)
{
    struct journal_cluster owned = *row;
    struct str *texts[] = { &owned.id, &owned.signature, &owned.state };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        texts[i]->at = arena_string(&driver->arena, texts[i]->at, texts[i]->size);
    return owned;
}

/* An open one with another batch than the one that was answered was seen again since. */
static int follow(struct following *following, struct journal_cluster *row, struct err *err)
{
    struct driver *driver = following->driver;
    bool open = str_equal(row->state, STR("batched")) || str_equal(row->state, STR("in_work"));
    if (open && answers(following, row, true))
        return cluster_move(driver, row, ON_PROMOTED, err);
    if (!str_equal(row->state, STR("resolved")) || answers(following, row, false))
        return 0;
    int rc = cluster_move(driver, row, ON_SEEN_AGAIN, err);
    return rc < 0 ? rc : cluster_move(driver, row, ON_BATCH, err);
}

int answered_follow(struct driver *driver, struct err *err)
{
    struct following following = { .driver = driver };
    struct journal_cluster *rows;
    uint32_t count;
    int rc = add_all(&following, err);
    if (rc == 0)
        rc = journal_clusters(driver->journal, &driver->arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rows[i] = own(driver, &rows[i]);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = follow(&following, &rows[i], err);
    return rc;
}
