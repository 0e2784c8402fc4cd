/* replay_episodes - cases a second in mode episode, each played twice and graded: twenty requests
 * of a scripted model over scripted tools; and five over the shop of the examples, a server in the
 * tool sandbox, started for both plays, or for the first alone where the case says that it is
 * steady. By the clock: processes that a case starts are not all ours to count. */
#include "replay_parts.h"

#include "bench.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "trials/episode/many.h"

#include <limits.h>
#include <stdio.h>

static const struct kind {
    const char *name;
    unsigned requests;
    const char *tool; /* its name; behind it: what answers */
    const char *source;
    unsigned per_million; /* cases, of a million replies */
} kinds[] = {
    { "scripted tools, 20 requests", 20, "look", "\"script\":[{\"result\":\"seen\"}]", 200 },
    { "an MCP server, 5 requests", 5, "calculate",
        "\"command\":{\"argv\":[\"node\",\"" MOULT_SOURCE_DIR
        "/examples/retail-store/server.mjs\"]}",
        20 },
    { "a steady MCP server, 5 requests", 5, "calculate",
        "\"command\":{\"argv\":[\"node\",\"" MOULT_SOURCE_DIR
        "/examples/retail-store/server.mjs\"],\"steady\":true}",
        20 },
};

static int make_case(struct trial_case *ret, const struct kind *kind, unsigned number,
    struct arena *arena, struct err *err)
{
    const char *text = arena_format(arena,
        "{\"moult_case\":1,\"id\":\"case-%u\",\"inbox\":[{\"role\":\"user\",\"content\":\"Go.\"}],"
        "\"tools\":[{\"schema\":{\"type\":\"function\",\"function\":{\"name\":\"%s\","
        "\"parameters\":{\"type\":\"object\"}}},%s}],"
        "\"model\":{\"script\":{\"rules\":[{\"when\":{\"times\":%u},\"call\":{\"name\":\"%s\","
        "\"arguments\":{\"expression\":\"%u + 1\"}}},{\"say\":\"Done.\"}]}},"
        "\"grade\":[{\"check\":\"calls\",\"tool\":\"%s\",\"carried\":true,\"min\":%u}]}",
        number, kind->tool, kind->source, kind->requests - 1, kind->tool, number, kind->tool,
        kind->requests - 1);
    return case_read(ret, str_of(text), arena, err);
}

static int on_told(void *with, const struct trial_case *of, const struct case_proof *proof,
    const struct episode_parting *parting, struct err *err)
{
    unsigned *passed = with;
    (void)parting;
    if (proof->verdict != GRADE_PASS)
        return err_set(err, ERR_STATE, "%.*s: %s", (int)of->id.size, of->id.at, proof->why);
    ++*passed;
    return 0;
}

static int measure(struct buf *out, const struct kind *kind, const struct episode_grading *how,
    unsigned count, unsigned players, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct trial_case **cases = arena_alloc(&arena, count * sizeof *cases);
    unsigned passed = 0;
    char name[80];
    for (unsigned i = 0; i < count; i++) {
        struct trial_case *of = arena_alloc(&arena, sizeof *of);
        int rc = make_case(of, kind, i, &arena, err);
        if (rc < 0)
            return rc;
        cases[i] = of;
    }
    uint64_t from = clock_mono_ns();
    int rc = episode_grade_many(how, players, cases, count, NULL, on_told, &passed, err);
    if (rc < 0)
        return rc;
    snprintf(name, sizeof name, "%s, %u at once", kind->name, players);
    bench_figure(out, name, passed / ((double)(clock_mono_ns() - from) / 1e9), "cases", 0);
    return 0;
}

int replay_episodes(struct buf *out, const struct ground *ground, uint64_t steps, struct err *err)
{
    char folder[PATH_MAX];
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *tool = mem_format("%s/moult-tool", folder);
    const struct episode_grading how = { .arm = &ground->arm,
        .means = { .tool = tool, .tier = ground->arm.tier } };
    for (size_t i = 0; rc == 0 && i < COUNT_OF(kinds); i++)
        for (unsigned players = 1; rc == 0 && players <= 2; players++) {
            unsigned count = (unsigned)(kinds[i].per_million * steps / 1000000);
            rc = measure(out, &kinds[i], &how, count ? count : 1, players, err);
        }
    return rc;
}
