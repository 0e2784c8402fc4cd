/* What the service writes is there again behind a restart, as it was, and stays as it is. */
#include "base/file.h"
#include "base/mem.h"
#include "broker/live.h"
#include "broker/schema.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define HOME_ID "0123456789abcdef0123456789abcdef"
#define USER "{\"role\":\"user\",\"content\":\"hello\"}"
#define SAID "{\"role\":\"assistant\",\"content\":\"Hi\"}"
#define MENDED "{\"role\":\"assistant\",\"content\":\"Hi there\"}"

static char base[] = "/tmp/moult-live-test.XXXXXX";
static char path[80];
static const struct digest generation = { { 7 } }, other_generation = { { 8 } }, build = { { 9 } };

static int begin(void **state)
{
    (void)state;
    return mkdtemp(base) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static struct store *open_store(void)
{
    struct store *store;
    struct err err;
    if (store_open(&store, path, HOME_ID, &err) < 0)
        fail_msg("%s", err.text);
    return store;
}

static struct store *fresh(void)
{
    static int count;
    snprintf(path, sizeof path, "%s/%d.db", base, count++);
    struct store *store = open_store();
    assert_int_equal(store_begin(store, NULL), 0);
    return store;
}

/* The process that wrote it has gone; the next one opens the file and writes on. */
static struct store *restarted(struct store *store)
{
    struct err err;
    if (store_writing(store) && store_commit(store, &err) < 0)
        fail_msg("%s", err.text);
    store_free(store);
    store = open_store();
    assert_int_equal(store_begin(store, NULL), 0);
    return store;
}

static int sql(const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

#define GOOD(call)                                                                                 \
    do {                                                                                           \
        struct err err = { 0 };                                                                    \
        if ((call) < 0)                                                                            \
            fail_msg("%s: %s", #call, err.text);                                                   \
    } while (0)

static uint64_t new_session(struct store *store, const char *principal, const char *name)
{
    const struct live_session session = { .gateway = true,
        .principal = str_of(principal),
        .name = str_of(name),
        .protocol = STR("messages"),
        .tools = STR("[]") };
    uint64_t number = 0;
    GOOD(live_session_new(store, &session, &number, &err));
    return number;
}

static uint64_t new_turn(struct store *store, uint64_t session, uint32_t ordinal)
{
    const struct live_turn turn = { session, ordinal, generation };
    uint64_t number = 0;
    GOOD(live_turn_new(store, &turn, &number, &err));
    return number;
}

static struct live_message message(uint64_t session, uint64_t turn, uint32_t seq, const char *bytes)
{
    return (struct live_message){
        .session = session, .turn = turn, .seq = seq, .bytes = str_of(bytes)
    };
}

static struct live_effect effect(uint64_t turn, uint8_t kind, uint32_t step, uint32_t index)
{
    return (struct live_effect){ .turn = turn,
        .lease = 3,
        .number = 1,
        .kind = kind,
        .origin = WIRE_FROM_EFFECT,
        .generation = generation,
        .step = step,
        .index = index,
        .body = STR("{\"model\":\"main\"}") };
}

static uint64_t new_effect(struct store *store, const struct live_effect *what)
{
    uint64_t row = 0;
    GOOD(live_effect_new(store, what, &row, &err));
    return row;
}

/* --- sessions */

static void a_session_is_found_by_its_name_and_principal(void **state)
{
    (void)state;
    struct store *store = fresh();
    uint64_t a = new_session(store, "ann", "work"), b = new_session(store, "bob", "work"), found;
    new_session(store, "ann", "");
    new_session(store, "ann", ""); /* without a name there may be many */
    store = restarted(store);
    assert_int_equal(live_session_named(store, STR("ann"), STR("work"), &found, NULL), 1);
    assert_int_equal(found, a);
    assert_int_equal(live_session_named(store, STR("bob"), STR("work"), &found, NULL), 1);
    assert_int_equal(found, b);
    assert_int_equal(live_session_named(store, STR("eve"), STR("work"), &found, NULL), 0);
    assert_int_equal(live_session_named(store, STR("ann"), STR(""), &found, NULL), 0);
    const struct live_session again = { .principal = STR("ann"), .name = STR("work") };
    assert_int_equal(live_session_new(store, &again, &found, NULL), -ERR_DENIED);
    store_free(store);
}

static void load(
    struct store *store, uint64_t session, struct arena *arena, struct live_loaded *ret)
{
    struct err err;
    if (live_load(store, session, arena, ret, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_session_goes_on_with_what_the_harness_made_of_it(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct live_loaded loaded;
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", "work");
    struct live_message old = message(session, 0, 0, "{\"role\":\"system\",\"content\":\"x\"}");
    old.standing = JOURNAL_CLAIM;
    GOOD(live_message_add(store, &old, &err));
    uint64_t turn = new_turn(store, session, 0);
    struct live_message user = message(session, turn, 1, USER);
    GOOD(live_message_add(store, &user, &err));
    user.bytes = STR("{\"role\":\"user\",\"content\":\"once\"}");
    user.origin = WIRE_FROM_BUILD;
    user.build = build;
    GOOD(live_message_replace(store, &user, &err));
    store = restarted(store);
    user.bytes = STR("{\"role\":\"user\",\"content\":\"twice\"}");
    GOOD(live_message_replace(store, &user, &err));
    store = restarted(store);
    load(store, session, &arena, &loaded);
    assert_int_equal(loaded.messages_count, 2);
    assert_int_equal(loaded.messages[0].standing, JOURNAL_CLAIM);
    assert_int_equal(loaded.messages[0].turn, 0);
    assert_true(str_equal(loaded.messages[1].bytes, user.bytes));
    assert_true(hash_equal(&loaded.messages[1].build, &build));
    assert_int_equal(loaded.messages[1].turn, turn);
    assert_int_equal(loaded.turn, turn);
    assert_int_equal(loaded.turn_messages, 1);
    assert_true(loaded.turn_open);
    assert_true(str_equal(loaded.session.name, STR("work")));
    assert_true(str_equal(loaded.session.protocol, STR("messages")));
    assert_true(str_equal(loaded.session.tools, STR("[]")));
    assert_int_equal(loaded.session.group.size, 64); /* with itself alone */
    struct err err;
    assert_int_equal(live_load(store, session + 1, &arena, &loaded, &err), -ERR_MISSING);
    store_free(store);
}

static void is_in_group(
    struct store *store, const char *principal, const char *name, const char *as)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct live_session session = { .principal = str_of(principal), .group = str_of(name) };
    struct live_loaded loaded;
    uint64_t number;
    GOOD(live_session_new(store, &session, &number, &err));
    load(store, number, &arena, &loaded);
    if (!str_equal(loaded.session.group, str_of(as)))
        fail_msg("%s, %s: %.*s", principal, name, (int)loaded.session.group.size,
            loaded.session.group.at);
}

/* Groups are what evidence is counted by: nobody can speak for another's, or for imported ones. */
static void a_group_is_of_who_names_it(void **state)
{
    (void)state;
    struct store *store = fresh();
    is_in_group(store, "local", "customer 1", "customer 1");
    is_in_group(store, "ann", "customer 1", "ann/customer 1");
    is_in_group(store, "bob", "customer 1", "bob/customer 1");
    is_in_group(store, "bob", "ann/customer 1", "bob/ann/customer 1");
    store_free(store);
}

/* What a proposer, a miner and a replay read: see docs/reference/trace.md. */
static void readers_get_the_model_s_reply_beside_the_harness_s(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", "work"), turn = new_turn(store, session, 0);
    struct live_message user = message(session, turn, 0, USER);
    GOOD(live_message_add(store, &user, &err));
    user.bytes = STR("{\"role\":\"user\",\"content\":\"changed\"}");
    user.origin = WIRE_FROM_BUILD;
    GOOD(live_message_replace(store, &user, &err));
    struct live_effect model = effect(turn, WIRE_MODEL, 0, 0);
    const struct live_result said = { .bytes = STR(SAID), .raw = STR("{\"choices\":[]}") };
    uint64_t row = new_effect(store, &model);
    GOOD(live_result_add(store, row, &said, &err));
    struct live_message mended = message(session, turn, 1, MENDED);
    mended.origin = WIRE_FROM_BUILD;
    mended.effect = row;
    mended.build = build;
    GOOD(live_message_add(store, &mended, &err));
    model.step = 1;
    row = new_effect(store, &model);
    GOOD(live_result_add(store, row, &said, &err));
    struct live_message plain = message(session, turn, 2, SAID);
    plain.origin = WIRE_FROM_EFFECT;
    plain.effect = row;
    GOOD(live_message_add(store, &plain, &err));
    store = restarted(store);
    GOOD(store_read(store, JOURNAL_VIEW, session, &out, &err));
    struct unpack in = unpack_begin(buf_view(&out));
    struct journal_session read;
    assert_true(journal_unpack_session(&in, &arena, &read) && unpack_end(&in));
    assert_true(read.live && read.gateway && read.offered);
    assert_true(str_equal(read.name, STR("work")));
    assert_int_equal(read.turns, 1);
    assert_int_equal(read.messages_count, 3);
    assert_true(str_equal(read.messages[0].bytes, STR(USER))); /* as it came */
    assert_true(str_equal(read.messages[1].bytes, STR(MENDED)));
    assert_true(str_equal(read.messages[1].own, STR(SAID)));
    assert_int_equal(read.messages[1].origin, WIRE_FROM_BUILD);
    assert_true(str_equal(read.messages[2].bytes, STR(SAID)));
    assert_int_equal(read.messages[2].own.size, 0);
    store_free(store);
}

/* --- turns and effects */

static void an_effect_is_found_by_its_identity(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", ""), turn = new_turn(store, session, 0);
    struct live_effect tool = effect(turn, WIRE_TOOL, 2, 1), found;
    struct live_result result = { .status = WIRE_FAILED,
        .error_class = 4,
        .retry_after_ms = 1500,
        .bytes = STR("no such file"),
        .raw = STR("raw\0bytes") };
    uint64_t row = new_effect(store, &tool);
    store = restarted(store);
    assert_int_equal(live_effect_find(store, &tool, &arena, &found, &result, NULL), 1);
    assert_int_equal(found.row, row);
    assert_int_equal(result.status, LIVE_NO_RESULT);
    result = (struct live_result){ WIRE_FAILED, 4, 1500, STR("no such file"), STR("raw\0bytes") };
    GOOD(live_result_add(store, row, &result, &err));
    assert_int_equal(live_result_add(store, row, &result, NULL), -ERR_DENIED); /* once */
    store = restarted(store);
    struct live_result read;
    assert_int_equal(live_effect_find(store, &tool, &arena, &found, &read, NULL), 1);
    assert_int_equal(read.status, WIRE_FAILED);
    assert_int_equal(read.error_class, 4);
    assert_int_equal(read.retry_after_ms, 1500);
    assert_true(str_equal(read.bytes, result.bytes) && str_equal(read.raw, result.raw));
    assert_true(str_equal(found.body, tool.body) && found.lease == 3 && found.number == 1);
    assert_true(hash_equal(&found.generation, &generation));
    struct live_effect others[] = { tool, tool, tool, tool, tool, tool, tool, tool };
    others[0].turn++;
    others[1].step++;
    others[2].origin++;
    others[3].hook++;
    others[4].build = build;
    others[5].index++;
    others[6].kind = WIRE_MODEL;
    others[7].attempt++;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (live_effect_find(store, &others[i], &arena, &found, &read, NULL) != 0)
            fail_msg("identity %zu is another one", i);
    store_free(store);
}

/* Until a person's yes is written it has not begun, and a crash leaves nothing unknown. */
static void a_call_waits_until_somebody_said_yes(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", "desk"), turn = new_turn(store, session, 0);
    struct live_effect tool = effect(turn, WIRE_TOOL, 0, 0), found;
    struct live_result result;
    struct live_call call;
    tool.body = STR("{\"call\":\"c1\",\"tool\":\"shell\",\"arguments\":\"{}\",\"asks\":true}");
    uint64_t row = new_effect(store, &tool), next = new_turn(store, session, 1);
    const struct live_call_place place = { session, next, 0, STR("c1") };
    assert_int_equal(live_effect_find(store, &tool, &arena, &found, &result, NULL), 1);
    assert_true(found.waits);
    assert_int_equal(live_call_last(store, &place, &arena, &call, NULL), 1);
    assert_true(call.waits);
    GOOD(live_delivered(store, row, &err));
    store = restarted(store);
    assert_int_equal(live_effect_find(store, &tool, &arena, &found, &result, NULL), 1);
    assert_true(!found.waits && result.status == LIVE_NO_RESULT);
    assert_int_equal(live_call_last(store, &place, &arena, &call, NULL), 1);
    assert_false(call.waits);
    store_free(store);
}

/* Whatever the engine does: the file takes no second row of a tool call's identity. */
static void a_tool_call_is_written_once(void **state)
{
    (void)state;
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", ""), turn = new_turn(store, session, 0), row;
    struct live_effect what = effect(turn, WIRE_TOOL, 0, 0);
    new_effect(store, &what);
    what.lease = 9;
    what.body = STR("{\"other\":1}");
    assert_int_equal(live_effect_new(store, &what, &row, NULL), -ERR_DENIED);
    what.attempt = 1;
    new_effect(store, &what);
    what = effect(turn, WIRE_MODEL, 0, 0); /* a client may ask the model again */
    new_effect(store, &what);
    new_effect(store, &what);
    store_free(store);
}

static void turns_without_an_end_are_found(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct live_open *open;
    struct live_loaded loaded;
    uint32_t count;
    struct store *store = fresh();
    uint64_t a = new_session(store, "ann", ""), b = new_session(store, "bob", ""), no;
    uint64_t first = new_turn(store, a, 0), second = new_turn(store, b, 0);
    GOOD(live_turn_end(store, first, WIRE_ENDED_ANSWERED, STR(""), &err));
    uint64_t third = new_turn(store, a, 1);
    struct err why = { 0 };
    assert_int_equal(
        live_turn_end(store, first, WIRE_ENDED_FAILED, STR("again"), &why), -ERR_DENIED);
    const struct live_turn again = { a, 1, generation };
    assert_int_equal(live_turn_new(store, &again, &no, NULL), -ERR_DENIED);
    store = restarted(store);
    GOOD(live_open_turns(store, &arena, &open, &count, &err));
    assert_int_equal(count, 2);
    assert_true(open[0].turn == second && open[0].session == b && open[0].gateway);
    assert_true(open[1].turn == third);
    GOOD(live_turn_end(store, third, WIRE_ENDED_LIMIT, STR("enough"), &err));
    load(store, a, &arena, &loaded);
    assert_true(!loaded.turn_open && loaded.turn == third && loaded.turn_ordinal == 1);
    assert_true(new_turn(store, b, 1) > third); /* numbers grow on behind a restart */
    store_free(store);
}

/* --- states, heads */

static void put_state(struct store *store, uint64_t session, const char *plugin, const char *bytes,
    const struct digest *by)
{
    const struct wire_state state = { str_of(plugin), 1, str_of(bytes) };
    GOOD(live_state(store, session, 1, &state, by, &err));
}

static const char *state_of(const struct live_loaded *loaded, const char *plugin)
{
    for (uint32_t i = 0; i < loaded->states_count; i++)
        if (str_equal(loaded->states[i].plugin, str_of(plugin)))
            return loaded->states[i].bytes.at; /* ends with a NUL */
    return NULL;
}

static void a_quarantined_generation_s_states_are_not_gone_on_with(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct live_loaded loaded;
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", ""), another = new_session(store, "ann", "");
    put_state(store, session, "guard", "one", &generation);
    put_state(store, session, "guard", "two", &generation);
    put_state(store, session, "guard", "bad", &other_generation);
    put_state(store, session, "new", "bad", &other_generation);
    put_state(store, another, "guard", "of another", &generation);
    store = restarted(store);
    load(store, session, &arena, &loaded);
    assert_string_equal(state_of(&loaded, "guard"), "bad");
    assert_int_equal(live_quarantined(store, &other_generation, NULL), 0);
    GOOD(live_quarantine(store, &other_generation, STR("it \"crashed\""), &err));
    GOOD(live_quarantine(store, &other_generation, STR("again"), &err));
    store = restarted(store);
    assert_int_equal(live_quarantined(store, &other_generation, NULL), 1);
    assert_int_equal(live_quarantined(store, &generation, NULL), 0);
    load(store, session, &arena, &loaded);
    assert_int_equal(loaded.states_count, 1);
    assert_string_equal(state_of(&loaded, "guard"), "two");
    CLEANUP(buf_done) struct buf chain = { 0 };
    GOOD(store_audit(store, 0, &chain, &err));
    assert_true(str_find(buf_view(&chain), STR("it \\\"crashed\\\"")) > 0);
    assert_true(str_find(buf_view(&chain), STR("again")) < 0);
    store_free(store);
}

static void the_latest_head_wins(void **state)
{
    (void)state;
    struct store *store = fresh();
    struct live_head head = { STR("ann"), { { 1 } }, 5, 3, 2 }, found;
    GOOD(live_head_put(store, &head, &err));
    head.session = 6;
    head.messages = 8;
    GOOD(live_head_put(store, &head, &err));
    store = restarted(store);
    assert_int_equal(live_head_find(store, STR("ann"), &head.key, &found, NULL), 1);
    assert_true(found.session == 6 && found.messages == 8 && found.client_messages == 2);
    assert_int_equal(live_head_find(store, STR("bob"), &head.key, &found, NULL), 0);
    head.key.at[0] = 2;
    assert_int_equal(live_head_find(store, STR("ann"), &head.key, &found, NULL), 0);
    store_free(store);
}

/* The clock of the machine began anew: then the wall's is believed, and the other way round. */
static void what_a_turn_used_is_read_from_its_hand(void **state)
{
    (void)state;
    static const struct live_used used = { 3, 250, 17, 90000 };
    struct live_used found = { 0 };
    CLEANUP(buf_done) struct buf body = { 0 };
    struct store *store = fresh();
    uint64_t turn = new_turn(store, new_session(store, "ann", ""), 0);
    struct live_effect hand = effect(turn, WIRE_HAND, 0, 0);
    buf_text(&body, "{\"used\":");
    live_used_print(&used, &body);
    buf_char(&body, '}');
    hand.body = buf_view(&body);
    uint64_t row = new_effect(store, &hand);
    hand.index = 1;
    hand.body = STR("{\"used\":{\"tokens\":9,\"ms\":5,\"clock_ms\":-99999999}}");
    uint64_t older = new_effect(store, &hand);
    hand.index = 2;
    hand.body = STR("{\"same\":true}");
    uint64_t none = new_effect(store, &hand);
    assert_int_equal(live_used_find(store, row, &found, NULL), 1);
    assert_true(found.steps == 3 && found.tokens == 250 && found.usd == 17);
    assert_in_range(found.ms, 90000, 90000 + 3600000);
    assert_int_equal(live_used_find(store, older, &found, NULL), 1);
    assert_in_range(found.ms, 5, 3600000);
    assert_int_equal(live_used_find(store, none, &found, NULL), 1);
    assert_true(found.tokens == 0);
    assert_int_equal(live_used_find(store, none + 1000, &found, NULL), 0);
    store_free(store);
}

/* --- an answer that was lost */

static uint64_t answered(struct store *store, uint64_t turn, uint32_t step)
{
    const struct live_effect model = effect(turn, WIRE_MODEL, step, 0);
    const struct live_result said = { .bytes = STR(SAID), .raw = STR("the provider's bytes") };
    struct live_effect hand = effect(turn, WIRE_HAND, step, 0);
    uint64_t row = new_effect(store, &model);
    char body[80];
    GOOD(live_result_add(store, row, &said, &err));
    snprintf(body, sizeof body, "{\"same\":true,\"reply\":%u,\"message\":%s}", model.number, SAID);
    hand.body = str_of(body);
    return new_effect(store, &hand);
}

static int known(struct store *store, const struct digest *request, struct live_answer *ret)
{
    static struct arena arena;
    arena_reset(&arena);
    return live_answer_find(store, request, 60000, &arena, ret, NULL);
}

static void an_answer_is_given_again_only_while_it_is_lost(void **state)
{
    (void)state;
    static const struct digest request = { { 7 } }, another = { { 8 } };
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", ""), turn = new_turn(store, session, 0);
    struct live_head head = { .principal = STR("ann"),
        .key = { { 1 } },
        .session = session,
        .request = request,
        .hand = answered(store, turn, 0) };
    struct live_answer found;
    GOOD(live_head_put(store, &head, &err));
    store = restarted(store);
    assert_int_equal(known(store, &request, &found), 1);
    assert_true(found.hand == head.hand && found.turn == turn);
    assert_true(str_equal(found.reply, STR("the provider's bytes")));
    assert_int_equal(known(store, &another, &found), 0);
    assert_int_equal(live_answer_find(store, &request, 0, NULL, &found, NULL), 0); /* too old */

    /* The turn went on: its client had it. */
    head.hand = answered(store, turn, 1);
    assert_int_equal(known(store, &request, &found), 0);
    GOOD(live_head_put(store, &head, &err));
    assert_int_equal(known(store, &request, &found), 1);
    assert_true(found.hand == head.hand);

    GOOD(live_delivered(store, head.hand, &err));
    assert_int_equal(known(store, &request, &found), 0);

    /* The session went on. */
    head.hand = answered(store, turn, 2);
    GOOD(live_head_put(store, &head, &err));
    assert_int_equal(known(store, &request, &found), 1);
    new_turn(store, session, 1);
    assert_int_equal(known(store, &request, &found), 0);
    store_free(store);
}

static void a_call_is_known_until_a_message_has_it(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", "work"), turn = new_turn(store, session, 0);
    struct live_effect tool = effect(turn, WIRE_TOOL, 0, 1);
    tool.body = STR("{\"call\":\"c1\",\"tool\":\"shell\",\"arguments\":\"{}\"}");
    uint64_t row = new_effect(store, &tool), next = new_turn(store, session, 1);
    const struct live_call_place place = { session, next, 1, STR("c1") },
                                 other = { session, next, 1, STR("c2") },
                                 later = { session, next + 1, 1, STR("c1") };
    struct live_call found;
    assert_int_equal(live_call_last(store, &place, &arena, &found, NULL), 1);
    assert_true(found.effect == row && found.result.status == LIVE_NO_RESULT && !found.waits);
    assert_int_equal(live_call_last(store, &other, &arena, &found, NULL), 0);
    assert_int_equal(live_call_last(store, &later, &arena, &found, NULL), 0); /* of another turn */
    const struct live_result said = { .bytes = STR("done") };
    GOOD(live_result_add(store, row, &said, &err));
    assert_int_equal(live_call_last(store, &place, &arena, &found, NULL), 1);
    assert_true(str_equal(found.result.bytes, STR("done")));
    struct live_message result = message(session, turn, 0, SAID);
    result.effect = row;
    GOOD(live_message_add(store, &result, &err));
    assert_int_equal(live_call_last(store, &place, &arena, &found, NULL), 0);
    store_free(store);
}

/* --- the file */

static void what_was_written_stays(void **state)
{
    (void)state;
    static const char *const tables[] = { "live", "turn", "turn_end", "message", "replaced",
        "effect", "result", "delivered", "event", "state", "head", "quarantine", "reserved" };
    static const char *const changes[] = { "name = 'x'", "ordinal = 9", "how = 9", "seq = 9",
        "origin = 9", "body = 'x'", "status = 9", "at_ms = 9", "why = 'x'", "schema = 9",
        "session = 9", "why = 'y'", "number = 9" };
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", "work"), turn = new_turn(store, session, 0);
    struct live_message user = message(session, turn, 0, USER);
    const struct live_effect model = effect(turn, WIRE_MODEL, 0, 0);
    const struct live_result said = { .bytes = STR(SAID) };
    const struct wire_event event = { .hook = 1, .build = build, .why = STR("because") };
    const struct live_head head = { STR("ann"), { { 1 } }, 5, 3, 2 };
    GOOD(live_message_add(store, &user, &err));
    GOOD(live_message_replace(store, &user, &err));
    uint64_t row = new_effect(store, &model);
    GOOD(live_result_add(store, row, &said, &err));
    GOOD(live_delivered(store, row, &err));
    GOOD(live_delivered(store, row, &err)); /* a second time is nothing */
    GOOD(live_event(store, turn, &generation, &event, &err));
    put_state(store, session, "guard", "one", &generation);
    GOOD(live_turn_end(store, turn, WIRE_ENDED_ANSWERED, STR(""), &err));
    GOOD(live_head_put(store, &head, &err));
    GOOD(live_quarantine(store, &other_generation, STR("x"), &err));
    store = restarted(store);
    store_rollback(store);
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        CLEANUP(mem_freep) char *gone = mem_format("DELETE FROM %s", tables[i]);
        assert_int_equal(sql(gone), SQLITE_CONSTRAINT);
        CLEANUP(mem_freep)
        char *changed = mem_format("UPDATE %s SET %s", tables[i], changes[i]);
        assert_int_equal(sql(changed), SQLITE_CONSTRAINT);
    }
    store_free(store);
}

/* Small bytes stand in their row, large ones once for all; readers see no difference. */
static void bytes_of_any_size_come_back(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct live_loaded loaded;
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", ""), turn = new_turn(store, session, 0);
    const size_t sizes[] = { 0, 1, 511, 512, 513, 5000, 513 };
    CLEANUP(mem_freep) char *text = mem_zero(5000, 1);
    memset(text, 'x', 5000);
    for (uint32_t i = 0; i < COUNT_OF(sizes); i++) {
        const struct live_result result = { .bytes = { text, sizes[i] } };
        struct live_effect tool = effect(turn, WIRE_TOOL, i, 0), found;
        struct live_message said = message(session, turn, i, "");
        struct live_result read;
        said.bytes = result.bytes;
        GOOD(live_message_add(store, &said, &err));
        GOOD(live_result_add(store, new_effect(store, &tool), &result, &err));
        assert_int_equal(live_effect_find(store, &tool, &arena, &found, &read, NULL), 1);
        assert_true(str_equal(read.bytes, result.bytes));
    }
    store = restarted(store);
    load(store, session, &arena, &loaded);
    assert_int_equal(loaded.messages_count, COUNT_OF(sizes));
    for (uint32_t i = 0; i < COUNT_OF(sizes); i++)
        assert_int_equal(loaded.messages[i].bytes.size, sizes[i]);
    store_free(store);
}

/* What a broker took back with its transaction it takes again; what it wrote nobody takes. */
static void numbers_are_never_taken_twice(void **state)
{
    (void)state;
    struct store *store = fresh();
    uint64_t session = new_session(store, "ann", ""), turn = new_turn(store, session, 0);
    store = restarted(store);
    store_rollback(store);
    assert_int_equal(store_begin(store, NULL), 0);
    uint64_t second = new_turn(store, session, 1);
    assert_true(second > turn);
    store = restarted(store);
    struct live_effect model = effect(second, WIRE_MODEL, 0, 0);
    assert_true(new_effect(store, &model) > second);
    store_free(store);
}

/* --- a file of the version before */

#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"
#define GENERATION "x'07" ZEROS "'"
#define BUILD "x'09" ZEROS "'"
static const char rows_of_3[] =
    "INSERT INTO home VALUES(1, '" HOME_ID "');"
    "INSERT INTO blob VALUES(1, x'01', CAST('" USER "' AS BLOB));"
    "INSERT INTO blob VALUES(2, x'02', CAST('" SAID "' AS BLOB));"
    "INSERT INTO blob VALUES(3, x'03', CAST('" MENDED "' AS BLOB));"
    "INSERT INTO session VALUES(4, " GENERATION ", 1, 'ann', 'moult', 'chat', 'live', 'g', NULL,"
    "  0, '{}', 0, 1);"
    "INSERT INTO live VALUES(4, 'ann', 'work', 'chat');"
    "INSERT INTO turn VALUES(1, 4, 0, " GENERATION ", 0, 1);"
    "INSERT INTO message VALUES(4, 0, 0, 'claim', 0, 1), (4, 1, 0, 'fact', 0, 2);"
    "INSERT INTO settled VALUES(2, 4, 0, 1, 0, NULL, NULL, NULL, 1);"
    "INSERT INTO effect VALUES(3, 1, 5, 1, 1, 1, 0, x'', " GENERATION ", 0, 0, 0, '{}', 1);"
    "INSERT INTO result VALUES(3, 0, 0, 0, 2, NULL, 1);"
    "INSERT INTO settled VALUES(5, 4, 1, 1, 1, 3, NULL, NULL, 1);"
    "INSERT INTO settled VALUES(6, 4, 0, 1, 2, NULL, " BUILD ", 3, 1);"
    "INSERT INTO state VALUES(7, 4, 1, 'guard', 1, x'6f6e65', " GENERATION ", 1);"
    "INSERT INTO event VALUES(8, 1, 0, 2, 0, " BUILD ", " GENERATION ", '', 1);"
    "INSERT INTO turn_end VALUES(9, 1, 1, '', 1);";

static void the_version_before_loses_nothing(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 }, entries = { 0 };
    struct live_loaded loaded;
    store_free(fresh()); /* a path of its own */
    assert_int_equal(unlink(path), 0);
    schema_print(&text, 0, 3);
    buf_text(&text, rows_of_3);
    assert_int_equal(sql(text.at), SQLITE_OK);
    struct store *store = open_store();
    load(store, 4, &arena, &loaded);
    assert_int_equal(loaded.messages_count, 2);
    assert_true(str_equal(loaded.messages[0].bytes, STR(MENDED)));
    assert_true(hash_equal(&loaded.messages[0].build, &build));
    assert_true(str_equal(loaded.messages[1].bytes, STR(SAID)));
    assert_int_equal(loaded.messages[1].effect, 3);
    assert_string_equal(state_of(&loaded, "guard"), "one");
    assert_true(loaded.turn == 1 && !loaded.turn_open);
    GOOD(store_entries(store, JOURNAL_VIEW, 4, 0, 0, &entries, &err));
    enum { ENTRIES = 9 }; /* turn, 2 messages, what one became, effect, result, hook, state, end */
    struct unpack in = unpack_begin(buf_view(&entries));
    assert_int_equal(unpack_u32(&in), ENTRIES);
    assert_int_equal(store_begin(store, NULL), 0);
    assert_true(new_turn(store, 4, 1) > 9);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_found_by_its_name_and_principal),
        cmocka_unit_test(a_session_goes_on_with_what_the_harness_made_of_it),
        cmocka_unit_test(a_group_is_of_who_names_it),
        cmocka_unit_test(readers_get_the_model_s_reply_beside_the_harness_s),
        cmocka_unit_test(an_effect_is_found_by_its_identity),
        cmocka_unit_test(a_call_waits_until_somebody_said_yes),
        cmocka_unit_test(a_tool_call_is_written_once),
        cmocka_unit_test(turns_without_an_end_are_found),
        cmocka_unit_test(a_quarantined_generation_s_states_are_not_gone_on_with),
        cmocka_unit_test(the_latest_head_wins),
        cmocka_unit_test(what_a_turn_used_is_read_from_its_hand),
        cmocka_unit_test(an_answer_is_given_again_only_while_it_is_lost),
        cmocka_unit_test(a_call_is_known_until_a_message_has_it),
        cmocka_unit_test(what_was_written_stays),
        cmocka_unit_test(bytes_of_any_size_come_back),
        cmocka_unit_test(numbers_are_never_taken_twice),
        cmocka_unit_test(the_version_before_loses_nothing),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
