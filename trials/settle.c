/* settle - see settle.h. */
#include "trials/settle.h"

#include "base/mem.h"
#include "trials/near.h"
#include "trials/split.h"

#include <stdlib.h>
#include <string.h>

enum { ALIKE_MAX = NEAR_BANDS * NEAR_BUCKET_MAX };

_Static_assert(sizeof(struct near_sketch) == JOURNAL_SKETCH, "a sketch's bytes");

struct group {
    struct str name;
    uint32_t root; /* itself, or the one that it counts with */
    uint8_t split; /* JOURNAL_NO_SPLIT: it is being settled */
};
struct member { /* what stands in the index, by its tag */
    uint32_t group;
    struct str principal;
};
struct settling {
    struct journal *journal;
    struct digest key;
    struct arena arena;
    uint64_t splits; /* groups that have one */
    struct near *near;
    struct journal_sketch *known; /* of earlier ones, by session */
    uint32_t known_count;
    struct journal_sketch fresh[JOURNAL_PAGE]; /* not written yet */
    uint32_t fresh_count;
    struct member *members;
    uint32_t members_count, members_room;
    struct group *groups;
    uint32_t groups_count, groups_room;
    uint32_t *by_name; /* index + 1, open addressing */
    uint32_t by_name_size;
};

/* --- groups by name */

static uint32_t *place_of(const struct settling *s, struct str name)
{
    uint64_t at = hash_fast(name.at, name.size, 0);
    for (;; at++) {
        uint32_t *place = &s->by_name[at & (s->by_name_size - 1)];
        if (*place == 0 || str_equal(s->groups[*place - 1].name, name))
            return place;
    }
}

static struct str keep(struct settling *s, struct str text)
{
    return (struct str){ arena_string(&s->arena, text.size ? text.at : "", text.size), text.size };
}

static void grow_groups(struct settling *s)
{
    s->groups_room = s->groups_room ? 2 * s->groups_room : 256;
    s->groups = mem_grow(s->groups, s->groups_room, sizeof *s->groups);
    s->by_name_size = 2 * s->groups_room;
    free(s->by_name);
    s->by_name = mem_zero(s->by_name_size, sizeof *s->by_name);
    for (uint32_t i = 0; i < s->groups_count; i++)
        *place_of(s, s->groups[i].name) = i + 1;
}

static uint32_t root_of(const struct settling *s, uint32_t index)
{
    while (s->groups[index].root != index)
        index = s->groups[index].root;
    return index;
}

static uint32_t group_of(struct settling *s, struct str name, uint8_t split)
{
    if (s->groups_count == s->groups_room)
        grow_groups(s);
    uint32_t *place = place_of(s, name);
    if (*place == 0) {
        s->groups[s->groups_count] = (struct group){ keep(s, name), s->groups_count, split };
        *place = ++s->groups_count;
    }
    return root_of(s, *place - 1);
}

/* --- what was settled before */

static void add_member(
    struct settling *s, const struct near_sketch *sketch, uint32_t group, struct str principal)
{
    if (s->members_count == s->members_room) {
        s->members_room = s->members_room ? 2 * s->members_room : 256;
        s->members = mem_grow(s->members, s->members_room, sizeof *s->members);
    }
    s->members[s->members_count] = (struct member){ group, keep(s, principal) };
    near_add(s->near, sketch, s->members_count++);
}

static struct near_sketch sketch_of(const struct journal_sketch *kept)
{
    struct near_sketch sketch;
    memcpy(&sketch, kept->bytes, sizeof sketch);
    return sketch;
}

static int read_sketches(struct settling *s, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_sketch *page;
    uint32_t count = 1;
    int rc = 0;
    for (uint64_t after = 0; rc == 0 && count > 0; arena_reset(&arena)) {
        rc = journal_sketches(s->journal, after, &arena, &page, &count, err);
        if (rc < 0 || count == 0)
            break;
        s->known = mem_grow(s->known, s->known_count + count, sizeof *s->known);
        memcpy(s->known + s->known_count, page, count * sizeof *page);
        s->known_count += count;
        after = page[count - 1].session;
    }
    return rc;
}

static int by_session(const void *a, const void *b)
{
    const struct journal_sketch *x = a, *y = b;
    return x->session < y->session ? -1 : x->session > y->session;
}

static const struct journal_sketch *known_of(const struct settling *s, uint64_t session)
{
    const struct journal_sketch wanted = { .session = session };
    return s->known_count == 0
               ? NULL
               : bsearch(&wanted, s->known, s->known_count, sizeof wanted, by_session);
}

static int read_groups(struct settling *s, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count = 1;
    int rc = 0;
    for (uint64_t after = 0; rc == 0 && count > 0; arena_reset(&arena)) {
        rc = journal_list(s->journal, after, &arena, &page, &count, err);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            const struct journal_sketch *kept = known_of(s, page[i].number);
            after = page[i].number;
            if (page[i].split == JOURNAL_NO_SPLIT)
                continue;
            uint32_t group = group_of(s, page[i].group, page[i].split);
            const struct near_sketch sketch = kept ? sketch_of(kept) : (struct near_sketch){ 0 };
            add_member(s, &sketch, group, page[i].principal);
        }
    }
    return rc;
}

int settle_begin(
    struct settling **ret, struct journal *journal, const struct digest *key, struct err *err)
{
    struct journal_splits splits;
    struct settling *s = mem_zero(1, sizeof *s);
    s->journal = journal;
    s->key = *key;
    s->near = near_new();
    int rc = journal_splits(journal, &splits, err);
    if (rc == 0)
        rc = read_sketches(s, err);
    if (rc == 0)
        rc = read_groups(s, err);
    if (rc < 0) {
        settle_free(s);
        return rc;
    }
    s->splits =
        splits.groups[SPLIT_HELD_IN] + splits.groups[SPLIT_HELD_OUT] + splits.groups[SPLIT_TEST];
    *ret = s;
    return 0;
}

void settle_free(struct settling *s)
{
    if (!s)
        return;
    near_free(s->near);
    free(s->known);
    free(s->members);
    free(s->groups);
    free(s->by_name);
    arena_done(&s->arena);
    free(s);
}

void settle_group(const void *with, struct str *group, uint8_t *split)
{
    const struct settling *s = with;
    uint32_t found = s->groups_count ? *place_of(s, *group) : 0;
    if (found == 0)
        return;
    const struct group *root = &s->groups[root_of(s, found - 1)];
    *group = root->name;
    *split = root->split;
}

void settle_freep(struct settling **settling)
{
    settle_free(*settling);
}

bool settle_knows(const struct settling *s, const struct settle_seen *seen)
{
    const struct journal_sketch *kept = known_of(s, seen->number);
    return kept && kept->messages == seen->messages;
}

/* --- one more */

static bool is_operator(struct str principal)
{
    return str_equal(principal, STR("local")) || str_equal(principal, STR("import"));
}

/* `late` counts with `early` from now on, and both are in the lower split. */
static int join_groups(struct settling *s, uint32_t late, uint32_t early, struct err *err)
{
    struct group *from = &s->groups[late], *to = &s->groups[early];
    int rc = journal_kin(s->journal, from->name, to->name, err);
    if (rc < 0)
        return rc;
    if (from->split < to->split)
        to->split = from->split;
    s->splits -= from->split != JOURNAL_NO_SPLIT;
    from->root = early;
    return 0;
}

/* What becomes of a session that is alike to another one. */
enum likeness { IS_APART, IS_ONE, IS_ASIDE };

/* The operator's own import may repeat whom it likes; a client repeats themselves. A greeting says
 * nothing of who is greeting, but for a client who has many names. */
static enum likeness judge(
    const struct near_sketch *sketch, struct str principal, const struct member *other)
{
    bool owner = is_operator(principal), own = str_equal(principal, other->principal);
    if (sketch->shingles < NEAR_LITTLE)
        return own && !owner ? IS_ONE : IS_APART;
    return owner || own ? IS_ONE : IS_ASIDE;
}

/* 1 the run's group is settled so far, 0 it was set aside. */
static int join_alike(struct settling *s, const struct near_sketch *sketch, const struct run *run,
    uint64_t number, uint32_t *group, struct err *err)
{
    uint32_t tags[ALIKE_MAX];
    uint32_t count = near_find(s->near, sketch, tags, ALIKE_MAX);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        const struct member *other = &s->members[tags[i]];
        uint32_t root = root_of(s, other->group);
        enum likeness likeness = root == *group ? IS_APART : judge(sketch, run->principal, other);
        if (likeness == IS_ASIDE)
            return journal_aside(s->journal, number, err);
        if (likeness == IS_APART)
            continue;
        bool later = s->groups[*group].split == JOURNAL_NO_SPLIT || root < *group;
        rc = later ? join_groups(s, *group, root, err) : join_groups(s, root, *group, err);
        *group = root_of(s, *group);
    }
    return rc < 0 ? rc : 1;
}

int settle_end(struct settling *s, struct err *err)
{
    int rc = s->fresh_count ? journal_put_sketches(s->journal, s->fresh, s->fresh_count, err) : 0;
    s->fresh_count = 0;
    return rc;
}

/* Many at once: each request waits for the disk. One that is lost is made again. */
static int keep_sketch(struct settling *s, const struct near_sketch *sketch,
    const struct settle_seen *seen, struct err *err)
{
    struct journal_sketch *kept = &s->fresh[s->fresh_count++];
    *kept = (struct journal_sketch){ .session = seen->number, .messages = seen->messages };
    memcpy(kept->bytes, sketch, sizeof kept->bytes);
    return s->fresh_count == JOURNAL_PAGE ? settle_end(s, err) : 0;
}

/* A group that nobody has seen falls by its name. */
static int split_group(struct settling *s, uint32_t index, struct err *err)
{
    const struct str key = { (const char *)s->key.at, sizeof s->key.at };
    struct group *group = &s->groups[index];
    if (group->split != JOURNAL_NO_SPLIT)
        return 0;
    uint8_t split = (uint8_t)split_of(key, group->name, s->splits >= SPLIT_SEALED_FROM);
    int rc = journal_split(s->journal, group->name, split, err);
    if (rc < 0)
        return rc;
    group->split = split;
    s->splits++;
    return 0;
}

int settle_run(struct settling *s, struct run *run, const struct settle_seen *seen, struct err *err)
{
    uint32_t group = group_of(s, run->group, run->split);
    bool fresh = !settle_knows(s, seen);
    if (fresh) {
        const struct near_sketch sketch = near_sketch(run, &s->key);
        int stays = join_alike(s, &sketch, run, seen->number, &group, err);
        if (stays <= 0)
            return stays;
        int rc = split_group(s, group, err);
        if (rc == 0)
            rc = keep_sketch(s, &sketch, seen, err);
        if (rc < 0)
            return rc;
        add_member(s, &sketch, group, run->principal);
    }
    int rc = split_group(s, group, err);
    run->group = s->groups[group].name;
    run->split = s->groups[group].split;
    return rc < 0 ? rc : 1;
}
