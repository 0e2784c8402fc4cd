/* cmd_rebuild - moult rebuild: proves that a build comes from its commit, by making it again. */
#include "base/mem.h"
#include "promote/builds.h"
#include "promote/cmd.h"
#include "promote/driver.h"

#include <stdio.h>
#include <string.h>

struct origin { /* where a build is said to come from */
    struct digest build;
    struct str name, path, commit;
};

static bool fits(const struct digest *build, struct str prefix)
{
    char hex[DIGEST_HEX];
    return !hash_zero(build) && str_starts(str_of(hash_hex(hex, build)), prefix);
}

static void take(struct origin *ret, unsigned *found, const struct origin *origin)
{
    if (*found == 0 || !hash_equal(&ret->build, &origin->build))
        ++*found;
    *ret = *origin;
}

static int in_generations(
    struct origin *ret, unsigned *found, struct driver *driver, struct str prefix, struct err *err)
{
    for (uint32_t i = 0; i < driver->admissions_count; i++) {
        struct generation generation;
        struct str text;
        int rc = journal_get(driver->journal, "generation", &driver->admissions[i].generation,
            &driver->arena, &text, err);
        if (rc < 0 || (rc = generation_read(&generation, text, &driver->arena, err)) < 0)
            return rc;
        for (uint32_t b = 0; b < generation.builds_count; b++)
            if (fits(&generation.builds[b].build, prefix))
                take(ret, found,
                    &(struct origin){ generation.builds[b].build, generation.builds[b].name,
                        generation.builds[b].path, generation.commit });
    }
    return 0;
}

static int in_candidates(
    struct origin *ret, unsigned *found, struct driver *driver, struct str prefix, struct err *err)
{
    struct candidate *list;
    uint32_t count;
    int rc = candidate_list(driver->journal, &driver->arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (fits(&list[i].build, prefix))
            take(ret, found,
                &(struct origin){ list[i].build, list[i].plugin, list[i].path, list[i].commit });
    return rc;
}

static int find(struct origin *ret, struct driver *driver, struct str prefix, struct err *err)
{
    unsigned found = 0;
    enum { DIGITS_MIN = 6 };
    if (prefix.size < DIGITS_MIN)
        return err_set(err, ERR_USAGE, "a build's name has at least %d digits", DIGITS_MIN);
    int rc = in_generations(ret, &found, driver, prefix, err);
    if (rc == 0)
        rc = in_candidates(ret, &found, driver, prefix, err);
    if (rc == 0 && found == 0) {
        err_set(err, ERR_MISSING, "no build begins with %.64s", prefix.at);
        return err_hint(err, "moult plugins lists the active ones");
    }
    if (rc == 0 && found > 1)
        return err_set(err, ERR_STATE, "several builds begin with %.64s", prefix.at);
    return rc;
}

struct rebuilt {
    struct digest build; /* zero: it does not build any more */
    bool same, restored; /* restored: the store had lost it */
};

/* A file that is there has to hold what its name says; one that is gone is put back. */
static int keep(struct rebuilt *ret, const struct driver *driver, struct str image, struct err *err)
{
    CLEANUP(buf_done) struct buf have = { 0 };
    int rc = builds_get(&driver->home, &ret->build, &have, err);
    if (rc != -ERR_MISSING)
        return rc;
    ret->restored = true;
    return builds_put(&driver->home, image, &ret->build, err);
}

static int build_again(
    struct rebuilt *ret, struct driver *driver, const struct origin *origin, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct lineage_id commit = lineage_id_of(origin->commit);
    struct compile_result result;
    *ret = (struct rebuilt){ 0 };
    int rc = lineage_file(driver->lineage, &commit, origin->path.at, &text, err);
    const struct harness_source source = { origin->name, origin->path, buf_view(&text) };
    if (rc == 0)
        rc = driver_compile(&result, driver, &source, ELF_RELEASE, err);
    if (rc < 0)
        return rc;
    if (result.stage == COMPILE_OK)
        ret->build = result.build;
    ret->same = hash_equal(&ret->build, &origin->build);
    if (ret->same)
        rc = keep(ret, driver, buf_view(&result.image), err);
    compile_result_done(&result);
    return rc;
}

static void tell(
    const struct origin *origin, const struct rebuilt *rebuilt, const struct verb_call *call)
{
    char build[DIGEST_HEX], other[DIGEST_HEX];
    if (call->json)
        printf("{\"verdict\":\"%s\",\"build\":\"%s\",\"rebuilt\":\"%s\",\"plugin\":\"%.*s\","
               "\"commit\":\"%.*s\",\"restored\":%s}\n",
            rebuilt->same ? "same" : "different", hash_hex(build, &origin->build),
            hash_hex(other, &rebuilt->build), (int)origin->name.size, origin->name.at,
            (int)origin->commit.size, origin->commit.at, rebuilt->restored ? "true" : "false");
    else
        printf("%s   %.16s, %.*s at commit %.12s%s%.16s%s\n",
            rebuilt->same ? "same     " : "different", hash_hex(build, &origin->build),
            (int)origin->path.size, origin->path.at, origin->commit.at,
            rebuilt->same ? ", bit for bit: " : " gives ", hash_hex(other, &rebuilt->build),
            rebuilt->restored ? ", put back into builds/" : "");
}

static int run(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1] = { NULL };
    struct driver driver;
    struct origin origin = { 0 };
    struct rebuilt rebuilt = { 0 };
    int rc = verb_options(call, &verb_rebuild, options, args, 1, err);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_USAGE, "rebuild wants a build's first digits");
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    if ((rc = find(&origin, &driver, str_of(args[0]), err)) == 0 &&
        (rc = build_again(&rebuilt, &driver, &origin, err)) == 0)
        tell(&origin, &rebuilt, call);
    driver_done(&driver);
    return rc < 0 ? rc : !rebuilt.same;
}

const struct verb verb_rebuild = { "rebuild", run, "rebuild BUILD",
    "make a build again from its commit and compare, bit for bit" };
