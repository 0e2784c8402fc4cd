/* cmd_trace - moult trace: what happened in a session, entry by entry. The broker orders and prints
 * them (broker/store_trace.c); here they are laid out for a person, or exported as JSON lines. */
#include "trials/cmd.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "trials/export.h"
#include "trials/redact_session.h"
#include "trials/split.h"
#include "wire/journal.h"

#include <stdio.h>
#include <string.h>

enum { SHORT_DIGEST = 12, VALUE_SHOWN = 100, LINE_SHOWN = 400 };

struct showing {
    struct journal *journal;
    const struct home *home;
    struct journal_session session; /* its texts are gone; numbers and id stay */
    bool json, export;
    const struct export_format *format; /* NULL: entries */
    int64_t turn;
    uint32_t shown_turn; /* the one whose head was printed, + 1 */
    uint64_t count;
    char hex[DIGEST_HEX];
};

/* --- as JSON */

static void print_number(struct buf *out, const char *name, bool none, uint64_t value)
{
    if (none)
        buf_format(out, ",\"%s\":null", name);
    else
        buf_format(out, ",\"%s\":%llu", name, (unsigned long long)value);
}

static void print_entry(const struct showing *showing, const struct journal_entry *entry)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    char at[40];
    bool imported = !showing->session.live;
    buf_format(
        &out, "{\"seq\":%llu,\"session\":\"%s\"", (unsigned long long)entry->seq, showing->hex);
    print_number(&out, "turn", entry->turn == 0 && !imported, entry->ordinal);
    buf_format(&out, ",\"at\":\"%s\",\"kind\":", clock_rfc3339(at, sizeof at, entry->at_ms));
    json_quote(&out, entry->kind);
    buf_format(&out, ",\"standing\":\"%s\"", journal_standing_words[entry->standing]);
    print_number(&out, "causation", entry->causation == 0, entry->causation);
    buf_text(&out, ",\"data\":");
    buf_str(&out, entry->data);
    buf_char(&out, '}');
    if (showing->json && showing->count > 0)
        putchar(',');
    fwrite(out.at, 1, out.size, stdout);
    if (!showing->json)
        putchar('\n');
}

/* --- for a person */

/* A member's value on little room: digests by their first digits, texts without quotes, a message
 * as its role and what it says or asks for. */
static void put_value(
    struct buf *line, struct arena *arena, struct str key, const struct json *value)
{
    char shown[VALUE_SHOWN + 1];
    struct str text = json_is(value, JSON_STRING) ? json_string(arena, value) : value->raw;
    if (str_equal(key, STR("generation")) || str_equal(key, STR("build")))
        text.size = text.size < SHORT_DIGEST ? text.size : SHORT_DIGEST;
    buf_text(line, str_printable(shown, sizeof shown, text, false));
    if (strlen(shown) == VALUE_SHOWN)
        buf_text(line, "...");
}

static void print_line(const struct journal_entry *entry)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf line = { .max = LINE_SHOWN };
    char at[40];
    const struct json *data = json_read(&arena, entry->data, NULL, NULL);
    clock_rfc3339(at, sizeof at, entry->at_ms);
    printf("  %.12s  %-9.*s ", at + 11, (int)entry->kind.size, entry->kind.at);
    JSON_EACH(member, data)
    {
        struct str key = json_key(&arena, member);
        if (str_equal(key, STR("attempt")) && json_int(member, 0) == 0)
            continue;
        buf_char(&line, ' ');
        buf_str(&line, key);
        buf_char(&line, '=');
        put_value(&line, &arena, key, member);
    }
    printf("%s\n", line.at ? line.at : "");
}

static void print_head(struct showing *showing, const struct journal_entry *entry)
{
    bool belongs = entry->turn > 0 || !showing->session.live;
    if (!belongs || showing->shown_turn == entry->ordinal + 1)
        return;
    showing->shown_turn = entry->ordinal + 1;
    printf("turn %u\n", entry->ordinal);
}

static void print_session(const struct showing *showing)
{
    const struct journal_session *session = &showing->session;
    char who[60], name[60], at[40];
    printf("session %s\n", showing->hex);
    printf("%s, principal %s, ",
        !session->live     ? "imported"
        : session->gateway ? "gateway"
                           : "hosted",
        str_printable(who, sizeof who, session->principal, false));
    if (session->name.size)
        printf("called %s, ", str_printable(name, sizeof name, session->name, false));
    printf("since %s\n", clock_rfc3339(at, sizeof at, session->at_ms));
}

/* --- all of it */

/* Not before there is something to show: what fails has one answer. */
static void begin(const struct showing *showing)
{
    if (showing->json)
        printf("{\"session\":\"%s\",\"live\":%s,\"turns\":%u,\"messages\":%u,\"entries\":[",
            showing->hex, showing->session.live ? "true" : "false", showing->session.turns,
            showing->session.messages_count);
    else if (!showing->export)
        print_session(showing);
}

static void print(struct showing *showing, const struct journal_entry *entry)
{
    if (showing->count == 0)
        begin(showing);
    if (showing->json || showing->export) {
        print_entry(showing, entry);
    } else {
        print_head(showing, entry);
        print_line(entry);
    }
    showing->count++;
}

static int print_entries(struct showing *showing, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_entry *page;
    uint32_t count = 1;
    for (uint64_t from = 0; count > 0; arena_reset(&arena)) {
        int rc = journal_entries(showing->journal, showing->session.number, showing->turn, from,
            &arena, &page, &count, err);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; i < count; i++)
            print(showing, &page[i]);
        from = count ? page[count - 1].seq + 1 : from;
    }
    if (showing->count == 0 && showing->turn >= 0)
        return err_set(err, ERR_MISSING, "that session has no turn %lld", (long long)showing->turn);
    if (showing->count == 0)
        begin(showing);
    if (showing->json)
        printf("]}\n");
    return 0;
}

/* What a list gives is good until the next request: the words that are printed stay. */
static void keep(struct journal_session *session, struct arena *arena)
{
    struct str *const words[] = { &session->principal, &session->format, &session->source,
        &session->origin, &session->group, &session->name, &session->tools, &session->meta };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        words[i]->at = arena_copy(arena, words[i]->at, words[i]->size);
}

/* The session whole, in a form that other programs read. */
static int print_session_as(struct showing *showing, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct journal_session session;
    int rc = journal_read(showing->journal, showing->session.number, &arena, &session, err);
    if (rc >= 0)
        rc = redact_session(&session, showing->home, &arena, err);
    if (rc >= 0)
        rc = showing->format->print(&out, &session, &arena, err);
    if (rc < 0)
        return rc;
    fwrite(out.at, 1, out.size, stdout);
    putchar('\n');
    return 0;
}

static int show(struct showing *showing, const char *id, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *session = &showing->session;
    uint64_t number;
    uint32_t count;
    struct journal_session *page;
    int rc = journal_lookup(showing->journal, str_of(id), &number, err);
    if (rc == 0)
        rc = journal_list(showing->journal, number - 1, &arena, &page, &count, err);
    if (rc < 0)
        return rc;
    if (count == 0 || page[0].number != number)
        return err_set(err, ERR_MISSING, "no session %.80s", id);
    *session = page[0];
    keep(session, &arena);
    hash_hex(showing->hex, &session->id);
    if (!session->shard && !session->aside && session->split == SPLIT_HELD_OUT)
        fprintf(stderr,
            "moult: its group was held out; what people have seen is held-in from now on\n");
    return showing->format ? print_session_as(showing, err) : print_entries(showing, err);
}

static int refuse_format(const char *word, struct err *err)
{
    CLEANUP(buf_done) struct buf known = { 0 };
    for (const struct export_format *format = export_formats; format->name; format++)
        buf_format(&known, "%s%s", known.size ? ", " : "", format->name);
    err_set(err, ERR_USAGE, "no format %.40s: %s are known", word, known.at);
    return err_hint(err, "usage: moult %s", verb_trace.usage);
}

static int run_trace(const struct verb_call *call, struct err *err)
{
    const char *args[1], *format = NULL;
    uint64_t turn = UINT64_MAX;
    struct showing showing = { .turn = JOURNAL_ALL_TURNS };
    struct home home;
    const struct option options[] = {
        { "--turn", 0, OPTION_NUMBER, "N", "that turn alone", &turn },
        { "--export", 0, OPTION_FLAG, NULL, "JSON lines, one entry a line", &showing.export },
        { "--format", 0, OPTION_TEXT, "FORMAT", "the session whole: atif, chat or moult", &format },
        { 0 },
    };
    int rc = verb_options(call, &verb_trace, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    if (rc == 0 || (turn != UINT64_MAX && turn > INT32_MAX)) {
        err_set(err, ERR_USAGE, rc == 0 ? "a session is needed" : "no session has so many turns");
        return err_hint(err, "usage: moult %s", verb_trace.usage);
    }
    if (format && !(showing.format = export_format_find(format)))
        return refuse_format(format, err);
    if (format && turn != UINT64_MAX)
        return err_set(err, ERR_USAGE, "--format is of a whole session, not of one turn");
    if (turn != UINT64_MAX)
        showing.turn = (int64_t)turn;
    showing.json = call->json && !showing.export;
    rc = home_find(&home, call->dir, err);
    showing.home = &home;
    if (rc >= 0)
        rc = journal_open(&showing.journal, &home, JOURNAL_VIEW, err);
    if (showing.json)
        verb_document(call);
    if (rc >= 0)
        rc = show(&showing, args[0], err);
    journal_close(showing.journal);
    return rc;
}

const struct verb verb_trace = { "trace", run_trace,
    "trace ID [--turn N] [--export] [--format FORMAT]", "what happened in a session" };
