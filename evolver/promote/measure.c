/* measure - see measure.h. */
#include "promote/measure.h"

#include "admission/hooks.h"
#include "base/mem.h"
#include "promote/listening.h"
#include "trials/asked.h"
#include "trials/detect.h"
#include "trials/split.h"
#include "trials/trace.h"

#include <stdio.h>
#include <stdlib.h>

enum { WALL_MS = 10000, PAGE = 64 };
enum { BETTER = 1, WORSE = 2 };

/* What stands in a plugin's place: every hook is there, and passes. */
static const char stand_in[] =
    "#include \"moult.h\"\n"
    "static moult_action turn_passes(moult_turn *turn)\n{\n    (void)turn;\n    return "
    "MOULT_PASS;\n}\n"
    "static moult_action call_passes(moult_turn *turn, moult_call *call)\n{\n    (void)turn, "
    "(void)call;\n    return MOULT_PASS;\n}\n"
    "MOULT_EXPORT const struct moult_plugin moult_plugin = {\n    .abi = MOULT_ABI,\n"
    "    .size = sizeof(struct moult_plugin),\n    .name = \"%.*s\",\n    .summary = \"only "
    "passes\",\n"
    "    .traits = MOULT_ONLY_LOOKS,\n    .turn_start = turn_passes,\n    .context = turn_passes,\n"
    "    .request = turn_passes,\n    .model_error = turn_passes,\n    .reply = turn_passes,\n"
    "    .before_tool = call_passes,\n    .after_tool = call_passes,\n    .answer = turn_passes,\n"
    "    .turn_end = turn_passes,\n};\n";

/* What a harness does at one step: enough to tell two of them apart. */
struct did {
    struct digest effects;
    bool mends, abnormal, seen;
};
struct one { /* a session of the page */
    const struct run *run;
    uint64_t group;
    uint32_t model;
    struct did *whole; /* of the active harness, by step */
    uint8_t told;      /* of the plugin whose arm runs: BETTER or WORSE, at the first difference */
    bool parted;
};
struct vote { /* one session's word, to be counted once a group */
    uint64_t group;
    uint32_t plugin, model;
    uint8_t told;
};
struct measuring {
    struct figures *figures;
    struct driver *driver;
    struct replay *whole, *without[FIGURES_PLUGINS_MAX];
    uint32_t plugin;                     /* whose arm runs */
    uint32_t hooks[FIGURES_PLUGINS_MAX]; /* of each, sets of 1 << enum moult_hook_id */
    bool first;                          /* the active harness runs */
    struct arena arena;
    struct trace_tools tools;
    struct one page[PAGE];
    unsigned page_count;
    struct listening listening;
    struct vote *votes;
    size_t votes_count, votes_room;
    uint64_t all;
};

/* --- one page of conversations */

/* Every step is put in its recorded context, so those behind a difference count as well. */
static void count_step(struct measuring *m, const struct one *one, uint32_t step, bool differs)
{
    struct figure *row = figures_row(m->figures, m->plugin, one->model);
    bool asked = (asked_at(one->run, step) & m->hooks[m->plugin]) != 0;
    row->steps += asked || differs;
    row->acted += differs;
}

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *seen)
{
    struct measuring *m = with;
    struct one *one = m->page;
    while (one->run != run)
        one++;
    struct did did = { seen->digest, detect_resolved_by(run, step, seen) != NULL,
        seen->end == EFFECTS_ABNORMAL, true };
    struct did *whole = &one->whole[step];
    if (m->first) {
        *whole = did;
        return 0;
    }
    if (!whole->seen)
        return 0;
    bool differs = !hash_equal(&whole->effects, &did.effects);
    count_step(m, one, step, differs);
    if (!differs || one->parted)
        return 0;
    one->parted = true;
    if (whole->mends != did.mends)
        one->told = whole->mends ? BETTER : WORSE;
    else if (whole->abnormal != did.abnormal)
        one->told = did.abnormal ? BETTER : WORSE;
    else if (!did.mends)
        one->told = WORSE; /* without it the step is another, and neither mends anything */
    return 0;              /* what follows tells no more: it is of another world */
}

static void vote(struct measuring *m, const struct one *one)
{
    if (m->votes_count == m->votes_room) {
        m->votes_room = m->votes_room ? 2 * m->votes_room : 1024;
        m->votes = mem_grow(m->votes, m->votes_room, sizeof *m->votes);
    }
    m->votes[m->votes_count++] = (struct vote){ one->group, m->plugin, one->model, one->told };
}

static int run_page(struct measuring *m, struct err *err)
{
    const struct run *runs[PAGE];
    for (unsigned i = 0; i < m->page_count; i++)
        runs[i] = m->page[i].run;
    m->first = true;
    int rc = m->page_count == 0
                 ? 0
                 : replay_runs(m->whole, runs, m->page_count, WALL_MS, on_step, m, err);
    m->first = false;
    for (m->plugin = 0; rc == 0 && m->plugin < m->figures->plugins_count; m->plugin++) {
        for (unsigned i = 0; i < m->page_count; i++)
            m->page[i].told = m->page[i].parted = 0;
        if (m->page_count > 0)
            rc = replay_runs(m->without[m->plugin], runs, m->page_count, WALL_MS, on_step, m, err);
        for (unsigned i = 0; rc == 0 && i < m->page_count; i++)
            vote(m, &m->page[i]);
    }
    m->page_count = 0;
    arena_reset(&m->arena);
    verb_progress_of(m->figures->sessions, m->all, "conversations");
    return rc;
}

static uint32_t model_of(struct measuring *m, const struct run *run)
{
    struct str name = json_string(run->arena, json_get(run->meta, "model"));
    return figures_model(m->figures, name.size ? name : run->origin);
}

static int add_session(struct measuring *m, const struct journal_session *listed, struct err *err)
{
    struct journal_session session;
    struct run *run;
    uint32_t model = 0;
    int rc = listed->live ? listen_to(&m->listening, listed->number, &model, err) : 0;
    if (rc == 0)
        rc = journal_read(m->driver->journal, listed->number, &m->arena, &session, err);
    if (rc == 0)
        rc = trace_run(&run, &session, &m->tools, &m->arena, err);
    if (rc == -ERR_INPUT || rc == -ERR_LIMIT) {
        m->figures->unread++;
        return 0;
    }
    if (rc < 0)
        return rc;
    m->figures->sessions++;
    m->figures->live += listed->live;
    m->page[m->page_count++] = (struct one){ .run = run,
        .group = hash_fast(run->group.at, run->group.size, 0),
        .model = listed->live ? model : model_of(m, run),
        .whole = arena_alloc(&m->arena, (run->steps_count + 1) * sizeof(struct did)) };
    return m->page_count == PAGE ? run_page(m, err) : 0;
}

static int walk(struct measuring *m, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count = 1;
    for (uint64_t after = 0; count > 0; arena_reset(&arena)) {
        int rc = journal_list(m->driver->journal, after, &arena, &page, &count, err);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            after = page[i].number;
            if (page[i].split == SPLIT_TEST || page[i].shard || page[i].aside)
                m->figures->sealed++;
            else
                rc = add_session(m, &page[i], err);
        }
        if (rc < 0)
            return rc;
    }
    return run_page(m, err);
}

/* --- groups count once */

static int by_group(const void *left, const void *right)
{
    const struct vote *a = left, *b = right;
    if (a->plugin != b->plugin)
        return a->plugin < b->plugin ? -1 : 1;
    if (a->model != b->model)
        return a->model < b->model ? -1 : 1;
    return (a->group > b->group) - (a->group < b->group);
}

/* One conversation that is worse makes its group worse. */
static void count_groups(struct measuring *m)
{
    if (m->votes_count > 0)
        qsort(m->votes, m->votes_count, sizeof *m->votes, by_group);
    for (size_t i = 0; i < m->votes_count;) {
        const struct vote *from = &m->votes[i];
        struct figure *row = figures_row(m->figures, from->plugin, from->model);
        uint8_t told = 0;
        for (; i < m->votes_count && by_group(from, &m->votes[i]) == 0; i++)
            told |= m->votes[i].told;
        row->groups++;
        row->worse += (told & WORSE) != 0;
        row->better += told == BETTER;
    }
}

/* --- arms */

static int swap_in(
    struct measuring *m, struct driver_builds *builds, uint32_t plugin, struct err *err)
{
    CLEANUP(buf_done) struct buf source = { 0 };
    struct str name = m->figures->plugins[plugin];
    struct compile_result result = { 0 };
    buf_format(&source, stand_in, (int)name.size, name.at);
    const struct harness_source made = { name, STR("plugins/stand_in.c"), buf_view(&source) };
    int rc = driver_compile(&result, m->driver, &made, ELF_RELEASE, err);
    if (rc == 0)
        rc = result.stage == COMPILE_OK
                 ? driver_builds_swap(builds, name, buf_view(&result.image), err)
                 : err_set(err, ERR_DEFECT, "what stands in for a plugin does not build");
    compile_result_done(&result);
    return rc;
}

static int open_arm(struct measuring *m, struct replay **ret, int plugin, struct err *err)
{
    struct driver_builds builds = { 0 };
    int rc = driver_builds(&builds, m->driver, &m->driver->generation, err);
    if (rc == 0 && plugin >= 0)
        rc = swap_in(m, &builds, (uint32_t)plugin, err);
    if (rc == 0) {
        struct replay_arm arm = driver_arm(m->driver, &builds, "moult-worker");
        arm.patient = plugin < 0;
        rc = replay_open(ret, &arm, 1, err);
    }
    driver_builds_done(&builds);
    return rc;
}

static void name_plugins(struct figures *figures, const struct driver *driver)
{
    const struct generation *generation = &driver->generation;
    for (uint32_t i = 0; i < generation->builds_count; i++) {
        if (str_equal(generation->builds[i].name, generation->pipeline) ||
            figures->plugins_count == FIGURES_PLUGINS_MAX)
            continue;
        figures->builds[figures->plugins_count] = generation->builds[i].build;
        figures->plugins[figures->plugins_count++] = generation->builds[i].name;
    }
}

static int read_hooks(struct measuring *m, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < m->figures->plugins_count; i++)
        rc = hooks_of_build(&m->hooks[i], &m->driver->home, &m->figures->builds[i], err);
    return rc;
}

int measure(struct figures *ret, struct driver *driver, struct err *err)
{
    CLEANUP(mem_freep) struct measuring *m = mem_zero(1, sizeof *m);
    *ret = (struct figures){ 0 };
    figures_begin(ret);
    name_plugins(ret, driver);
    m->figures = ret;
    m->driver = driver;
    m->listening = (struct listening){ .figures = ret, .driver = driver };
    int rc = read_hooks(m, err);
    if (rc == 0)
        rc = open_arm(m, &m->whole, -1, err);
    for (uint32_t i = 0; rc == 0 && i < ret->plugins_count; i++)
        rc = open_arm(m, &m->without[i], (int)i, err);
    if (rc == 0 && verb_progress_seen())
        rc = trace_count(driver->journal, false, 0, &m->all, err);
    if (rc == 0)
        rc = walk(m, err);
    if (rc == 0)
        count_groups(m);
    verb_progress_clear();
    replay_free(m->whole);
    for (uint32_t i = 0; i < ret->plugins_count; i++)
        replay_free(m->without[i]);
    trace_tools_done(&m->tools);
    arena_done(&m->arena);
    mem_freep(&m->votes);
    return rc;
}
