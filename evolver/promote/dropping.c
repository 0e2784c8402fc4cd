/* dropping - see dropping.h. */
#include "promote/dropping.h"

#include "base/mem.h"
#include "promote/check_source.h"
#include "promote/enter.h"
#include "promote/marked.h"
#include "promote/shard.h"

#include <string.h>

enum { STEP_MS = 3000, ID_SHOWN = 12 };

struct looking {
    const struct dropping *dropping;
    const struct proposal *proposal;
    const struct harness_source *old;
    struct check_source_result *checked;
    struct arena arena;
    const char *why;
};

/* --- what was judged already */

static int has_shape(const struct looking *looking, const struct candidate *candidate,
    struct arena *arena, struct err *err)
{
    char hex[DIGEST_HEX];
    struct str text;
    int rc = journal_get(
        looking->dropping->driver->journal, "patch", &candidate->patch, arena, &text, err);
    const struct json *patch = rc == 0 ? json_read(arena, text, NULL, err) : NULL;
    if (rc == 0 && !patch)
        return -err->code;
    return rc < 0 ? rc
                  : str_equal(json_string(arena, json_get(patch, "shape")),
                        str_of(hash_hex(hex, &looking->checked->shape)));
}

const char dropping_never_runs[] = "nothing of it runs in the evidence";

/* 1: it may, 0: that one stands for both. */
static int may_come_again(
    struct looking *looking, const struct candidate *candidate, struct err *err)
{
    const struct dropping *dropping = looking->dropping;
    struct journal_look_row *rows;
    uint32_t count;
    if (!dropping->by_word)
        return 0;
    if (candidate->stage != STAGE_REJECTED)
        return candidate->stage == STAGE_ROLLED_BACK || candidate->stage == STAGE_QUARANTINED ||
               candidate->stage == STAGE_SUPERSEDED;
    if (dropping->by_person && hash_zero(dropping->batch))
        return 1;
    int rc = journal_looks(dropping->driver->journal, &looking->arena, &rows, &count, err);
    const struct journal_look_row *own =
        rc < 0 ? NULL : shard_own(dropping->driver->home.id, rows, count, candidate->id);
    bool passed = own && own->look.ended && own->look.passed;
    return rc < 0 ? rc : !own || (dropping->by_person && passed);
}

/* One of the same evidence and the same harness: of another, the same edits may do something else.
 */
static bool is_beside(const struct looking *looking, const struct candidate *candidate)
{
    return str_equal(candidate->parent, str_of(looking->dropping->driver->active.hex)) &&
           str_equal(candidate->plugin, looking->proposal->plugin) &&
           hash_equal(&candidate->batch, looking->dropping->batch) && !hash_zero(&candidate->patch);
}

static int look_at_candidates(struct looking *looking, struct err *err)
{
    struct driver *driver = looking->dropping->driver;
    struct str own = enter_id(driver, looking->proposal, looking->dropping->batch);
    struct candidate *list;
    uint32_t count;
    int rc = candidate_list(driver->journal, &looking->arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (str_equal(list[i].id, own)) /* it goes on where it stands */
            return 0;
    for (uint32_t i = 0; rc == 0 && i < count && !looking->why; i++) {
        if (!is_beside(looking, &list[i]))
            continue;
        rc = has_shape(looking, &list[i], &looking->arena, err);
        int again = rc == 1 ? may_come_again(looking, &list[i], err) : 0;
        if (again < 0)
            rc = again;
        if (rc == 1 && again == 0)
            looking->why =
                arena_format(&driver->arena, "duplicate of %.*s", ID_SHOWN, list[i].id.at);
        rc = rc < 0 ? rc : 0;
    }
    return rc;
}

/* --- what never runs */

struct watching {
    const struct evidence *evidence;
    struct marks *marks;
    bool lives; /* a mark was seen, or a step came out otherwise */
};

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    static const struct mark_case some = { .id = { "", 0 } };
    struct watching *watching = with;
    uint32_t number = evidence_find(watching->evidence, run, step);
    bool whole = effects->request_same && effects->end != EFFECTS_ABNORMAL;
    struct evidence_digests seen = evidence_digest(effects);
    marks_add(watching->marks, effects->cover, &some);
    watching->lives |= !whole || marks_missed(watching->marks) < marks_wanted(watching->marks);
    if (number != UINT32_MAX && whole)
        watching->lives |= !evidence_equal(&seen, &watching->evidence->steps[number].then);
    return watching->lives;
}

static int watch(struct looking *looking, struct marked *marked, struct err *err)
{
    const struct dropping *dropping = looking->dropping;
    struct driver_builds builds;
    struct replay *replay = NULL;
    struct watching watching = { .evidence = dropping->evidence, .marks = &marked->marks };
    int rc = driver_builds(&builds, dropping->driver, &dropping->driver->generation, err);
    if (rc < 0)
        return rc;
    rc = driver_builds_swap(&builds, looking->proposal->plugin, buf_view(&marked->image), err);
    const struct replay_arm arm = driver_arm(dropping->driver, &builds, "moult-worker");
    struct err why = { 0 };
    if (rc == 0)
        rc = replay_open(&replay, &arm, dropping->workers, &why);
    if (rc == 0)
        rc = replay_runs(replay, dropping->evidence->runs, dropping->evidence->runs_count, STEP_MS,
            on_step, &watching, &why);
    /* What does not load is refused further on, with its reason. */
    if (rc == 0 && !watching.lives)
        looking->why = dropping_never_runs;
    replay_free(replay);
    driver_builds_done(&builds);
    if (rc == -ERR_LACKS || rc == -ERR_SYS) {
        *err = why;
        return rc;
    }
    return 0;
}

static int look_at_marks(struct looking *looking, struct err *err)
{
    struct marked marked = { .image = { 0 } };
    struct driver *driver = looking->dropping->driver;
    const struct harness_source source = { looking->old->name, looking->old->path,
        buf_view(&looking->checked->source) };
    int rc = marked_build(&marked, driver, &source, looking->old->text, &looking->arena, err);
    if (rc == 1 && marked.image.size)
        rc = watch(looking, &marked, err);
    marked_done(&marked);
    return rc < 0 ? rc : 0;
}

/* --- all three, the cheapest first */

static bool says_nothing(const struct check_source_result *checked)
{
    return checked->ok
               ? hash_equal(&checked->shape, &checked->shape_old)
               : checked->findings_count == 1 && strcmp(checked->findings[0].rule, "nothing") == 0;
}

static int look(struct looking *looking, struct err *err)
{
    const struct driver *driver = looking->dropping->driver;
    const bool whole = proposal_is_whole(looking->proposal, looking->old->text);
    const struct check_source_plan plan = { .path = looking->old->path,
        .old = looking->old->text,
        .source = whole ? looking->proposal->edits[0].text : (struct str){ 0 },
        .edits = whole ? NULL : looking->proposal->edits,
        .edits_count = whole ? 0 : looking->proposal->edits_count,
        .sdk = driver->sdk,
        .tier = driver->config.tier };
    int rc = check_source_run(looking->checked, &plan, err);
    if (rc < 0)
        return rc;
    if (says_nothing(looking->checked))
        looking->why = "changes nothing";
    else if (looking->checked->ok) {
        rc = look_at_candidates(looking, err);
        if (rc == 0 && !looking->why && looking->dropping->evidence)
            rc = look_at_marks(looking, err);
    }
    check_source_done(looking->checked);
    return rc;
}

int dropping_look(const char **ret, const struct dropping *dropping,
    const struct proposal *proposal, struct err *err)
{
    CLEANUP(mem_freep)
    struct check_source_result *checked = mem_zero(1, sizeof *checked);
    struct looking looking = { .dropping = dropping,
        .proposal = proposal,
        .old = harness_find(&dropping->driver->harness, proposal->plugin),
        .checked = checked };
    int rc = looking.old ? look(&looking, err) : 0;
    *ret = looking.why;
    arena_done(&looking.arena);
    return rc;
}
