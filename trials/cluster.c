/* cluster - counts, cases and their ranking.
 *
 * In an origin where most occurrences of a symptom were accepted, the symptom is not what failed in
 * the rest (a harness that writes its trace in another form than it calls): those runs are left
 * out, with the reason. */
#include "trials/cluster.h"

#include "base/mem.h"
#include "trials/rank.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLUSTERS_MAX = 64, ORIGINS_MAX = 256, REASONS_MAX = 8 };

const char *const cluster_hook_words[9] = { "turn_start", "context", "request", "model_error",
    "reply", "before_tool", "after_tool", "answer", "turn_end" };
static const char *const mostly_harmless =
    "most occurrences there were no failure: the symptom is not what failed";

struct origin {
    char *name;
    struct miner_count counts[MINED_DETECTORS_MAX];
};
struct reason {
    const char *why;
    uint32_t runs;
};
struct entry { /* a cluster being made */
    struct cluster cluster;
    uint32_t cases_room;
    unsigned detector;
    uint64_t bit;  /* in miner_session.symptoms */
    uint8_t tools; /* bits of enum detect_tool_class */
    struct reason reasons[REASONS_MAX];
    unsigned reasons_count;
    struct cluster_origin origins[ORIGINS_MAX];
};
struct miner {
    struct arena arena; /* ids */
    struct miner_session *sessions;
    uint32_t sessions_count, sessions_room;
    struct origin *origins[ORIGINS_MAX];
    unsigned origins_count;
    struct entry *entries[CLUSTERS_MAX]; /* in the order of the table: symptom bits */
    unsigned entries_count;
    struct entry *entry_of[MINED_DETECTORS_MAX]; /* by row; NULL: it names no hook */
    struct entry *ranked[CLUSTERS_MAX];
    uint64_t newest_ms;
    unsigned ranked_count;
};
struct miner *miner_new(void)
{
    struct miner *miner = mem_zero(1, sizeof(*miner));
    assert(detectors_count <= MINED_DETECTORS_MAX);
    for (unsigned i = 0; i < detectors_count; i++) {
        if (detectors[i].hook < 0)
            continue;
        assert(miner->entries_count < CLUSTERS_MAX);
        struct entry *entry = mem_zero(1, sizeof(*entry));
        entry->detector = i;
        entry->cluster.detector = &detectors[i];
        entry->cluster.id = detectors[i].id;
        entry->cluster.origins = entry->origins;
        entry->bit = 1ULL << miner->entries_count;
        miner->entry_of[i] = miner->entries[miner->entries_count++] = entry;
    }
    return miner;
}

void miner_free(struct miner *miner)
{
    if (!miner)
        return;
    for (unsigned i = 0; i < miner->entries_count; i++) {
        free(miner->entries[i]->cluster.cases);
        free(miner->entries[i]);
    }
    for (unsigned i = 0; i < miner->origins_count; i++) {
        free(miner->origins[i]->name);
        free(miner->origins[i]);
    }
    free(miner->sessions);
    arena_done(&miner->arena);
    free(miner);
}

void miner_freep(struct miner **miner)
{
    miner_free(*miner);
}

static struct str keep(struct miner *miner, struct str s)
{
    return (struct str){ arena_string(&miner->arena, s.size ? s.at : "", s.size), s.size };
}

/* The origin's index. Beyond the bound they are counted together in the last one. */
static unsigned origin_of(struct miner *miner, struct str name)
{
    for (unsigned i = 0; i < miner->origins_count; i++)
        if (str_equal(name, str_of(miner->origins[i]->name)))
            return i;
    if (miner->origins_count == ORIGINS_MAX)
        return ORIGINS_MAX - 1;
    struct origin *origin = mem_zero(1, sizeof(*origin));
    origin->name = mem_format("%.*s", (int)name.size, name.size ? name.at : "");
    miner->origins[miner->origins_count] = origin;
    return miner->origins_count++;
}

static struct miner_session *add_session(
    struct miner *miner, const struct mined *mined, uint8_t split, uint64_t began_ms)
{
    if (miner->sessions_count == miner->sessions_room) {
        miner->sessions_room = miner->sessions_room ? miner->sessions_room * 2 : 256;
        miner->sessions = mem_grow(miner->sessions, miner->sessions_room, sizeof(*miner->sessions));
    }
    struct miner_session *session = &miner->sessions[miner->sessions_count++];
    *session = (struct miner_session){ .id = keep(miner, mined->id),
        .group = keep(miner, mined->group),
        .origin = keep(miner, mined->origin),
        .client = mined->principal,
        .at_ms = began_ms,
        .split = split,
        .steps = mined->steps,
        .solved = mined->solved,
        .claims = mined->claims };
    return session;
}

static void add_case(struct miner *miner, struct entry *entry, const struct mined_failure *failure)
{
    struct cluster *cluster = &entry->cluster;
    if (cluster->cases_count == entry->cases_room) {
        entry->cases_room = entry->cases_room ? entry->cases_room * 2 : 64;
        cluster->cases = mem_grow(cluster->cases, entry->cases_room, sizeof(*cluster->cases));
    }
    cluster->cases[cluster->cases_count++] = (struct cluster_case){
        .session = miner->sessions_count - 1,
        .step = failure->step,
        .call = failure->call,
        .lost = failure->lost,
        .digest = failure->digest,
    };
}

/* Reasons are a few sentences of the program's. */
static void add_reason(struct miner *miner, struct entry *entry, struct str why)
{
    for (unsigned i = 0; i < entry->reasons_count; i++)
        if (str_equal(why, str_of(entry->reasons[i].why))) {
            entry->reasons[i].runs++;
            return;
        }
    if (entry->reasons_count < REASONS_MAX)
        entry->reasons[entry->reasons_count++] = (struct reason){ keep(miner, why).at, 1 };
}

static void add_failure(struct miner *miner, struct miner_session *session, unsigned origin,
    const struct mined_failure *failure)
{
    struct entry *entry = miner->entry_of[failure->row];
    struct cluster *cluster = &entry->cluster;
    struct cluster_origin *here = &entry->origins[origin];
    cluster->hits += failure->hits;
    cluster->sessions++;
    cluster->solved += session->solved;
    here->hits += failure->hits;
    here->sessions++;
    here->mendable += failure->mendable;
    entry->tools |= failure->tools;
    session->symptoms |= entry->bit;
    if (failure->why_not.size > 0)
        add_reason(miner, entry, failure->why_not);
    if (!failure->is_case)
        return;
    here->cases++;
    add_case(miner, entry, failure);
}

void miner_take(struct miner *miner, const struct mined *mined, uint8_t split, uint64_t began_ms)
{
    unsigned origin = origin_of(miner, mined->origin);
    struct miner_session *session = add_session(miner, mined, split, began_ms);
    if (began_ms > miner->newest_ms)
        miner->newest_ms = began_ms;
    for (uint32_t i = 0; i < mined->counts_count; i++) {
        struct miner_count *count = &miner->origins[origin]->counts[mined->counts[i].row];
        count->occurrences += mined->counts[i].occurrences;
        count->sessions++;
    }
    for (uint32_t i = 0; i < mined->failures_count; i++)
        add_failure(miner, session, origin, &mined->failures[i]);
}

void miner_add(struct miner *miner, const struct run *run)
{
    struct mined mined;
    mined_read(&mined, run);
    miner_take(miner, &mined, run->split, 0);
}

/* --- after the last run --- */

void miner_regroup(struct miner *miner,
    void (*where)(const void *with, struct str *group, uint8_t *split), const void *with)
{
    for (uint32_t i = 0; i < miner->sessions_count; i++) {
        struct str group = miner->sessions[i].group;
        where(with, &group, &miner->sessions[i].split);
        if (!str_equal(group, miner->sessions[i].group))
            miner->sessions[i].group = keep(miner, group);
    }
}

/* Leaves out the cases of origins where the symptom mostly did no harm, unless none would be one.
 */
static void judge_origins(struct miner *miner, struct entry *entry)
{
    struct cluster *cluster = &entry->cluster;
    uint32_t kept = 0;
    for (unsigned i = 0; i < miner->origins_count; i++) {
        entry->origins[i].name = str_of(miner->origins[i]->name);
        cluster->mendable |= entry->origins[i].mendable * 2 > entry->origins[i].hits;
    }
    cluster->origins_count = miner->origins_count;
    for (unsigned i = 0; i < miner->origins_count; i++)
        if (cluster->mendable && entry->origins[i].mendable * 2 <= entry->origins[i].hits &&
            entry->origins[i].hits > 0) {
            entry->origins[i].why_not = mostly_harmless;
            entry->origins[i].cases = 0;
        }
    for (uint32_t i = 0; i < cluster->cases_count; i++) {
        struct str name = miner->sessions[cluster->cases[i].session].origin;
        if (!entry->origins[origin_of(miner, name)].why_not)
            cluster->cases[kept++] = cluster->cases[i];
    }
    cluster->cases_count = kept;
}

static void sign(struct entry *entry)
{
    static const char *const words[] = { [TOOL_NONE] = "none",
        [TOOL_READ] = "read",
        [TOOL_WRITE] = "write",
        [TOOL_UNKNOWN] = "unknown" };
    struct cluster *cluster = &entry->cluster;
    size_t at = (size_t)snprintf(cluster->signature, sizeof(cluster->signature),
        "%s:%s:*:", cluster->id, cluster_hook_words[cluster->detector->hook]);
    const char *between = "";
    for (unsigned i = 0; i < COUNT_OF(words); i++)
        if (entry->tools >> i & 1 && at < sizeof(cluster->signature)) {
            at += (size_t)snprintf(cluster->signature + at, sizeof(cluster->signature) - at, "%s%s",
                between, words[i]);
            between = "+";
        }
}

/* What most of its runs say; of as many, what was said first. */
static const char *main_reason(const struct entry *entry)
{
    const struct reason *most = NULL;
    for (unsigned i = 0; i < entry->reasons_count; i++)
        if (!most || entry->reasons[i].runs > most->runs)
            most = &entry->reasons[i];
    return most ? most->why : "no frame speaks for it";
}

static int by_rank(const void *a, const void *b)
{
    return rank_order(&(*(struct entry *const *)a)->cluster, &(*(struct entry *const *)b)->cluster);
}

void miner_rank(struct miner *miner)
{
    for (unsigned i = 0; i < miner->entries_count; i++) {
        struct entry *entry = miner->entries[i];
        if (entry->cluster.hits == 0)
            continue;
        judge_origins(miner, entry);
        rank_figures(&entry->cluster, miner->sessions, miner->newest_ms);
        sign(entry);
        entry->cluster.mendable &=
            entry->cluster.cases_count > 0 && entry->cluster.detector->benefit != BENEFIT_NONE;
        if (!entry->cluster.mendable)
            entry->cluster.why_not = main_reason(entry);
        miner->ranked[miner->ranked_count++] = entry;
    }
    qsort(miner->ranked, miner->ranked_count, sizeof(miner->ranked[0]), by_rank);
    for (unsigned i = 0; i < miner->ranked_count; i++)
        miner->ranked[i]->cluster.rank = i + 1;
}

const struct cluster *miner_cluster(const struct miner *miner, unsigned rank)
{
    return rank < miner->ranked_count ? &miner->ranked[rank]->cluster : NULL;
}

const struct cluster *miner_find(const struct miner *miner, const char *id)
{
    for (unsigned i = 0; i < miner->ranked_count; i++)
        if (strcmp(miner->ranked[i]->cluster.id, id) == 0)
            return &miner->ranked[i]->cluster;
    return NULL;
}

const struct miner_session *miner_sessions(const struct miner *miner, uint32_t *ret_count)
{
    *ret_count = miner->sessions_count;
    return miner->sessions;
}

uint64_t miner_bits(const struct miner *miner, const struct cluster *cluster)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < miner->entries_count; i++) {
        const struct cluster *other = &miner->entries[i]->cluster;
        if (other == cluster ||
            (cluster->detector->frame && other->detector->frame == cluster->detector->frame))
            bits |= 1ULL << i;
    }
    return bits;
}

const char *miner_origin(const struct miner *miner, unsigned origin)
{
    return origin < miner->origins_count ? miner->origins[origin]->name : NULL;
}

struct miner_count miner_in_origin(const struct miner *miner, unsigned origin, unsigned detector)
{
    return miner->origins[origin]->counts[detector];
}

struct miner_count miner_total(const struct miner *miner, unsigned detector)
{
    struct miner_count total = { 0 };
    for (unsigned i = 0; i < miner->origins_count; i++) {
        total.occurrences += miner->origins[i]->counts[detector].occurrences;
        total.sessions += miner->origins[i]->counts[detector].sessions;
    }
    return total;
}
