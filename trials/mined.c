/* mined - runs the detectors over one run. See mined.h. */
#include "trials/mined.h"

#include "base/mem.h"
#include "trials/frame.h"
#include "wire/pack.h"

#include <string.h>

enum { NAME_MAX_BYTES = 1 << 16 };

/* --- one run under each detector */

struct looking {
    const struct run *run;
    const struct detector *detector;
    struct mined_failure *failure; /* NULL: a row that names no hook */
    uint32_t occurrences;
};

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

/* What the gate could be shown: the detector's frame speaks for this hit. Whether it is also a
 * failure (mendable) decides about the cluster, not about what a person may ask to see. */
static bool framed(const struct looking *looking, const struct detect_hit *hit)
{
    struct effects wanted;
    const struct detector *detector = looking->detector;
    return hit->step < looking->run->steps_count && detector->frame &&
           detector->frame(looking->run, hit->step, &wanted, looking->run->arena) == 1;
}

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct looking *looking = with;
    struct mined_failure *failure = looking->failure;
    const char *why = NULL;
    bool first = looking->occurrences++ == 0;
    if (!failure)
        return;
    bool mendable = detect_mendable(looking->detector, looking->run, hit, &why);
    failure->hits++;
    failure->mendable += mendable;
    failure->tools |= (uint8_t)(1 << hit->tool_class);
    if (!mendable && failure->why_not.size == 0)
        failure->why_not = str_of(why);
    if (first && hit->step < looking->run->steps_count)
        failure->lost = looking->run->steps_count - hit->step;
    if (!first || !framed(looking, hit))
        return; /* behind a first change that nothing can be said of, nothing can be claimed */
    if (!mendable && looking->detector->frame != repeat_frame)
        return;
    failure->is_case = true;
    failure->step = hit->step;
    failure->call = hit->call;
    failure->digest = case_digest(looking->run, hit->step, looking->detector->id);
}

/* A run without any result did nothing, whatever its grade says. */
static bool carried_out(const struct run *run)
{
    for (uint32_t i = 0; i < run->messages_count; i++)
        if (run->messages[i].role == RUN_RESULT)
            return true;
    return false;
}

static uint64_t client_of(const struct run *run)
{
    if (str_equal(run->principal, STR("local")) || str_equal(run->principal, STR("import")))
        return 0;
    return hash_fast(run->principal.at, run->principal.size, 1) | 1;
}

void mined_read(struct mined *ret, const struct run *run)
{
    *ret = (struct mined){ .id = run->session,
        .group = run->group,
        .origin = run->origin,
        .principal = client_of(run),
        .steps = run->steps_count > 0,
        .solved = run->graded && run->solved && carried_out(run),
        .claims = run->claims };
    ret->counts = arena_alloc(run->arena, detectors_count * sizeof(*ret->counts));
    ret->failures = arena_alloc(run->arena, detectors_count * sizeof(*ret->failures));
    for (unsigned i = 0; i < detectors_count; i++) {
        struct mined_failure failure = { .row = (uint8_t)i };
        struct looking looking = { .run = run, .detector = &detectors[i] };
        looking.failure = detectors[i].hook < 0 ? NULL : &failure;
        detectors[i].find(run, on_hit, &looking);
        if (looking.occurrences == 0)
            continue;
        ret->counts[ret->counts_count++] = (struct mined_count){ (uint8_t)i, looking.occurrences };
        if (looking.failure)
            ret->failures[ret->failures_count++] = failure;
    }
}

/* --- as bytes */

static void pack_failure(struct buf *out, const struct mined_failure *failure)
{
    pack_u8(out, failure->row);
    pack_u8(out, failure->tools);
    pack_u32(out, failure->hits);
    pack_u32(out, failure->mendable);
    pack_u32(out, failure->lost);
    pack_text(out, failure->why_not);
    pack_u8(out, failure->is_case);
    if (!failure->is_case)
        return;
    pack_u32(out, failure->step);
    pack_u32(out, failure->call);
    pack_digest(out, &failure->digest);
}

void mined_pack(struct buf *out, const struct mined *mined)
{
    pack_text(out, mined->id);
    pack_text(out, mined->group);
    pack_text(out, mined->origin);
    pack_u64(out, mined->principal);
    pack_u8(out, (uint8_t)(mined->steps | mined->solved << 1 | mined->claims << 2));
    pack_u32(out, mined->counts_count);
    for (uint32_t i = 0; i < mined->counts_count; i++) {
        pack_u8(out, mined->counts[i].row);
        pack_u32(out, mined->counts[i].occurrences);
    }
    pack_u32(out, mined->failures_count);
    for (uint32_t i = 0; i < mined->failures_count; i++)
        pack_failure(out, &mined->failures[i]);
}

static void unpack_failure(struct unpack *in, struct mined_failure *ret)
{
    ret->row = unpack_u8(in);
    ret->tools = unpack_u8(in);
    ret->hits = unpack_u32(in);
    ret->mendable = unpack_u32(in);
    ret->lost = unpack_u32(in);
    ret->why_not = unpack_text(in, NAME_MAX_BYTES);
    ret->is_case = unpack_u8(in);
    if (ret->is_case) {
        ret->step = unpack_u32(in);
        ret->call = unpack_u32(in);
        ret->digest = unpack_digest(in);
    }
    in->bad |= ret->row >= detectors_count || detectors[ret->row].hook < 0;
}

/* Rows rise: each is there once. */
int mined_unpack(struct mined *ret, struct unpack *in, struct arena *arena)
{
    *ret = (struct mined){ .id = unpack_text(in, NAME_MAX_BYTES) };
    ret->group = unpack_text(in, NAME_MAX_BYTES);
    ret->origin = unpack_text(in, NAME_MAX_BYTES);
    ret->principal = unpack_u64(in);
    uint8_t flags = unpack_u8(in);
    ret->steps = flags & 1;
    ret->solved = flags >> 1 & 1;
    ret->claims = flags >> 2 & 1;
    uint32_t count = unpack_u32(in);
    if (in->bad || count > detectors_count)
        return -ERR_INPUT;
    ret->counts = arena_alloc(arena, (count + 1) * sizeof(*ret->counts));
    for (int last = -1; ret->counts_count < count && !in->bad; ret->counts_count++) {
        struct mined_count *at = &ret->counts[ret->counts_count];
        at->row = unpack_u8(in);
        at->occurrences = unpack_u32(in);
        in->bad |= at->row <= last || at->row >= detectors_count;
        last = at->row;
    }
    count = unpack_u32(in);
    if (in->bad || count > detectors_count)
        return -ERR_INPUT;
    ret->failures = arena_alloc(arena, (count + 1) * sizeof(*ret->failures));
    for (int last = -1; ret->failures_count < count && !in->bad; ret->failures_count++) {
        unpack_failure(in, &ret->failures[ret->failures_count]);
        in->bad |= ret->failures[ret->failures_count].row <= last;
        last = ret->failures[ret->failures_count].row;
    }
    return in->bad ? -ERR_INPUT : 0;
}
