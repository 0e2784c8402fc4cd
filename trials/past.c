/* past - see past.h. */
#include "trials/past.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "wire/words.h"

#include <stdlib.h>

enum { TURN_SEQ = 4 }; /* seq of a row is its number times four */

/* --- reading */

static void keep_page(struct past *past, const struct journal_entry *page, uint32_t count)
{
    uint32_t want = past->entries_count + count;
    past->entries = mem_grow(past->entries, want + 1, sizeof *past->entries);
    past->data = mem_grow(past->data, want + 1, sizeof *past->data);
    for (uint32_t i = 0; i < count; i++) {
        past->entries[past->entries_count] = page[i];
        past->data[past->entries_count++] = json_read(&past->arena, page[i].data, NULL, NULL);
    }
}

static int read_entries(struct past *past, struct journal *journal, struct err *err)
{
    struct journal_entry *page;
    uint32_t count = 1;
    for (uint64_t from = 0; count > 0;) {
        int rc = journal_entries(journal, past->session.number, JOURNAL_ALL_TURNS, from,
            &past->arena, &page, &count, err);
        if (rc < 0)
            return rc;
        keep_page(past, page, count);
        from = count ? page[count - 1].seq + 1 : from;
    }
    return 0;
}

/* Its texts are the journal's until it is asked again; the list of tools stays. */
static int read_session(
    struct past *past, struct journal *journal, uint64_t number, struct err *err)
{
    int rc = journal_read(journal, number, &past->arena, &past->session, err);
    if (rc < 0)
        return rc;
    struct str *tools = &past->session.tools;
    tools->at = arena_string(&past->arena, tools->at ? tools->at : "", tools->size);
    return 0;
}

/* The session that the turn is of, and the turn. */
static int find(struct journal *journal, uint64_t turn, uint64_t *ret_session,
    struct journal_turn *ret_turn, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    struct journal_turn *turns;
    uint32_t count = 1, turns_count;
    for (uint64_t after = 0; count > 0;) {
        arena_reset(&arena);
        int rc = journal_list(journal, after, &arena, &page, &count, err);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            after = page[i].number;
            if (!page[i].live)
                continue;
            rc = journal_turns(journal, after, &arena, &turns, &turns_count, err);
            for (uint32_t k = 0; rc == 0 && k < turns_count; k++)
                if (turns[k].number == turn) {
                    *ret_session = after;
                    *ret_turn = turns[k];
                    return 0;
                }
        }
        if (rc < 0)
            return rc;
    }
    err_set(err, ERR_MISSING, "no turn %llu", (unsigned long long)turn);
    return err_hint(err, "X-Moult-Turn of an answer and moult run --json give a turn's number");
}

/* --- effects */

static struct str text(struct past *past, const struct json *data, const char *key)
{
    return json_string(&past->arena, json_get(data, key));
}

/* What this program does not know, or is not said, is 0: none. */
static uint8_t word_of(int found)
{
    return found < 0 ? 0 : (uint8_t)found;
}

static void read_effect(struct past *past, uint32_t at, struct past_effect *ret)
{
    const struct json *data = past->data[at];
    ret->seq = past->entries[at].seq;
    ret->id.kind = word_of(NAME_FIND(words_effect, text(past, data, "effect")));
    ret->id.step = (uint32_t)json_int(json_get(data, "step"), 0);
    ret->id.index = (uint32_t)json_int(json_get(data, "index"), 0);
    ret->id.attempt = (uint32_t)json_int(json_get(data, "attempt"), 0);
    ret->asked = json_get(data, "asked");
    hash_unhex(&ret->generation, text(past, data, "generation"), NULL);
    if (json_get(data, "build"))
        hash_unhex(&ret->id.build, text(past, data, "build"), NULL);
}

static void read_result(struct past *past, uint32_t at, struct past_effect *ret)
{
    const struct json *data = past->data[at], *message = json_get(data, "message");
    struct wire_result *result = &ret->result;
    ret->answered = true;
    result->status = word_of(NAME_FIND(words_status, text(past, data, "status")));
    result->error_class = word_of(NAME_FIND(wire_error_words, text(past, data, "class")));
    result->retry_after_ms = (uint32_t)json_int(json_get(data, "retry_after_ms"), 0);
    result->elapsed_ms = (uint32_t)(past->entries[at].at_ms - past->began_ms);
    result->bytes = message ? message->raw : text(past, data, "text");
}

static struct past_effect *effect_of(struct past *past, uint64_t seq)
{
    for (uint32_t i = past->effects_count; i-- > 0;)
        if (past->effects[i].seq == seq)
            return &past->effects[i];
    return NULL;
}

static void read_turn(struct past *past)
{
    past->effects = arena_alloc(&past->arena, (past->entries_count + 1) * sizeof *past->effects);
    for (uint32_t i = 0; i < past->entries_count; i++) {
        const struct journal_entry *entry = &past->entries[i];
        if (entry->turn != past->turn)
            continue;
        struct past_effect *of = effect_of(past, entry->causation);
        if (str_equal(entry->kind, STR("effect")))
            read_effect(past, i, &past->effects[past->effects_count++]);
        else if (str_equal(entry->kind, STR("result")) && of)
            read_result(past, i, of);
        else if (str_equal(entry->kind, STR("end")))
            past->how = text(past, past->data[i], "how");
    }
}

int past_read_of(struct past *ret, struct journal *journal, uint64_t session,
    const struct journal_turn *turn, struct err *err)
{
    ret->turn = turn->number;
    ret->ordinal = turn->ordinal;
    ret->began_ms = turn->at_ms;
    int rc = read_session(ret, journal, session, err);
    if (rc == 0)
        rc = read_entries(ret, journal, err);
    if (rc == 0)
        read_turn(ret);
    return rc;
}

int past_read(struct past *ret, struct journal *journal, uint64_t turn, struct err *err)
{
    struct journal_turn found;
    uint64_t session = 0;
    int rc = find(journal, turn, &session, &found, err);
    return rc < 0 ? rc : past_read_of(ret, journal, session, &found, err);
}

void past_done(struct past *past)
{
    free(past->entries);
    free(past->data);
    arena_done(&past->arena);
}

struct str past_models(struct past *past)
{
    for (uint32_t i = 0; i < past->effects_count; i++) {
        const struct json *models = json_get(past->effects[i].asked, "models");
        if (models)
            return models->raw;
    }
    return (struct str){ 0 };
}

/* --- what a run began from */

static bool is_client(struct past *past, uint32_t at)
{
    return str_equal(text(past, past->data[at], "origin"), STR("client"));
}

/* Where the run begins that asked for effect `at` first: what the harness itself wrote behind that
 * (with its first effect) it did not begin from. Of a turn's first run that is the turn's row, of a
 * further one the first thing that its client brought. */
static uint64_t border(struct past *past, uint32_t at)
{
    if (at == 0)
        return past->turn * TURN_SEQ;
    for (uint32_t i = 0; i < past->entries_count; i++)
        if (past->entries[i].seq > past->effects[at - 1].seq &&
            str_equal(past->entries[i].kind, STR("message")) && is_client(past, i))
            return past->entries[i].seq;
    return past->effects[at].seq;
}

static void put_message(struct past *past, uint32_t at, struct wire_put *put)
{
    const struct json *data = past->data[at], *message = json_get(data, "message");
    uint32_t place = (uint32_t)json_int(json_get(data, "place"), 0);
    struct str role = json_string(&past->arena, json_get(message, "role"));
    if (!message || place >= past->entries_count || str_equal(role, STR("error")))
        return;
    put->messages[place] =
        (struct wire_message){ message->raw, json_bool(json_get(data, "failed"), false) };
    if (place >= put->messages_count)
        put->messages_count = place + 1;
}

/* A failed model request has a place among the rows, and none in the conversation. */
static void close_gaps(struct wire_put *put)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < put->messages_count; i++)
        if (put->messages[i].bytes.at)
            put->messages[kept++] = put->messages[i];
    put->messages_count = kept;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void put_state(struct past *past, uint32_t at, struct wire_open *open)
{
    const struct json *data = past->data[at];
    struct str plugin = text(past, data, "plugin"), hex = text(past, data, "bytes");
    uint32_t i = 0;
    while (i < open->states_count && !str_equal(open->states[i].plugin, plugin))
        i++;
    if (i == WIRE_PLUGINS_MAX)
        return;
    char *bytes = arena_alloc(&past->arena, hex.size / 2 + 1);
    for (size_t k = 0; k + 1 < hex.size; k += 2)
        bytes[k / 2] = (char)(digit(hex.at[k]) << 4 | digit(hex.at[k + 1]));
    open->states[i] = (struct wire_state){ plugin, (uint32_t)json_int(json_get(data, "schema"), 0),
        { bytes, hex.size / 2 } };
    open->states_count += i == open->states_count;
}

void past_begin(struct past *past, uint32_t at, bool resumed, struct wire_put *ret_put,
    struct wire_open *ret_open)
{
    uint64_t to = past->effects[at].seq, from = resumed ? to : border(past, at);
    ret_put->messages =
        arena_alloc(&past->arena, (past->entries_count + 1) * sizeof *ret_put->messages);
    ret_open->states = arena_alloc(&past->arena, WIRE_PLUGINS_MAX * sizeof *ret_open->states);
    for (uint32_t i = 0; i < past->entries_count && past->entries[i].seq < to; i++) {
        const struct str kind = past->entries[i].kind;
        bool before = past->entries[i].seq < from;
        if (str_equal(kind, STR("message")) ? before || is_client(past, i)
                                            : before && str_equal(kind, STR("replaced")))
            put_message(past, i, ret_put);
        else if (before && str_equal(kind, STR("state")))
            put_state(past, i, ret_open);
    }
    close_gaps(ret_put);
}
