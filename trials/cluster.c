/* cluster - counts, cases and their ranking.
 *
 * In an origin where most occurrences of a symptom were accepted, the symptom is not what failed in
 * the rest (a harness that writes its trace in another form than it calls): those runs are left
 * out, with the reason. Ranking is by distinct groups: many repeats of one customer are one piece
 * of evidence. */
#include "trials/cluster.h"

#include "base/mem.h"
#include "trials/frame.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLUSTERS_MAX = 64, DETECTORS_MAX = 128, ORIGINS_MAX = 256 };

const char *const cluster_hook_words[9] = { "turn_start", "context", "request", "model_error",
    "reply", "before_tool", "after_tool", "answer", "turn_end" };
static const char *const mostly_harmless =
    "most occurrences there were no failure: the symptom is not what failed";

struct origin {
    char *name;
    struct miner_count counts[DETECTORS_MAX];
};
struct entry { /* a cluster being made */
    struct cluster cluster;
    uint32_t cases_room;
    unsigned detector;
    uint8_t tools;       /* bits of enum detect_tool_class */
    const char *why_not; /* the first reason that a hit gave */
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
    const struct entry *ranked[CLUSTERS_MAX];
    unsigned ranked_count;
};
struct mining { /* one run under one detector */
    struct miner *miner;
    const struct run *run;
    struct entry *entry;
    struct miner_count *count;
    unsigned origin;
    bool seen;
};

struct miner *miner_new(void)
{
    struct miner *miner = mem_zero(1, sizeof(*miner));
    assert(detectors_count <= DETECTORS_MAX);
    for (unsigned i = 0; i < detectors_count; i++) {
        if (detectors[i].hook < 0)
            continue;
        assert(miner->entries_count < CLUSTERS_MAX);
        struct entry *entry = mem_zero(1, sizeof(*entry));
        entry->detector = i;
        entry->cluster.detector = &detectors[i];
        entry->cluster.id = detectors[i].id;
        entry->cluster.origins = entry->origins;
        miner->entries[miner->entries_count++] = entry;
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

/* A run without any result did nothing, whatever its grade says. */
static bool carried_out(const struct run *run)
{
    for (uint32_t i = 0; i < run->messages_count; i++)
        if (run->messages[i].role == RUN_RESULT)
            return true;
    return false;
}

static struct miner_session *add_session(struct miner *miner, const struct run *run)
{
    if (miner->sessions_count == miner->sessions_room) {
        miner->sessions_room = miner->sessions_room ? miner->sessions_room * 2 : 256;
        miner->sessions = mem_grow(miner->sessions, miner->sessions_room, sizeof(*miner->sessions));
    }
    struct miner_session *session = &miner->sessions[miner->sessions_count++];
    *session = (struct miner_session){ .id = keep(miner, run->session),
        .group = keep(miner, run->group),
        .origin = keep(miner, run->origin),
        .split = run->split,
        .steps = run->steps_count > 0,
        .solved = run->graded && run->solved && carried_out(run),
        .claims = run->claims };
    return session;
}

static struct digest case_digest(const struct run *run, uint32_t step, const char *detector)
{
    struct hash_state state;
    uint32_t last = run->steps[step];
    hash_begin(&state);
    hash_add(&state, detector, strlen(detector) + 1);
    if (run->tools)
        hash_add(&state, run->tools->digest.at, sizeof(run->tools->digest.at));
    for (uint32_t i = 0; i <= last; i++) {
        uint64_t size = run->messages[i].bytes.size;
        hash_add(&state, &size, sizeof(size));
        hash_add(&state, run->messages[i].bytes.at, size);
    }
    return hash_end(&state);
}

static void add_case(struct mining *mining, const struct detect_hit *hit)
{
    struct cluster *cluster = &mining->entry->cluster;
    if (cluster->cases_count == mining->entry->cases_room) {
        uint32_t room = mining->entry->cases_room ? mining->entry->cases_room * 2 : 64;
        cluster->cases = mem_grow(cluster->cases, room, sizeof(*cluster->cases));
        mining->entry->cases_room = room;
    }
    cluster->cases[cluster->cases_count++] = (struct cluster_case){
        .session = mining->miner->sessions_count - 1,
        .step = hit->step,
        .call = hit->call,
        .digest = case_digest(mining->run, hit->step, cluster->id),
    };
}

/* What the gate could be shown: the detector's frame speaks for this hit. Whether it is also a
 * failure (mendable) decides about the cluster, not about what a person may ask to see. */
static bool framed(const struct mining *mining, const struct detect_hit *hit)
{
    struct effects wanted;
    const struct detector *detector = mining->entry->cluster.detector;
    return hit->step != UINT32_MAX && detector->frame &&
           detector->frame(mining->run, hit->step, &wanted, mining->run->arena) == 1;
}

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct mining *mining = with;
    struct entry *entry = mining->entry;
    bool first = !mining->seen;
    mining->count->occurrences++;
    mining->seen = true;
    if (!entry)
        return;
    struct cluster_origin *origin = &entry->origins[mining->origin];
    const char *why = NULL;
    bool mendable = entry->cluster.detector->mendable(mining->run, hit, &why);
    entry->cluster.hits++;
    origin->hits++;
    origin->mendable += mendable;
    entry->tools |= (uint8_t)(1 << hit->tool_class);
    if (!mendable && !entry->why_not)
        entry->why_not = why;
    if (!first || !framed(mining, hit))
        return; /* behind a first change that nothing can be said of, nothing can be claimed */
    if (!mendable && entry->cluster.detector->frame != repeat_frame)
        return;
    origin->cases++;
    add_case(mining, hit);
}

static void mine_one(struct miner *miner, const struct run *run, unsigned detector, unsigned origin,
    struct entry *entry, uint64_t bit)
{
    struct mining mining = { .miner = miner,
        .run = run,
        .entry = entry,
        .count = &miner->origins[origin]->counts[detector],
        .origin = origin };
    detectors[detector].find(run, on_hit, &mining);
    if (!mining.seen)
        return;
    mining.count->sessions++;
    if (!entry)
        return;
    entry->origins[origin].sessions++;
    entry->cluster.sessions++;
    struct miner_session *session = &miner->sessions[miner->sessions_count - 1];
    entry->cluster.solved += session->solved;
    session->symptoms |= bit;
}

void miner_add(struct miner *miner, const struct run *run)
{
    unsigned origin = origin_of(miner, run->origin);
    add_session(miner, run);
    for (unsigned i = 0, entry = 0; i < detectors_count; i++) {
        bool own = entry < miner->entries_count && miner->entries[entry]->detector == i;
        mine_one(
            miner, run, i, origin, own ? miner->entries[entry] : NULL, own ? 1ULL << entry : 0);
        entry += own;
    }
}

/* --- after the last run --- */

static bool same_group(
    const struct miner *miner, const struct cluster_case *a, const struct cluster_case *b)
{
    return str_equal(miner->sessions[a->session].group, miner->sessions[b->session].group);
}

static void count_groups(const struct miner *miner, struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->cases_count; i++) {
        uint32_t k = 0;
        while (k < i && !same_group(miner, &cluster->cases[k], &cluster->cases[i]))
            k++;
        if (k < i)
            continue;
        uint8_t split = miner->sessions[cluster->cases[i].session].split;
        cluster->groups++;
        cluster->held_in_groups += split == SPLIT_HELD_IN;
        cluster->held_out_groups += split == SPLIT_HELD_OUT;
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

static int by_rank(const void *a, const void *b)
{
    const struct cluster *left = &(*(struct entry *const *)a)->cluster;
    const struct cluster *right = &(*(struct entry *const *)b)->cluster;
    if (left->mendable != right->mendable)
        return left->mendable ? -1 : 1;
    if (left->groups != right->groups)
        return left->groups > right->groups ? -1 : 1;
    if (left->cases_count != right->cases_count)
        return left->cases_count > right->cases_count ? -1 : 1;
    return strcmp(left->id, right->id);
}

void miner_rank(struct miner *miner)
{
    for (unsigned i = 0; i < miner->entries_count; i++) {
        struct entry *entry = miner->entries[i];
        if (entry->cluster.hits == 0)
            continue;
        judge_origins(miner, entry);
        count_groups(miner, &entry->cluster);
        sign(entry);
        entry->cluster.mendable &= entry->cluster.cases_count > 0;
        if (!entry->cluster.mendable)
            entry->cluster.why_not = entry->why_not ? entry->why_not : "no frame speaks for it";
        miner->ranked[miner->ranked_count++] = entry;
    }
    qsort(miner->ranked, miner->ranked_count, sizeof(miner->ranked[0]), by_rank);
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
