/* answered - see answered.h. */
#include "promote/answered.h"

#include "base/mem.h"
#include "promote/cluster_move.h"

struct following {
    struct driver *driver;
    struct arena arena;
    struct candidate *all; /* NULL: not read yet */
    uint32_t all_count;
    const struct candidate **in; /* promoted, and their patches are in what is active */
    uint32_t in_count;
    struct str *plugins; /* that ever had a promotion */
    uint32_t plugins_count;
};

static bool concerns(const struct admission *admission, struct str plugin)
{
    return admission->plugin.size == 0 || str_equal(admission->plugin, plugin);
}

/* How many there are up to the one that this returns to: 0 if none before `end` is that. From the
 * end, so that a whole way back reads each of them once. */
static uint32_t up_to(const struct driver *driver, uint32_t end, const struct digest *admission)
{
    while (end > 0 && !hash_equal(&driver->admissions[end - 1].digest, admission))
        end--;
    return end;
}

static int add_candidate(struct following *following, struct str id, struct err *err)
{
    uint32_t count = following->in_count, i = 0;
    int rc = following->all ? 0
                            : candidate_list(following->driver->journal, &following->arena,
                                  &following->all, &following->all_count, err);
    if (rc < 0)
        return rc;
    while (i < following->all_count && !str_equal(following->all[i].id, id))
        i++;
    if (i == following->all_count)
        return err_set(err, ERR_MISSING, "no candidate %.*s", (int)(id.size & 127), id.at);
    following->in = arena_grow(&following->arena, following->in, count * sizeof *following->in,
        (count + 1) * sizeof *following->in);
    following->in[following->in_count++] = &following->all[i];
    return 0;
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
            i = up_to(driver, i, &admission->returns);
        } else if (admission->kind == ADMIT_PROMOTION) {
            int rc = add_candidate(following, admission->candidate, err);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

/* Each name once. */
static bool add_name(struct following *following, struct str name)
{
    uint32_t count = following->plugins_count;
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(following->plugins[i], name))
            return false;
    following->plugins = arena_grow(&following->arena, following->plugins,
        count * sizeof *following->plugins, (count + 1) * sizeof *following->plugins);
    following->plugins[following->plugins_count++] = name;
    return true;
}

static int add_all(struct following *following, struct err *err)
{
    struct driver *driver = following->driver;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < driver->admissions_count; i++)
        if (driver->admissions[i].kind == ADMIT_PROMOTION &&
            add_name(following, driver->admissions[i].plugin))
            rc = add_plugin(following, driver->admissions[i].plugin, err);
    return rc;
}

static bool answers(const struct following *following, const struct journal_cluster *row, bool same)
{
    for (uint32_t i = 0; i < following->in_count; i++)
        if (str_equal(following->in[i]->cluster, row->id) &&
            (!same || hash_equal(&following->in[i]->batch, &row->document)))
            return true;
    return false;
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
        rc = journal_clusters(driver->journal, &following.arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = follow(&following, &rows[i], err);
    arena_done(&following.arena);
    return rc;
}
