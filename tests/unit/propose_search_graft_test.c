/* search_graft.c and its ways: which sources are tried, in which order, what is proposed of them
 * and when. The driver is a script that knows what a right source has in it. */
#include "propose/search.h"

#include "base/fd.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD "#include \"moult.h\"\n\n"
#define PLUGIN(name, members)                                                                      \
    "MOULT_EXPORT const struct moult_plugin moult_plugin = {\n    .name = \"" name "\",\n" members \
    "};\n"
#define NOW                                                                                        \
    HEAD "static bool fits(moult_turn *turn)\n{\n    return turn == NULL;\n}\n\n"                  \
         "static moult_action look(moult_turn *turn)\n{\n    fits(turn);\n    return "             \
         "MOULT_PASS;\n}\n\n" PLUGIN(                                                              \
             "replies", "    .traits = MOULT_ONLY_LOOKS,\n    .reply = look,\n")
#define THEN                                                                                       \
    HEAD "static bool fits(moult_turn *turn)\n{\n    return turn != NULL; /* right */\n}\n\n"      \
         "static moult_action look(moult_turn *turn)\n{\n    fits(turn);\n    return "             \
         "MOULT_PASS;\n}\n\n" PLUGIN("replies", "    .reply = look,\n")
#define STOCK                                                                                      \
    HEAD "static moult_action mend(moult_turn *turn)\n{\n    moult_explain(turn, \"right\");\n"    \
         "    return MOULT_PASS;\n}\n\n" PLUGIN(                                                   \
             "mender", "    .traits = MOULT_REWRITES_CALLS,\n    .reply = mend,\n")
#define GUARD                                                                                      \
    HEAD "static moult_action stop(moult_turn *turn)\n{\n    return turn ? MOULT_DENY : "          \
         "MOULT_PASS; /* right */\n}\n\n" PLUGIN("guard", "    .reply = stop,\n")

struct setup {
    const char *source;                   /* of the active plugin */
    const char *beside, *earlier, *stock; /* NULL: none. beside: active, and not asked */
    const char *order, *without;          /* NULL: as usual; nothing */
    const char *right;                    /* what a source has that mends */
    unsigned mends, lines;                /* of two groups; what the policy lets pass, 0: any */
    bool breaks;                          /* and it changes a step that must stay */
};
struct heard {
    char said[4096], stop[1024];
    char proposed[3][8192];
    unsigned proposals, tries, builds;
};

static void member(struct buf *out, const char *name, const char *text)
{
    buf_format(out, "\"%s\":", name);
    json_quote(out, str_of(text));
}

static void source(struct buf *out, const char *name, const char *text, const char *build)
{
    if (!text)
        return;
    if (out->at[out->size - 1] != '[')
        buf_char(out, ',');
    buf_char(out, '{');
    member(out, "name", name);
    buf_format(out, ",\"path\":\"plugins/%s/%s.c\",", name, name);
    member(out, "source", text);
    buf_format(out, ",\"hooks\":[\"%s\"]", strstr(text, ".reply") ? "reply" : "answer");
    if (build)
        buf_format(out, ",\"build\":\"%s\"", build);
    buf_char(out, '}');
}

static void print_bundle(struct buf *out, const struct setup *setup)
{
    static const char usual[] =
        "static const struct moult_place places[] = {\n    { MOULT_REPLY, \"replies\" },\n};\n";
    buf_text(out, "{\"schema\":1,\"cluster\":\"c\",\"hook\":\"reply\",\"plugins\":[");
    source(out, "replies", setup->source, NULL);
    source(out, "beside", setup->beside, NULL);
    buf_text(out, "],\"pipeline\":{\"path\":\"pipeline/order.c\",");
    member(out, "source", setup->order ? setup->order : usual);
    buf_text(out, "},\"stock\":[");
    source(out, "mender", setup->stock, NULL);
    buf_text(out, "],\"earlier\":[");
    source(out, "replies", setup->earlier, "0123456789ab");
    buf_text(out, "],\"tools\":[],\"steps\":[");
    for (unsigned i = 0; i < 3; i++)
        buf_format(out,
            "%s{\"id\":%u,\"group\":\"g%u\",\"kind\":\"%s\",\"want\":{\"calls\":"
            "\"00000000000000aa\","
            "\"text\":\"00000000000000bb\",\"end\":\"00000000000000cc\"},\"reply\":{\"content\":"
            "\"x\"}}",
            i ? "," : "", i, i, i < 2 ? "fail" : "pass");
    buf_format(out, "],\"budget\":{\"seconds\":40,\"lines\":%u},\"without\":[", setup->lines);
    if (setup->without)
        json_quote(out, str_of(setup->without));
    buf_text(out, "]}");
}

static void answer_try(struct proposer_channel *channel, const struct setup *setup, struct str text)
{
    bool right = setup->right && str_find(text, str_of(setup->right)) >= 0;
    CLEANUP(buf_done) struct buf out = { 0 };
    unsigned fixed = right ? setup->mends : 0;
    buf_format(&out,
        "{\"ok\":true,\"stage\":\"ok\",\"findings\":[],\"fixed_groups\":%u,\"fail_groups\":2,"
        "\"fixed\":%u,\"fails\":2,\"unfixed_steps\":[%s],\"changed_steps\":[%s],\"changed\":%u}",
        fixed, fixed,
        fixed == 2 ? ""
        : fixed    ? "1"
                   : "0,1",
        right && setup->breaks ? "2" : "", right && setup->breaks);
    proposer_send(channel, PROPOSER_TRIED, buf_view(&out), NULL);
}

/* Nothing that is built does anything. */
static void answer_judge(struct proposer_channel *channel, struct str payload, struct arena *arena)
{
    struct proposer_judge judge;
    assert_int_equal(proposer_judge_decode(&judge, arena, payload, NULL), 0);
    struct proposer_verdict *verdicts = arena_alloc(arena, judge.count * sizeof *verdicts);
    for (uint32_t i = 0; i < judge.jobs_count; i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        struct proposer_judged judged = {
            .job = judge.jobs[i], .verdicts = verdicts, .count = judge.count
        };
        proposer_judged_encode(&out, &judged);
        proposer_send(channel, PROPOSER_JUDGED, buf_view(&out), NULL);
    }
}

static void keep(char *to, size_t size, struct str text)
{
    snprintf(to, size, "%.*s", (int)text.size, text.at);
}

static void serve(int fd, const struct setup *setup, struct heard *ret)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(proposer_channel_done) struct proposer_channel channel = { .fd = fd };
    enum proposer_type type;
    struct str payload;
    while (proposer_receive(&channel, &type, &payload, NULL) == 1) {
        size_t said = strlen(ret->said);
        if (type == PROPOSER_SAY)
            keep(ret->said + said, sizeof ret->said - said, payload);
        else if (type == PROPOSER_STOP)
            keep(ret->stop, sizeof ret->stop, payload);
        else if (type == PROPOSER_PROPOSE && ret->proposals < 3)
            keep(ret->proposed[ret->proposals++], sizeof ret->proposed[0], payload);
        else if (type == PROPOSER_BUILD && ++ret->builds)
            proposer_send(&channel, PROPOSER_BUILT, STR("{\"ok\":true}"), NULL);
        else if (type == PROPOSER_JUDGE)
            answer_judge(&channel, payload, &arena);
        else if (type == PROPOSER_TRY && ++ret->tries)
            answer_try(&channel, setup, payload);
    }
}

static const struct heard *run(const struct setup *setup)
{
    static struct heard heard;
    CLEANUP(buf_done) struct buf bundle = { 0 };
    int pair[2], status;
    heard = (struct heard){ 0 };
    print_bundle(&bundle, setup);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct err err;
        close(pair[0]);
        int r = search_run(buf_view(&bundle), pair[1], &err);
        if (r < 0)
            fprintf(stderr, "%s\n", err.text);
        _exit(r < 0 ? -r : 0);
    }
    fd_closep(&pair[1]);
    serve(pair[0], setup, &heard);
    fd_closep(&pair[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return &heard;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("lacks: %s\nin: %s", part, text);
}

/* --- what is copied */

static void a_function_is_again_what_it_was(void **state)
{
    const struct setup setup = { .source = NOW, .earlier = THEN, .right = "right", .mends = 2 };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_int_equal(heard->proposals, 1);
    assert_int_equal(heard->tries, 1);
    assert_int_equal(heard->builds, 0); /* no code is looked for */
    has(heard->proposed[0], "fits of replies is again what it was in build 0123456789ab.");
    has(heard->proposed[0], "this mends 2 of 2 groups.");
    has(heard->proposed[0], "\"fixes\":[0,1]");
    has(heard->proposed[0],
        "\"text\":\"static bool fits(moult_turn *turn)\\n{\\n    return turn != NULL; ");
    has(heard->proposed[0], "\"ingredients\":[\"graft:earlier:0123456789ab\"]");
    has(heard->stop, "\"why\":\"found\"");
    has(heard->stop, "graft:earlier:0123456789ab");
}

static void all_of_it_is_again_what_it_was(void **state)
{
    /* Two pieces differ, and one alone is not enough. */
    const struct setup setup = { .source = NOW,
        .earlier = THEN,
        .right = "right */\\n}\\n\\nstatic moult_action look",
        .mends = 2 };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_int_equal(heard->tries, 2);
    has(heard->proposed[0], "replies is again what it was in build 0123456789ab.");
    has(heard->proposed[0], "return turn != NULL;");
    assert_null(strstr(heard->proposed[0], "moult.h")); /* what is the same stays */
}

static void a_version_with_the_same_hook_is_not_tried(void **state)
{
    const struct setup setup = {
        .source = NOW, .earlier = NOW "\n/* right */\n", .right = "right", .mends = 2
    };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_int_equal(heard->tries, 0);
    assert_int_equal(heard->proposals, 0);
}

static void a_stock_function_is_asked_first(void **state)
{
    const struct setup setup = { .source = NOW, .stock = STOCK, .right = "right", .mends = 2 };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_int_equal(heard->proposals, 1);
    assert_true(heard->builds > 0); /* the gate may want other code */
    has(heard->proposed[0], "mend of the stock plugin mender is asked first, in replies.");
    has(heard->proposed[0], "\"text\":\"\\n    mend(turn);\"");
    /* What it says of itself takes the place of the promise only to look. */
    has(heard->proposed[0], "\"text\":\"MOULT_REWRITES_CALLS\"");
    has(heard->proposed[0], "\"ingredients\":[\"graft:mender\"]");
}

static void what_it_decides_counts(void **state)
{
    const struct setup setup = { .source = NOW, .stock = GUARD, .right = "right", .mends = 2 };
    const struct heard *heard = run(&setup);
    (void)state;
    has(heard->proposed[0], "moult_action grafted = stop(turn);\\n    if (grafted != "
                            "MOULT_PASS)\\n        return grafted;");
    has(heard->proposed[0], "/* Down to stop: of the stock plugin mender. */");
}

static void a_plugin_without_a_function_there_gets_it(void **state)
{
    const struct setup setup = { .source = HEAD PLUGIN("replies", "    .abi = MOULT_ABI,\n"),
        .stock = STOCK,
        .right = "right",
        .mends = 2 };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_int_equal(heard->proposals, 1);
    has(heard->proposed[0], "    .traits = MOULT_REWRITES_CALLS,\\n    .reply = mend,\\n");
}

static void traits_are_joined(void **state)
{
    const struct setup setup = {
        .source = HEAD "static moult_action look(moult_turn *turn)\n{\n    return turn ? "
                       "MOULT_PASS : MOULT_DENY;\n}\n" PLUGIN("replies",
                           "    .traits = MOULT_WANTS_FINAL_CALLS,\n    .reply = look,\n"),
        .stock = STOCK,
        .right = "right",
        .mends = 2
    };
    const struct heard *heard = run(&setup);
    (void)state;
    has(heard->proposed[0], "\"text\":\"MOULT_WANTS_FINAL_CALLS | MOULT_REWRITES_CALLS\"");
}

static void a_plugin_that_nobody_asks_gets_its_row(void **state)
{
    const struct setup setup = {
        .source = NOW, .beside = STOCK, .right = "{ MOULT_REPLY, \\\"beside\\\" }", .mends = 2
    };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_int_equal(heard->proposals, 1);
    has(heard->proposed[0], "\"path\":\"pipeline/order.c\"");
    has(heard->proposed[0], "beside, which is there and was not asked, is asked.");
    has(heard->proposed[0], "\"text\":\"\\n    { MOULT_REPLY, \\\"beside\\\" },\"");
}

/* Then there is no place for new code, and the search would have ended. */
static void also_where_nobody_stands_at_the_hook(void **state)
{
    const struct setup setup = { .source = NOW,
        .beside = STOCK,
        .mends = 2,
        .order = "static const struct moult_place places[] = { { MOULT_ANSWER, \"replies\" } };\n",
        .right = ",\\n    { MOULT_REPLY, \\\"beside\\\" }\"" };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_int_equal(heard->proposals, 1);
    has(heard->stop, "\"why\":\"found\"");
    struct setup nobody = setup;
    nobody.beside = NULL;
    heard = run(&nobody);
    assert_int_equal(heard->proposals, 0);
    has(heard->stop, "no plugin stands at reply in the order");
}

/* --- which one, and when */

static void what_mends_a_part_waits_for_new_code(void **state)
{
    const struct setup setup = { .source = NOW, .stock = STOCK, .right = "right", .mends = 1 };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_true(heard->builds > 0); /* code was looked for */
    assert_int_equal(heard->proposals, 1);
    has(heard->proposed[0], "this mends 1 of 2 groups.");
    has(heard->proposed[0], "\"fixes\":[0]");
    has(heard->stop, "\"why\":\"found\"");
}

static void what_is_too_long_for_the_policy_waits_too(void **state)
{
    struct setup setup = {
        .source = NOW, .stock = STOCK, .right = "right", .mends = 2, .lines = 4
    };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_true(heard->builds > 0);
    assert_int_equal(heard->proposals, 1);
    has(heard->said, "longer than the policy lets pass");
    setup.earlier = THEN; /* short, and it mends less than all */
    setup.right = "return turn != NULL";
    heard = run(&setup);
    assert_int_equal(heard->proposals, 1);
    has(heard->proposed[0], "graft:earlier:");
}

static void what_holds_nowhere_is_not_proposed(void **state)
{
    struct setup setup = {
        .source = NOW, .earlier = THEN, .stock = STOCK, .right = "right", .mends = 2, .breaks = true
    };
    (void)state;
    assert_int_equal(run(&setup)->proposals, 0);
    setup.breaks = false;
    setup.mends = 0;
    assert_int_equal(run(&setup)->proposals, 0);
}

static void words_take_it_away(void **state)
{
    static const struct {
        const char *without;
        unsigned tries;
    } rows[] = { { "graft", 0 }, { "stock", 2 }, { "graft:mender", 2 },
        { "graft:earlier:0123456789ab", 1 }, { "something", 3 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct setup setup = {
            .source = NOW, .earlier = THEN, .stock = STOCK, .without = rows[i].without
        };
        unsigned tries = run(&setup)->tries;
        if (tries != rows[i].tries)
            fail_msg("without %s: %u tries", rows[i].without, tries);
    }
}

/* Of the driver's tries new code has its part, whatever was tried before. */
static void tries_are_left_for_new_code(void **state)
{
    CLEANUP(buf_done) struct buf order = { 0 };
    struct setup setup = { .source = NOW, .earlier = THEN, .stock = STOCK };
    (void)state;
    buf_text(&order, "static const struct moult_place places[] = {\n");
    for (unsigned i = 0; i < 9; i++)
        buf_format(&order, "    { MOULT_REPLY, \"%s\" },\n", i ? "other" : "replies");
    buf_text(&order, "};\n");
    setup.order = order.at;
    assert_int_equal(run(&setup)->tries, 8); /* swaps of two rows */
}

static void why_it_cannot_be_copied_is_said(void **state)
{
    const struct setup setup = { .source = NOW,
        .stock = HEAD "static moult_action mend(moult_turn *turn)\n{\n    moult_state(turn);\n    "
                      "return MOULT_PASS;\n}\n" PLUGIN("mender", "    .reply = mend,\n") };
    const struct heard *heard = run(&setup);
    (void)state;
    assert_int_equal(heard->tries, 0);
    has(heard->said, "the stock plugin mender cannot be copied: it keeps state");
}

/* Donors are data: what is no C, or names nobody, is passed over. */
static void donors_of_any_kind_do_no_harm(void **state)
{
    static const char *const donors[] = { "", "}", "static moult_action mend(", "\xff\xfe",
        HEAD PLUGIN("x", "    .reply = none,\n"), "const int moult_plugin = .reply;" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(donors); i++) {
        const struct setup setup = {
            .source = NOW, .earlier = donors[i], .stock = donors[i], .beside = donors[i]
        };
        const struct heard *heard = run(&setup);
        assert_int_equal(heard->proposals, 0);
        has(heard->stop, "nothing found");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_is_again_what_it_was),
        cmocka_unit_test(all_of_it_is_again_what_it_was),
        cmocka_unit_test(a_version_with_the_same_hook_is_not_tried),
        cmocka_unit_test(a_stock_function_is_asked_first),
        cmocka_unit_test(what_it_decides_counts),
        cmocka_unit_test(a_plugin_without_a_function_there_gets_it),
        cmocka_unit_test(traits_are_joined),
        cmocka_unit_test(a_plugin_that_nobody_asks_gets_its_row),
        cmocka_unit_test(also_where_nobody_stands_at_the_hook),
        cmocka_unit_test(what_mends_a_part_waits_for_new_code),
        cmocka_unit_test(what_is_too_long_for_the_policy_waits_too),
        cmocka_unit_test(what_holds_nowhere_is_not_proposed),
        cmocka_unit_test(words_take_it_away),
        cmocka_unit_test(tries_are_left_for_new_code),
        cmocka_unit_test(why_it_cannot_be_copied_is_said),
        cmocka_unit_test(donors_of_any_kind_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
