/* driver - see driver.h. */
#include "promote/driver.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "promote/admit.h"
#include "promote/answered.h"
#include "promote/builds.h"
#include "promote/check_source.h"
#include "promote/checkpoint.h"
#include "promote/cmd.h"
#include "promote/quarantined.h"
#include "promote/round.h"
#include "promote/waived.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct admission *driver_last(const struct driver *driver)
{
    return driver->admissions_count ? &driver->admissions[driver->admissions_count - 1] : NULL;
}

/* --- builds */

int driver_compile(struct compile_result *ret, const struct driver *driver,
    const struct harness_source *source, enum elf_profile profile, struct err *err)
{
    const struct compile_plan plan = { .source = source->text,
        .path = source->path,
        .profile = profile,
        .tier = driver->config.tier,
        .sdk = driver->sdk };
    return compile_run(ret, &plan, err);
}

static int refuse_build(
    const struct compile_result *result, const struct harness_source *source, struct err *err)
{
    char said[160];
    struct str why = result->stage == COMPILE_ELF && result->findings.count
                         ? str_of(result->findings.list[0].message)
                         : buf_view(&result->diagnostics);
    err_set(err, ERR_INPUT, "%.*s does not build (%s): %s", (int)source->path.size, source->path.at,
        compile_stage_words[result->stage], str_printable(said, sizeof said, why, false));
    return err_hint(err, "moult build %.*s says more", (int)source->path.size, source->path.at);
}

/* Nothing becomes part of a generation without it, however its source came into the tree. */
static int check_source(
    const struct driver *driver, const struct harness_source *source, struct err *err)
{
    CLEANUP(check_source_done) struct check_source_result result = { 0 };
    const struct check_source_plan plan = { .path = source->path,
        .source = source->text,
        .sdk = driver->sdk,
        .tier = driver->config.tier };
    int rc = check_source_run(&result, &plan, err);
    if (rc < 0 || result.ok)
        return rc;
    const struct check_finding *finding = &result.findings[0];
    err_set(
        err, ERR_INPUT, "the source gate refuses it (%s): %.160s", finding->rule, finding->message);
    err_where(
        err, "%.*s:%u:%u", (int)source->path.size, source->path.at, finding->line, finding->column);
    return err_hint(err, "moult check %.*s says all", (int)source->path.size, source->path.at);
}

static int build_source(struct generation_build *ret, struct driver *driver,
    const struct harness_source *source, struct err *err)
{
    struct compile_result result;
    int rc = check_source(driver, source, err);
    if (rc == 0)
        rc = driver_compile(&result, driver, source, ELF_RELEASE, err);
    if (rc < 0)
        return rc;
    rc = result.stage == COMPILE_OK
             ? builds_put(&driver->home, buf_view(&result.image), &ret->build, err)
             : refuse_build(&result, source, err);
    compile_result_done(&result);
    return rc;
}

int driver_generation(struct generation *ret, struct driver *driver,
    const struct lineage_id *commit, uint32_t number, const struct generation *known,
    struct err *err)
{
    struct harness *harness = arena_alloc(&driver->arena, sizeof *harness);
    int rc = harness_read(harness, driver->lineage, commit, &driver->arena, err);
    if (rc < 0)
        return rc;
    *ret = (struct generation){ .number = number,
        .commit = str_of(arena_string(&driver->arena, commit->hex, strlen(commit->hex))),
        .pipeline = STR(HARNESS_PIPELINE),
        .tree = harness->tree,
        .builds = arena_alloc(&driver->arena, (harness->count + 1) * sizeof *ret->builds) };
    for (uint32_t i = 0; rc == 0 && i < harness->count; i++) {
        const struct harness_source *source = &harness->at[i];
        struct generation_build *build = &ret->builds[ret->builds_count++];
        *build = (struct generation_build){
            .name = source->name, .path = source->path, .source = hash_of(source->text)
        };
        const struct generation_build *old = known ? generation_find(known, source->name) : NULL;
        if (old && hash_equal(&old->source, &build->source))
            build->build = old->build;
        else
            rc = build_source(build, driver, source, err);
    }
    return rc;
}

int driver_builds(struct driver_builds *ret, const struct driver *driver,
    const struct generation *generation, struct err *err)
{
    int fd = 0;
    ret->count = 0;
    for (uint32_t i = 0; fd >= 0 && i < generation->builds_count; i++) {
        const struct generation_build *build = &generation->builds[i];
        if ((fd = builds_open(&driver->home, &build->build, err)) < 0)
            break;
        ret->at[ret->count++] = (struct replay_build){ .name = mem_format("%.*s",
                                                           (int)build->name.size, build->name.at),
            .build = build->build,
            .fd = fd };
    }
    if (fd < 0)
        driver_builds_done(ret);
    return fd < 0 ? fd : 0;
}

int driver_builds_swap(
    struct driver_builds *builds, struct str name, struct str image, struct err *err)
{
    for (unsigned i = 0; i < builds->count; i++)
        if (str_equal(str_of(builds->at[i].name), name)) {
            int fd = fd_seal("plugin", image, err);
            if (fd < 0)
                return fd;
            fd_closep(&builds->at[i].fd);
            builds->at[i].fd = fd;
            builds->at[i].build = hash_of(image);
            return 0;
        }
    return err_set(err, ERR_MISSING, "the generation has no %.*s", (int)name.size, name.at);
}

void driver_builds_done(struct driver_builds *builds)
{
    for (unsigned i = 0; i < builds->count; i++) {
        free((char *)builds->at[i].name);
        fd_closep(&builds->at[i].fd);
    }
    builds->count = 0;
}

struct replay_arm driver_arm(
    struct driver *driver, const struct driver_builds *builds, const char *worker)
{
    return (
        struct replay_arm){ .worker = arena_format(&driver->arena, "%s/%s", driver->bin, worker),
        .builds = builds->at,
        .builds_count = builds->count,
        .pipeline = HARNESS_PIPELINE,
        .tier = driver->config.tier,
        .seed = 1 };
}

int driver_probe(struct driver *driver, const struct driver_builds *builds, struct err *err)
{
    const struct replay_arm arm = driver_arm(driver, builds, "moult-worker");
    struct replay *replay = NULL;
    int rc = replay_open(&replay, &arm, 1, err);
    replay_free(replay);
    return rc;
}

int driver_loads(struct driver *driver, const struct generation *generation, struct err *err)
{
    struct driver_builds builds;
    int rc = driver_builds(&builds, driver, generation, err);
    if (rc < 0)
        return rc;
    rc = driver_probe(driver, &builds, err);
    driver_builds_done(&builds);
    return rc;
}

/* --- what is active */

static int read_generation(struct driver *driver, struct err *err)
{
    struct str text;
    const struct admission *last = driver_last(driver);
    int rc =
        journal_get(driver->journal, "generation", &last->generation, &driver->arena, &text, err);
    if (rc == 0)
        rc = generation_read(&driver->generation, text, &driver->arena, err);
    if (rc == 0)
        rc = harness_read(&driver->harness, driver->lineage, &driver->active, &driver->arena, err);
    return rc;
}

/* The refs are where the last admission says. */
static int follow(struct driver *driver, const struct lineage_id *refs, struct err *err)
{
    const struct admission *last = driver_last(driver);
    driver->active = lineage_id_of(last->commit);
    bool there = strcmp(refs->hex, driver->active.hex) == 0;
    if (there && !lineage_unfinished(driver->lineage))
        return 0;
    if (!there)
        fprintf(stderr,
            "moult: refs/heads/active was at %.12s; admission %u says %.12s: put right\n",
            refs->hex[0] ? refs->hex : "no commit", last->number, driver->active.hex);
    return lineage_repair(driver->lineage, &driver->active, last->number, err);
}

/* Generation 0: what init committed, built and admitted. */
static int admit_first(struct driver *driver, struct err *err)
{
    struct generation generation;
    struct admission first = { .kind = ADMIT_INIT };
    int rc = lineage_active(driver->lineage, &driver->active, err);
    if (rc == 0)
        rc = driver_generation(&generation, driver, &driver->active, 0, NULL, err);
    if (rc == 0)
        rc = driver_loads(driver, &generation, err);
    if (rc < 0)
        return err_while(err, "generation 0");
    rc = admit(driver, &first, &generation, NULL, err);
    return rc < 0 ? rc : checkpoint_make(driver->journal, &driver->home, err);
}

static int read_admissions(struct driver *driver, struct err *err)
{
    return admission_list(
        driver->journal, &driver->arena, &driver->admissions, &driver->admissions_count, err);
}

static int catch_up(struct driver *driver, struct err *err)
{
    struct lineage_id refs = { 0 }; /* none: only the admissions know where it was */
    CLEANUP(fd_closep) int turn = round_follow(&driver->home, err);
    if (turn < 0)
        return turn;
    (void)lineage_active(driver->lineage, &refs, NULL);
    int rc = read_admissions(driver, err);
    if (rc == 0 && driver->admissions_count == 0) {
        rc = admit_first(driver, err);
        refs = driver->active;
        if (rc == 0)
            rc = read_admissions(driver, err);
    }
    if (rc == 0)
        rc = follow(driver, &refs, err);
    if (rc == 0)
        rc = quarantined_follow(driver, err);
    return rc < 0 ? rc : answered_follow(driver, err);
}

int driver_refresh(struct driver *driver, struct err *err)
{
    int rc = catch_up(driver, err);
    return rc < 0 ? rc : read_generation(driver, err);
}

int driver_open_home(struct driver *ret, const struct home *home, struct err *err)
{
    char harness[PATH_MAX];
    memset(ret, 0, sizeof *ret);
    scratch_sweep(); /* what killed ones have left */
    ret->home = *home;
    int rc = config_read(&ret->config, home, &ret->arena, err);
    if (rc == 0)
        rc = compile_sdk(ret->sdk, err);
    if (rc == 0)
        rc = file_program_dir(ret->bin, sizeof ret->bin, err);
    if (rc == 0)
        rc = journal_open(&ret->journal, home, JOURNAL_DRIVE, err);
    if (rc == 0)
        rc = waived_follow(ret, err);
    if (rc == 0)
        rc = lineage_open(&ret->lineage, home_path(harness, home, "harness"), err);
    if (rc == 0)
        rc = driver_refresh(ret, err);
    if (rc < 0)
        driver_done(ret);
    return rc;
}

int driver_open(struct driver *ret, const struct verb_call *call, struct err *err)
{
    struct home home;
    int rc = cmd_home(&home, call, err);
    return rc < 0 ? rc : driver_open_home(ret, &home, err);
}

void driver_done(struct driver *driver)
{
    lineage_free(driver->lineage);
    journal_close(driver->journal);
    arena_done(&driver->arena);
    memset(driver, 0, sizeof *driver);
}
