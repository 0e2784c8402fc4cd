/* builds_home - the builds of a home: a generation that was admitted, or a candidate in its place.
 *
 * What the documents say is read strictly, and each file is hashed before it is used: a build is
 * named by the digest of its bytes. */
#include "trials/builds.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

enum { BUILD_MAX = 16 << 20, NAME_MAX_ = 63, PREFIX_MIN = 6 };

static int read_build(struct buf *ret, const struct home *home, struct str hex, struct err *err)
{
    struct digest want;
    int rc = hash_unhex(&want, hex, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep)
    char *path = mem_format("%s/builds/sha256/%.*s.so", home->path, (int)hex.size, hex.at);
    if ((rc = file_read(path, ret, BUILD_MAX, err)) < 0)
        return rc;
    struct digest have = hash_of(buf_view(ret));
    return hash_equal(&have, &want)
               ? 0
               : err_set(err, ERR_VERIFY, "%s does not hold what its name says", path);
}

static int add(struct builds *builds, const struct home *home, struct str name, struct str hex,
    struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    if (name.size == 0 || name.size > NAME_MAX_ || memchr(name.at, 0, name.size))
        return err_set(err, ERR_INPUT, "a build without a name");
    int rc = read_build(&image, home, hex, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *plain = mem_format("%.*s", (int)name.size, name.at);
    return builds_add_image(builds, plain, buf_view(&image), err);
}

int builds_named(struct builds *ret, struct journal *journal, const struct home *home,
    const struct digest *generation, struct err *err)
{
    CLEANUP(arena_done) struct arena own = { 0 };
    struct arena *arena = &own;
    struct str text;
    int rc = journal_get(journal, "generation", generation, arena, &text, err);
    const struct json *root = rc < 0 ? NULL : json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "generation");
    JSON_EACH(build, json_get(root, "builds"))
    if (rc == 0)
        rc = add(ret, home, json_string(arena, json_get(build, "name")),
            json_string(arena, json_get(build, "build")), err);
    if (rc == 0 && ret->count == 0)
        rc = err_set(err, ERR_INPUT, "a generation without builds");
    return rc;
}

static int read_generation(struct builds *ret, struct journal *journal, const struct home *home,
    const struct json *admission, struct arena *arena, struct err *err)
{
    struct digest digest;
    int rc = hash_unhex(&digest, json_string(arena, json_get(admission, "generation")), err);
    return rc < 0 ? rc : builds_named(ret, journal, home, &digest, err);
}

int builds_generation(struct builds *ret, struct journal *journal, const struct home *home,
    uint64_t number, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_admission *rows;
    uint32_t count;
    int rc = journal_admissions(journal, &arena, &rows, &count, err);
    if (rc < 0)
        return rc;
    if (number == BUILDS_ACTIVE && count > 0)
        number = rows[count - 1].number;
    for (uint32_t i = 0; i < count; i++)
        if (rows[i].number == number) {
            const struct json *body = json_read(&arena, rows[i].body, NULL, err);
            return body ? read_generation(ret, journal, home, body, &arena, err) : -err->code;
        }
    err_set(err, ERR_MISSING, "no such generation");
    return err_hint(err, "moult log lists them");
}

int builds_candidate(struct builds *builds, struct journal *journal, const struct home *home,
    struct str digits, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_candidate *rows;
    const struct json *body = NULL;
    uint32_t count, found = 0;
    if (digits.size < PREFIX_MIN)
        return err_set(err, ERR_USAGE, "a candidate's id has at least %d digits", PREFIX_MIN);
    int rc = journal_candidates(journal, &arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (str_starts(rows[i].id, digits) && ++found == 1 &&
            !(body = json_read(&arena, rows[i].body, NULL, err)))
            return -err->code;
    if (rc < 0)
        return rc;
    if (found != 1) {
        err_set(err, found ? ERR_STATE : ERR_MISSING, "%u candidates begin with %.64s", found,
            digits.at);
        return err_hint(err, "moult candidates lists them");
    }
    struct str build = json_string(&arena, json_get(body, "build"));
    if (build.size == 0)
        return err_set(err, ERR_STATE, "candidate %.64s was not built", digits.at);
    return add(builds, home, json_string(&arena, json_get(body, "plugin")), build, err);
}
