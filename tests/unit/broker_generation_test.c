/* runtime/broker/generation.c: homes whose journal was written by somebody else. Each row changes
 * one link of a chain that holds, straight in the database, and it may not run. */
#include "broker_home.h"
#include "made_build.h"

#include "admission/admission.h"
#include "admission/approve.h"
#include "admission/attest.h"
#include "admission/generation.h"
#include "admission/may_admit.h"
#include "base/file.h"
#include "base/mem.h"
#include "broker/generation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { NOW_S = 1800000000, ADMISSIONS = 4, PLUGINS = 3 };
#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct sign_key home_key, ann, eve;

enum wrong {
    NOTHING,
    STRANGER,        /* who approved is in no list */
    REVOKED,         /* was revoked before */
    EXPIRED,         /* before it was admitted */
    OTHER_HOME_,     /* the approval is for another home */
    OTHER_CANDIDATE, /* and so on: links of the approval */
    OTHER_BATCH,
    OTHER_TREE,
    OTHER_BUILD,
    OTHER_REPORT,
    OTHER_POLICY,
    OTHER_BEFORE,
    OTHER_NAME, /* the admission says that somebody else approved */
    ATTENDED,   /* and that somebody looked */
    NO_APPROVAL,
    SECOND_BUILD,  /* the generation changes a build that nobody approved */
    NOT_THE_BUILD, /* it holds another than was admitted */
    ONE_MORE,      /* it has a plugin more */
    OTHER_ORDER,   /* another of its builds is the pipeline */
    OTHER_NUMBER,
    OTHER_COMMIT,
    INIT_AGAIN, /* a promotion that calls itself init */
    ROW_OF_OTHER_HOME,
    ROW_BEFORE,     /* names another admission before */
    ROW_DIGEST,     /* the row's digest is not its body's */
    RETURN_TO_NONE, /* a rollback to what was never admitted */
    RETURN_OTHER,   /* to other builds than it names */
    RETURN_PLUGIN,  /* of one plugin, to another build */
    RETURN_MORE,    /* of one plugin, and another changes with it */
    /* Of an admission under a mandate: */
    NO_MANDATE,      /* the journal has none of that digest */
    OTHER_ADMISSION, /* it was given when another one was active */
    OTHER_SCOPE,     /* for another plugin */
    OTHER_RULES,     /* for another policy of the gate */
    ENDED,           /* by a person */
    AND_APPROVED,    /* it names an approval, too */
    ROUTES,          /* the new build stands in a hook that routes */
    NOT_CONFIRMED,   /* by the home: a reviewer signed that */
    OTHER_CONFIRMED, /* the confirmation is of another build */
    CLAIMS,          /* what it rests on */
    WAIVED,
    WORSE,
    SPENT /* the look spent more than the mandate gives */
};

struct scene {
    struct home home;
    struct store *store;
    struct generations *generations;
    struct digest last, docs[ADMISSIONS], rows[ADMISSIONS];
    uint32_t number;
    enum wrong wrong;
    bool mandated; /* builds are files that have hooks */
    struct digest mandate;
    struct arena arena;
};

/* --- a home */

static void write_list(
    struct scene *scene, uint32_t number, uint64_t revoked_ms, const struct sign_key *by)
{
    CLEANUP(buf_done) struct buf predicate = { 0 }, envelope = { 0 };
    char path[PATH_MAX];
    struct sign_public key;
    sign_public_of(&ann, &key);
    buf_format(&predicate,
        "{\"home\":\"%s\",\"number\":%u,\"reviewers\":[{\"name\":\"ann\",\"key\":\"",
        scene->home.id, number);
    for (size_t i = 0; i < sizeof key.at; i++)
        buf_format(&predicate, "%02x", key.at[i]);
    buf_format(
        &predicate, "\",\"added_ms\":1,\"revoked_ms\":%llu}]}", (unsigned long long)revoked_ms);
    const struct attest statement = { .kind = ATTEST_REVIEWERS };
    attest_sign(&envelope, &statement, buf_view(&predicate), by);
    assert_int_equal(
        file_write(home_path(path, &scene->home, REVIEWERS_FILE), buf_view(&envelope), 0600, NULL),
        0);
}

static struct digest put(struct scene *scene, const char *kind, struct str text)
{
    CLEANUP(buf_done) struct buf packed = { 0 };
    assert_int_equal(store_begin(scene->store, NULL), 0);
    assert_int_equal(store_put(scene->store, str_of(kind), text, &packed, NULL), 0);
    assert_int_equal(store_commit(scene->store, NULL), 0);
    return hash_of(text);
}

static void sql(struct scene *scene, const char *text)
{
    if (home_sql(&scene->home, text) != 0)
        fail_msg("%s", text);
}

static struct digest mark(const char *text)
{
    return hash_of(str_of(text));
}

static bool is(const struct scene *scene, enum wrong wrong)
{
    return scene->wrong == wrong;
}

/* --- documents */

/* A mark, or a file of the home's store. */
static struct digest build_of(struct scene *scene, const char *text)
{
    char hex[DIGEST_HEX], name[DIGEST_HEX + 32], path[PATH_MAX];
    uint32_t hooks = 1u << MOULT_REPLY;
    if (!scene->mandated)
        return mark(text);
    if (is(scene, ROUTES) && strcmp(text, "better") == 0)
        hooks |= 1u << MOULT_REQUEST;
    const struct made_build made = made_build(hooks, (uint64_t)text[0]);
    const struct digest build = hash_of(made_text(&made));
    assert_int_equal(file_mkdirs(home_path(path, &scene->home, "builds/sha256"), 0755, NULL), 0);
    snprintf(name, sizeof name, "builds/sha256/%s.so", hash_hex(hex, &build));
    assert_int_equal(
        file_create(home_path(path, &scene->home, name), made_text(&made), 0444, NULL), 0);
    return build;
}

/* one, two, order; "one" as the admission has it. */
static struct generation document(struct scene *scene, const char *one, bool last)
{
    struct generation_build *builds = arena_alloc(&scene->arena, 4 * sizeof *builds);
    builds[0] = (struct generation_build){ STR("one"), STR("plugins/one/one.c"), mark("s"),
        build_of(scene, one) };
    builds[1] =
        (struct generation_build){ STR("two"), STR("plugins/two/two.c"), mark("s"), mark("two") };
    builds[2] =
        (struct generation_build){ STR("order"), STR("pipeline/order.c"), mark("s"), mark("o") };
    builds[3] =
        (struct generation_build){ STR("more"), STR("plugins/more/more.c"), mark("s"), mark("m") };
    struct generation generation = { scene->number, STR("abcdef"), STR("order"), mark(one), builds,
        PLUGINS };
    if (!last)
        return generation;
    if (is(scene, SECOND_BUILD) || is(scene, RETURN_MORE))
        builds[1].build = mark("evil");
    if (is(scene, NOT_THE_BUILD) || is(scene, RETURN_OTHER) || is(scene, RETURN_PLUGIN))
        builds[0].build = mark("evil");
    if (is(scene, ONE_MORE))
        generation.builds_count++;
    if (is(scene, OTHER_ORDER))
        generation.pipeline = STR("two");
    generation.number += is(scene, OTHER_NUMBER);
    if (is(scene, OTHER_COMMIT))
        generation.commit = STR("012345");
    return generation;
}

static struct digest swap(const struct scene *scene, enum wrong wrong, struct digest good)
{
    return is(scene, wrong) ? mark("another") : good;
}

static struct digest approve(struct scene *scene, const struct admission *row, struct digest tree)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct approval approval = { .batch = swap(scene, OTHER_BATCH, row->batch),
        .patch = mark("patch"),
        .tree = swap(scene, OTHER_TREE, tree),
        .build = swap(scene, OTHER_BUILD, row->build),
        .report = swap(scene, OTHER_REPORT, row->report),
        .policy = swap(scene, OTHER_POLICY, row->policy),
        .admission_before = swap(scene, OTHER_BEFORE, scene->last),
        .at_ms = (NOW_S - 10) * 1000ull,
        .expires_ms = (NOW_S + (is(scene, EXPIRED) ? -5 : 5)) * 1000ull,
        .unattended = is(scene, ATTENDED) };
    struct home home = scene->home;
    if (is(scene, OTHER_HOME_))
        home.id[0] ^= 1;
    if (is(scene, OTHER_CANDIDATE))
        approval.candidate = mark("another");
    else
        assert_int_equal(hash_unhex(&approval.candidate, STR(ID), NULL), 0);
    approval_sign(&envelope, &approval, &home, is(scene, STRANGER) ? &eve : &ann);
    return put(scene, "approval", buf_view(&envelope));
}

/* --- rows */

static void insert(struct scene *scene, struct admission *row, const struct generation *generation)
{
    CLEANUP(buf_done) struct buf text = { 0 }, body = { 0 }, line = { 0 };
    char hex[DIGEST_HEX];
    generation_print(&text, generation);
    row->generation = put(scene, "generation", buf_view(&text));
    row->home = str_of(is(scene, ROW_OF_OTHER_HOME) ? "0" : scene->home.id);
    row->number = scene->number;
    row->before = is(scene, ROW_BEFORE) ? mark("another") : scene->last;
    row->commit = STR("abcdef");
    row->at_s = NOW_S;
    admission_print(&body, row);
    scene->docs[scene->number] = row->generation;
    scene->last = scene->rows[scene->number] = hash_of(buf_view(&body));
    struct digest digest = is(scene, ROW_DIGEST) ? mark("another") : scene->last;
    buf_format(&line, "INSERT INTO admission VALUES(%u, 1, X'%s', '%.*s')", scene->number++,
        hash_hex(hex, &digest), (int)body.size, body.at);
    buf_char(&line, 0);
    sql(scene, line.at);
}

static void init(struct scene *scene)
{
    struct admission row = { .kind = ADMIT_INIT };
    struct generation generation = document(scene, "one", false);
    insert(scene, &row, &generation);
}

static void promote(struct scene *scene)
{
    struct generation generation = document(scene, "better", true);
    struct admission row = { .kind = is(scene, INIT_AGAIN) ? ADMIT_INIT : ADMIT_PROMOTION,
        .plugin = STR("one"),
        .build = mark("better"),
        .candidate = STR(ID),
        .by = is(scene, OTHER_NAME) ? STR("bob") : STR("ann"),
        .batch = mark("batch"),
        .report = mark("report"),
        .policy = mark("policy"),
        .reviewers = 2 };
    row.approval = is(scene, NO_APPROVAL) ? mark("none") : approve(scene, &row, generation.tree);
    insert(scene, &row, &generation);
}

/* --- under a mandate */

static struct digest give(struct scene *scene)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct mandate mandate = { .policy = swap(scene, OTHER_RULES, mark("policy")),
        .admission_before = swap(scene, OTHER_ADMISSION, scene->rows[0]),
        .plugins_count = 1,
        .admissions = 1,
        .from_ms = (NOW_S - 10) * 1000ull,
        .expires_ms = (NOW_S + (is(scene, EXPIRED) ? -5 : 5)) * 1000ull,
        .unattended = is(scene, ATTENDED) };
    struct home home = scene->home;
    if (is(scene, OTHER_HOME_))
        home.id[0] ^= 1;
    snprintf(mandate.plugins[0], sizeof mandate.plugins[0], "%s",
        is(scene, OTHER_SCOPE) ? "two" : "one");
    mandate_sign(&envelope, &mandate, &home, is(scene, STRANGER) ? &eve : &ann);
    return put(scene, "mandate", buf_view(&envelope));
}

static struct digest confirm(struct scene *scene, const struct admission *row)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct confirmation it = { .batch = swap(scene, OTHER_BATCH, row->batch),
        .build = swap(scene, OTHER_CONFIRMED, row->build),
        .report = swap(scene, OTHER_REPORT, row->report),
        .policy = row->policy,
        .mandate = row->mandate,
        .fresh = mark("fresh"),
        .verdict = mark("verdict"),
        .admission_before = swap(scene, OTHER_BEFORE, scene->last),
        .shard = 1,
        .look = 1,
        .groups = 42,
        .worse = is(scene, WORSE),
        .failing = 7,
        .fixed = 7,
        .level = is(scene, SPENT) ? .025 : mandate_level(1, 1),
        .claims = is(scene, CLAIMS),
        .waived = is(scene, WAIVED),
        .at_ms = (NOW_S - 1) * 1000ull };
    assert_int_equal(hash_unhex(&it.candidate, STR(ID), NULL), 0);
    if (is(scene, OTHER_CANDIDATE))
        it.candidate = mark("another");
    confirmation_sign(&envelope, &it, &scene->home, is(scene, NOT_CONFIRMED) ? &ann : &home_key);
    return put(scene, "confirmation", buf_view(&envelope));
}

/* The same mandate serves for the second one: it has no admission left then. */
static void promote_mandated(struct scene *scene)
{
    struct generation generation = document(scene, "better", true);
    struct admission row = { .kind = ADMIT_PROMOTION,
        .plugin = STR("one"),
        .build = build_of(scene, "better"),
        .candidate = STR(ID),
        .by = is(scene, OTHER_NAME) ? STR("bob") : STR("ann"),
        .batch = mark("batch"),
        .report = mark("report"),
        .policy = mark("policy"),
        .reviewers = is(scene, REVOKED) ? 3 : 2 };
    if (hash_zero(&scene->mandate))
        scene->mandate = give(scene);
    row.mandate = swap(scene, NO_MANDATE, scene->mandate);
    row.confirmation = confirm(scene, &row);
    if (is(scene, AND_APPROVED))
        row.approval = approve(scene, &row, generation.tree);
    if (is(scene, ENDED)) {
        CLEANUP(buf_done) struct buf line = { 0 };
        char hex[DIGEST_HEX];
        buf_format(&line,
            "INSERT INTO document VALUES(X'00', 'mandate-end', '{\"mandate\":\"%s\"}', %lld)",
            hash_hex(hex, &row.mandate), (NOW_S - 1) * 1000ll);
        buf_char(&line, 0);
        sql(scene, line.at);
    }
    insert(scene, &row, &generation);
}

/* To the first admission: the plugin "one", or all (which is the same set here). */
static void roll_back(struct scene *scene, bool plugin)
{
    struct generation generation = document(scene, "one", true);
    struct admission row = { .kind = ADMIT_ROLLBACK,
        .by = STR("operator"),
        .plugin = plugin ? STR("one") : (struct str){ 0 },
        .returns = is(scene, RETURN_TO_NONE) ? mark("none") : scene->rows[0] };
    if (plugin)
        row.build = build_of(scene, "one");
    insert(scene, &row, &generation);
}

static void begin(struct scene *scene)
{
    char path[PATH_MAX];
    struct err err;
    *scene = (struct scene){ .home = home_fresh() };
    CLEANUP(mem_freep) char *from = mem_format("%s/home.pub", homes_base());
    CLEANUP(buf_done) struct buf key = { 0 };
    assert_int_equal(file_mkdirs(home_path(path, &scene->home, "keys"), 0700, NULL), 0);
    assert_int_equal(file_read(from, &key, 4096, NULL), 0);
    assert_int_equal(
        file_write(home_path(path, &scene->home, REVIEWERS_KEY ".pub"), buf_view(&key), 0600, NULL),
        0);
    write_list(scene, 2, 0, &home_key);
    if (store_open(
            &scene->store, home_path(path, &scene->home, "journal.db"), scene->home.id, &err) < 0)
        fail_msg("%s", err.text);
    scene->generations = generations_new(scene->store, &scene->home);
}

static void end(struct scene *scene)
{
    generations_free(scene->generations);
    store_free(scene->store);
    arena_done(&scene->arena);
}

static int active(struct scene *scene, struct crew_spec *ret, struct err *err)
{
    return generation_active(ret, scene->generations, &scene->arena, err);
}

/* --- what runs */

static void check_one(const struct crew_spec *spec, uint64_t number, const char *one)
{
    const struct digest want = mark(one);
    assert_int_equal(spec->number, number);
    assert_int_equal(spec->builds_count, PLUGINS);
    assert_true(str_equal(spec->pipeline, STR("order")));
    assert_true(hash_equal(&spec->builds[0].build, &want));
}

static void what_holds_runs(void **state)
{
    struct scene scene;
    struct crew_spec spec;
    struct err err;
    (void)state;
    begin(&scene);
    assert_int_equal(active(&scene, &spec, &err), -ERR_MISSING);
    init(&scene);
    assert_int_equal(active(&scene, &spec, &err), 0);
    check_one(&spec, 0, "one");
    promote(&scene);
    if (active(&scene, &spec, &err) < 0)
        fail_msg("%s", err.text);
    check_one(&spec, 1, "better");
    assert_true(hash_equal(&spec.generation, &scene.docs[1]));
    roll_back(&scene, true);
    assert_int_equal(active(&scene, &spec, &err), 0);
    check_one(&spec, 2, "one");
    roll_back(&scene, false);
    assert_int_equal(active(&scene, &spec, &err), 0);
    check_one(&spec, 3, "one");
    assert_int_equal(generation_at(&spec, scene.generations, 1, &scene.arena, &err), 0);
    check_one(&spec, 1, "better");
    assert_int_equal(generation_at(&spec, scene.generations, 4, &scene.arena, &err), -ERR_MISSING);
    end(&scene);
}

/* --- what does not */

static const struct row {
    enum wrong wrong;
    int step; /* the last: 1 a promotion, 2 a return of all, 3 of one plugin */
    int want;
    const char *text;
} rows[] = {
    { NOTHING, 1, 0, "" },
    { NOTHING, 2, 0, "" },
    { NOTHING, 3, 0, "" },
    { STRANGER, 1, -ERR_DENIED, "no reviewer of this home" },
    { REVOKED, 1, -ERR_DENIED, "revoked" },
    { EXPIRED, 1, -ERR_DENIED, "expired" },
    { OTHER_HOME_, 1, -ERR_VERIFY, "another home" },
    { OTHER_CANDIDATE, 1, -ERR_VERIFY, "another candidate" },
    { OTHER_BATCH, 1, -ERR_VERIFY, "another batch" },
    { OTHER_TREE, 1, -ERR_VERIFY, "another tree" },
    { OTHER_BUILD, 1, -ERR_VERIFY, "another build" },
    { OTHER_REPORT, 1, -ERR_VERIFY, "another report" },
    { OTHER_POLICY, 1, -ERR_VERIFY, "another policy" },
    { OTHER_BEFORE, 1, -ERR_VERIFY, "another admission-before" },
    { OTHER_NAME, 1, -ERR_VERIFY, "given by another" },
    { ATTENDED, 1, -ERR_VERIFY, "given by another" },
    { NO_APPROVAL, 1, -ERR_MISSING, "no document approval" },
    { SECOND_BUILD, 1, -ERR_VERIFY, "nothing admitted this build of two" },
    { NOT_THE_BUILD, 1, -ERR_VERIFY, "another build than was admitted" },
    { ONE_MORE, 1, -ERR_VERIFY, "other plugins" },
    { OTHER_ORDER, 1, -ERR_VERIFY, "other plugins" },
    { OTHER_NUMBER, 1, -ERR_VERIFY, "another number" },
    { OTHER_COMMIT, 1, -ERR_VERIFY, "another commit" },
    { INIT_AGAIN, 1, -ERR_VERIFY, "only the first" },
    { ROW_OF_OTHER_HOME, 1, -ERR_VERIFY, "another home" },
    { ROW_BEFORE, 1, -ERR_VERIFY, "the admission before it is another" },
    { ROW_DIGEST, 1, -ERR_VERIFY, "not what its digest says" },
    { RETURN_TO_NONE, 2, -ERR_VERIFY, "never admitted" },
    { RETURN_TO_NONE, 3, -ERR_VERIFY, "never admitted" },
    { RETURN_OTHER, 2, -ERR_VERIFY, "nothing admitted this build of one" },
    { RETURN_PLUGIN, 3, -ERR_VERIFY, "another build than was admitted" },
    { RETURN_MORE, 3, -ERR_VERIFY, "nothing admitted this build of two" },
};

static void check_row(const struct row *row, size_t at)
{
    struct scene scene;
    struct crew_spec spec;
    struct err err = { 0 };
    begin(&scene);
    init(&scene);
    if (row->step > 1)
        promote(&scene);
    scene.wrong = row->wrong;
    if (row->wrong == REVOKED)
        write_list(&scene, 3, (NOW_S - 1) * 1000ull, &home_key);
    if (row->step == 1)
        promote(&scene);
    else
        roll_back(&scene, row->step == 3);
    int rc = active(&scene, &spec, &err);
    if (rc != row->want || (rc < 0 && !strstr(err.text, row->text)))
        fail_msg("row %zu: %d %s", at, rc, err.text);
    end(&scene);
}

static void one_link_is_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_row(&rows[i], i);
}

/* --- under a mandate */

static const struct mandated_row {
    enum wrong wrong;
    int want;
    const char *text;
} mandated_rows[] = {
    { NOTHING, 0, "" },
    { NO_MANDATE, -ERR_MISSING, "no document mandate" },
    { STRANGER, -ERR_DENIED, "no reviewer of this home" },
    { REVOKED, -ERR_DENIED, "revoked" },
    { EXPIRED, -ERR_DENIED, "(expired)" },
    { ENDED, -ERR_DENIED, "(revoked)" },
    { OTHER_HOME_, -ERR_VERIFY, "another home" },
    { OTHER_ADMISSION, -ERR_VERIFY, "given for other admissions" },
    { OTHER_SCOPE, -ERR_DENIED, "(scope)" },
    { OTHER_RULES, -ERR_DENIED, "(policy)" },
    { OTHER_NAME, -ERR_VERIFY, "given by another" },
    { ATTENDED, -ERR_VERIFY, "given by another" },
    { AND_APPROVED, -ERR_VERIFY, "an approval and on a mandate" },
    { ROUTES, -ERR_DENIED, "(kept_for_people)" },
    { NOT_CONFIRMED, -ERR_VERIFY, "" },
    { OTHER_CONFIRMED, -ERR_VERIFY, "another build" },
    { OTHER_CANDIDATE, -ERR_VERIFY, "another candidate" },
    { OTHER_BATCH, -ERR_VERIFY, "another batch" },
    { OTHER_REPORT, -ERR_VERIFY, "another report" },
    { OTHER_BEFORE, -ERR_VERIFY, "another admission-before" },
    { CLAIMS, -ERR_DENIED, "(claims)" },
    { WAIVED, -ERR_DENIED, "(sandbox)" },
    { WORSE, -ERR_DENIED, "(worse)" },
    { SPENT, -ERR_DENIED, "(shard)" },
    { SECOND_BUILD, -ERR_VERIFY, "nothing admitted this build of two" },
};

static void what_a_mandate_lets_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mandated_rows); i++) {
        const struct mandated_row *row = &mandated_rows[i];
        struct scene scene;
        struct crew_spec spec;
        struct err err = { 0 };
        begin(&scene);
        scene.mandated = true;
        init(&scene);
        scene.wrong = row->wrong;
        if (row->wrong == REVOKED)
            write_list(&scene, 3, (NOW_S - 1) * 1000ull, &home_key);
        promote_mandated(&scene);
        int rc = active(&scene, &spec, &err);
        if (rc != row->want || (rc < 0 && !strstr(err.text, row->text)))
            fail_msg("row %zu: %d %s", i, rc, err.text);
        end(&scene);
    }
}

/* One admission is all that it gives, and after a return it gives that plugin none. */
static void a_mandate_is_used_up(void **state)
{
    struct scene scene;
    struct crew_spec spec;
    struct err err;
    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        begin(&scene);
        scene.mandated = true;
        init(&scene);
        promote_mandated(&scene);
        if (taken)
            roll_back(&scene, true);
        if (active(&scene, &spec, &err) < 0)
            fail_msg("%s", err.text);
        promote_mandated(&scene);
        assert_int_equal(active(&scene, &spec, &err), -ERR_DENIED);
        assert_non_null(strstr(err.text, taken ? "(taken_back)" : "(used_up)"));
        end(&scene);
    }
}

/* --- the same with an editor, later */

static const struct edit {
    const char *name, *text;
    const char *why;
} edits[] = {
    { "a row",
        "DROP TRIGGER admission_update; UPDATE admission SET body ="
        " replace(body, 'ann', 'bob') WHERE number = 1",
        "not what its digest says" },
    { "a row is gone", "DROP TRIGGER admission_delete; DELETE FROM admission WHERE number = 1",
        "its number is another" },
    { "the first row is gone",
        "DROP TRIGGER admission_delete;"
        "DELETE FROM admission WHERE number = 0",
        "its number is another" },
    { "a generation",
        "DROP TRIGGER document_update; UPDATE document SET body ="
        " replace(body, 'two.c', 'six.c') WHERE kind = 'generation'",
        "generation is not what its digest says" },
    { "an approval",
        "DROP TRIGGER document_update; UPDATE document SET body ="
        " replace(body, 'sig', 'gis') WHERE kind = 'approval'",
        "approval is not what its digest says" },
};

static void an_edited_journal_does_not_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        struct scene scene;
        struct crew_spec spec;
        struct err err = { 0 };
        begin(&scene);
        init(&scene);
        promote(&scene);
        roll_back(&scene, true);
        sql(&scene, edits[i].text);
        int rc = active(&scene, &spec, &err);
        if (rc != -ERR_VERIFY || !strstr(err.text, edits[i].why))
            fail_msg("%s: %d %s", edits[i].name, rc, err.text);
        end(&scene);
    }
}

static void a_list_of_reviewers_that_is_not_the_homes(void **state)
{
    struct scene scene;
    struct crew_spec spec;
    struct err err;
    (void)state;
    begin(&scene);
    init(&scene);
    promote(&scene);
    write_list(&scene, 1, 0, &home_key); /* an old one was put back */
    assert_int_equal(active(&scene, &spec, &err), -ERR_VERIFY);
    assert_non_null(strstr(err.text, "rested on number 2"));
    write_list(&scene, 2, 0, &eve); /* somebody else's */
    assert_int_equal(active(&scene, &spec, &err), -ERR_VERIFY);
    write_list(&scene, 3, (NOW_S + 1) * 1000ull, &home_key); /* revoked later: it stays approved */
    assert_int_equal(active(&scene, &spec, &err), 0);
    end(&scene);
}

/* --- candidates */

static void insert_candidate(struct scene *scene, const char *state, const struct approval *links,
    const struct digest *approval)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    char hex[DIGEST_HEX];
    buf_format(&line, "INSERT INTO candidate(id, state, body) VALUES('" ID "', '%s', '{", state);
    buf_format(&line, "\"batch\":\"%s\",", hash_hex(hex, &links->batch));
    buf_format(&line, "\"patch\":\"%s\",", hash_hex(hex, &links->patch));
    buf_format(&line, "\"tree\":\"%s\",", hash_hex(hex, &links->tree));
    buf_format(&line, "\"build\":\"%s\",", hash_hex(hex, &links->build));
    buf_format(&line, "\"report\":\"%s\",", hash_hex(hex, &links->report));
    buf_format(&line, "\"policy\":\"%s\",", hash_hex(hex, &links->policy));
    if (is(scene, AND_APPROVED)) /* under a mandate that is over; it was given back */
        buf_format(&line, "\"mandate\":\"%s\",\"confirmation\":\"%s\",", hex, hex);
    buf_format(&line, "\"approval\":\"%s\",\"plugin\":\"one\"}')", hash_hex(hex, approval));
    buf_char(&line, 0);
    sql(scene, line.at);
}

static struct approval candidate_links(const struct scene *scene)
{
    struct approval links = { .batch = mark("batch"),
        .patch = mark("patch"),
        .tree = mark("tree"),
        .build = mark("new"),
        .report = mark("report"),
        .policy = mark("policy"),
        .admission_before = scene->last,
        .at_ms = 1,
        .expires_ms = UINT64_MAX >> 12 };
    assert_int_equal(hash_unhex(&links.candidate, STR(ID), NULL), 0);
    return links;
}

static const struct choice {
    const char *state;
    enum wrong wrong;
    int want;
} choices[] = {
    { "approved", NOTHING, 0 },
    { "canary", NOTHING, 0 },
    { "approved", AND_APPROVED, 0 },
    { "in_review", NOTHING, -ERR_STATE },
    { "gated", NOTHING, -ERR_STATE },
    { "quarantined", NOTHING, -ERR_STATE },
    { "approved", OTHER_BUILD, -ERR_VERIFY },
    { "approved", OTHER_BATCH, -ERR_VERIFY },
    { "approved", OTHER_BEFORE, -ERR_VERIFY },
    { "approved", EXPIRED, -ERR_DENIED },
    { "approved", STRANGER, -ERR_DENIED },
    { "approved", NO_APPROVAL, -ERR_MISSING },
};

static void choose(const struct choice *choice)
{
    struct scene scene;
    struct crew_spec spec;
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct err err = { 0 };
    begin(&scene);
    init(&scene);
    scene.wrong = choice->wrong;
    struct approval links = candidate_links(&scene);
    if (is(&scene, EXPIRED))
        links.expires_ms = 2;
    links.admission_before = swap(&scene, OTHER_BEFORE, links.admission_before);
    approval_sign(&envelope, &links, &scene.home, is(&scene, STRANGER) ? &eve : &ann);
    struct digest approval = put(&scene, "approval", buf_view(&envelope));
    links.build = swap(&scene, OTHER_BUILD, links.build);
    links.batch = swap(&scene, OTHER_BATCH, links.batch);
    approval = swap(&scene, NO_APPROVAL, approval);
    insert_candidate(&scene, choice->state, &links, &approval);
    int rc = generation_candidate(&spec, scene.generations, STR(ID), &scene.arena, &err);
    if (rc != choice->want)
        fail_msg("%s, %d: %d %s", choice->state, choice->wrong, rc, err.text);
    if (rc == 0)
        check_one(&spec, UINT64_MAX, "new");
    assert_int_equal(generation_candidate(&spec, scene.generations, STR("00"), &scene.arena, &err),
        -ERR_MISSING);
    end(&scene);
}

static void a_candidate_runs_that_a_person_approved(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(choices); i++)
        choose(&choices[i]);
}

static int set_up(void **state)
{
    struct sign_public unused;
    static const struct {
        const char *name;
        struct sign_key *key;
    } keys[] = { { "home", &home_key }, { "ann", &ann }, { "eve", &eve } };
    if (homes_begin(state) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        CLEANUP(mem_freep) char *path = mem_format("%s/%s", homes_base(), keys[i].name);
        if (sign_create(path, &unused, NULL) < 0 || sign_load(path, keys[i].key, NULL) < 0)
            return -1;
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_runs),
        cmocka_unit_test(one_link_is_changed),
        cmocka_unit_test(what_a_mandate_lets_run),
        cmocka_unit_test(a_mandate_is_used_up),
        cmocka_unit_test(an_edited_journal_does_not_run),
        cmocka_unit_test(a_list_of_reviewers_that_is_not_the_homes),
        cmocka_unit_test(a_candidate_runs_that_a_person_approved),
    };
    return cmocka_run_group_tests(tests, set_up, homes_end);
}
