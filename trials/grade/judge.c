/* judge - see judge.h. */
#include "trials/grade/judge.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* An item has at most three texts, and a byte of one is at most six of JSON. */
enum { TEXT_MAX = 4 << 10, ITEM_MAX = 3 * 6 * TEXT_MAX + 256, MARKER_MAX = DIGEST_HEX + 16 };

const char *const judge_vote_words[3] = {
    [JUDGE_NONE] = "none",
    [JUDGE_PASS] = "pass",
    [JUDGE_FAIL] = "fail",
};

extern const char judge_text[]; /* judge.txt */

/* --- the record */

struct recording {
    struct buf out;
    uint64_t left_out; /* bytes of texts that were cut, and texts that found no room */
    unsigned count;    /* of the present list */
};

static void text_member(struct recording *record, const char *name, struct str text)
{
    struct str shown = { text.at, text.size < TEXT_MAX ? text.size : TEXT_MAX };
    record->left_out += text.size - shown.size;
    buf_format(&record->out, "\"%s\":", name);
    json_quote(&record->out, shown);
}

/* True: there is room, and an object is begun. */
static bool begin_item(struct recording *record, size_t size)
{
    if (record->out.size > JUDGE_RECORD_MAX - ITEM_MAX) {
        record->left_out += size;
        return false;
    }
    buf_text(&record->out, record->count++ ? ",{" : "{");
    return true;
}

static void begin_list(struct recording *record, const char *name)
{
    buf_format(&record->out, "\"%s\":[", name);
    record->count = 0;
}

static void record_calls(struct recording *record, const struct facts *facts)
{
    begin_list(record, "calls");
    for (uint32_t i = 0; i < facts->calls_count; i++) {
        const struct facts_call *call = &facts->calls[i];
        if (!begin_item(record, call->args.size + call->result.size))
            continue;
        text_member(record, "tool", call->tool);
        buf_char(&record->out, ',');
        text_member(record, "arguments", call->args);
        buf_char(&record->out, ',');
        if (call->carried)
            text_member(record, call->failed ? "error" : "result", call->result);
        else
            buf_format(&record->out, "\"denied\":%s", call->denied ? "true" : "false");
        buf_char(&record->out, '}');
    }
    buf_char(&record->out, ']');
}

static void record_person(struct recording *record, const struct facts *facts)
{
    begin_list(record, "person");
    for (uint32_t i = 0; facts->run && i < facts->run->messages_count; i++) {
        const struct run_message *message = &facts->run->messages[i];
        if (message->role != RUN_USER || !begin_item(record, message->text.size))
            continue;
        text_member(record, "says", message->text);
        buf_char(&record->out, '}');
    }
    buf_char(&record->out, ']');
}

static void record_texts(struct recording *record, const struct facts *facts)
{
    begin_list(record, "assistant");
    for (uint32_t i = 0; i < facts->texts_count; i++) {
        if (!begin_item(record, facts->texts[i].text.size))
            continue;
        text_member(record, "says", facts->texts[i].text);
        buf_char(&record->out, '}');
    }
    buf_char(&record->out, ']');
}

/* Facts alone: what a plugin says of itself is nowhere in it. Calls come last, since long results
 * are what should be left out first. */
static void print_record(struct recording *record, const struct facts *facts)
{
    buf_char(&record->out, '{');
    record_person(record, facts);
    buf_char(&record->out, ',');
    record_texts(record, facts);
    buf_char(&record->out, ',');
    record_calls(record, facts);
    if (facts->known & FACTS_END)
        buf_format(&record->out, ",\"ended\":\"%s\"", case_end_words[facts->end]);
    buf_format(&record->out, ",\"left_out\":%llu}", (unsigned long long)record->left_out);
}

/* --- the request */

static struct str message_of(const char *role, struct str text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"role\":\"%s\",\"content\":", role);
    json_quote(&out, text);
    buf_char(&out, '}');
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

/* Made of the record's own digest, so that no text can hold the marker of a record that it is in.
 */
static void marker_of(char ret[MARKER_MAX], struct str record)
{
    char hex[DIGEST_HEX];
    struct digest digest = hash_of(record);
    snprintf(ret, MARKER_MAX, "=== %s ===", hash_hex(hex, &digest));
}

void judge_ask(struct str ret[2], const struct case_grade *grade, const struct facts *facts,
    struct arena *arena)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct recording record = { 0 };
    char marker[MARKER_MAX];
    print_record(&record, facts);
    marker_of(marker, buf_view(&record.out));
    buf_text(&text, "Rubric, as a JSON string:\n");
    json_quote(&text, grade->rubric);
    buf_format(
        &text, "\n\nThe record stands between two lines that are\n%s\n\n%s\n", marker, marker);
    buf_str(&text, buf_view(&record.out));
    buf_format(&text, "\n%s\n", marker);
    ret[0] = message_of("system", str_of(judge_text), arena);
    ret[1] = message_of("user", buf_view(&text), arena);
    buf_done(&record.out);
}

/* --- the answer */

static void no_vote(struct judge_said *ret, const char *why)
{
    ret->vote = JUDGE_NONE;
    snprintf(ret->reason, sizeof ret->reason, "%s", why);
}

/* Cut at a character. */
static void keep_reason(struct judge_said *ret, struct str reason)
{
    size_t size = 0, step;
    struct str rest = reason;
    while ((step = str_utf8_char(rest, NULL)) > 0 && size + step < sizeof ret->reason) {
        size += step;
        rest = (struct str){ rest.at + step, rest.size - step };
    }
    memcpy(ret->reason, reason.at, size);
    ret->reason[size] = 0;
    if (size > 0 && memchr(ret->reason, 0, size))
        no_vote(ret, "a reason with a zero byte in it");
}

void judge_read(struct judge_said *ret, struct str chat)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    static const struct json_limits limits = { .size_max = 64 << 10, .nodes_max = 16 };
    const struct json_limits lenient = { .duplicates = true };
    const struct json *message = json_read(&arena, chat, &lenient, NULL);
    const struct json *calls = json_get(message, "tool_calls");
    *ret = (struct judge_said){ 0 };
    if (calls && calls->count > 0) {
        no_vote(ret, "it called a tool");
        return;
    }
    struct str text = str_trim(json_string(&arena, json_get(message, "content")));
    const struct json *root = text.at ? json_read(&arena, text, &limits, NULL) : NULL;
    if (!json_is(root, JSON_OBJECT)) {
        no_vote(ret, "its answer is no JSON object");
        return;
    }
    struct str vote = json_string(&arena, json_get(root, "vote"));
    struct str reason = json_string(&arena, json_get(root, "reason"));
    if (root->count != 2 || !reason.at) {
        no_vote(ret, "its answer has not exactly a vote and a reason");
        return;
    }
    if (str_equal(vote, STR("pass")))
        ret->vote = JUDGE_PASS;
    else if (str_equal(vote, STR("fail")))
        ret->vote = JUDGE_FAIL;
    if (ret->vote == JUDGE_NONE)
        no_vote(ret, "its vote is neither pass nor fail");
    else
        keep_reason(ret, reason);
}

/* --- all votes */

static const char *first_reason(
    const struct judge_said *votes, uint32_t count, enum judge_vote vote)
{
    for (uint32_t i = 0; i < count; i++)
        if (votes[i].vote == vote)
            return votes[i].reason;
    return "";
}

void judge_settle(struct grade_result *ret, const struct judge_said *votes, uint32_t count)
{
    uint32_t by[3] = { 0 };
    for (uint32_t i = 0; i < count; i++)
        by[votes[i].vote]++;
    enum judge_vote most = by[JUDGE_PASS] > count / 2   ? JUDGE_PASS
                           : by[JUDGE_FAIL] > count / 2 ? JUDGE_FAIL
                                                        : JUDGE_NONE;
    static const enum grade_answer answers[] = {
        [JUDGE_NONE] = GRADE_UNKNOWN,
        [JUDGE_PASS] = GRADE_HOLDS,
        [JUDGE_FAIL] = GRADE_BROKEN,
    };
    enum judge_vote shown = most == JUDGE_PASS ? JUDGE_FAIL : most; /* who disagrees */
    const char *reason = first_reason(votes, count, shown);
    grade_say(ret, answers[most], "%u for, %u against, %u no vote%s%s", by[JUDGE_PASS],
        by[JUDGE_FAIL], by[JUDGE_NONE], reason[0] ? "; " : "",
        reason[0] ? grade_show(str_of(reason)).text : "");
    ret->votes = votes;
    ret->votes_count = count;
}
