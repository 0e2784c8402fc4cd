/* carry - walks the table of members, and says in one protocol what was asked for in another.
 *
 * Nothing is lost in silence: a member is carried, or the request fails by its name, or (where the
 * answer is the same without, or the operator said so) it is left out and noted for the client. A
 * member that no row knows might change anything, so it fails too. */
#include "protocol/carry.h"

#include "base/mem.h"

#include <string.h>

static void say(struct carry *carry, const char *word, struct str value)
{
    if (carry->pieces_count < CARRY_PIECES_MAX)
        carry->pieces[carry->pieces_count++] = (struct carry_piece){ word, value };
}

static void say_word(struct carry *carry, const char *word, const char *text)
{
    say(carry, word, str_of(arena_format(carry->arena, "\"%s\"", text)));
}

/* --- what is not carried */

static bool listed(struct str list, struct str name)
{
    while (list.size > 0) {
        ptrdiff_t comma = str_find(list, STR(", "));
        struct str one = { list.at, comma < 0 ? list.size : (size_t)comma };
        if (str_equal(one, name))
            return true;
        size_t past = comma < 0 ? list.size : (size_t)comma + 2;
        list.at += past;
        list.size -= past;
    }
    return false;
}

static void note_lost(struct carry *carry, struct str name)
{
    struct buf *dropped = carry->fresh->dropped;
    if (!dropped || listed(buf_view(dropped), name))
        return;
    if (dropped->size > 0)
        buf_text(dropped, ", ");
    buf_str(dropped, name);
}

static bool may_drop(const struct carry *carry, struct str name)
{
    for (uint32_t i = 0; i < carry->fresh->drop_count; i++)
        if (str_equal(carry->fresh->drop[i], name))
            return true;
    return false;
}

int carry_lose(struct carry *carry, enum member_lost lost, struct str name, const char *why)
{
    char shown[64];
    if (lost != MEMBER_REFUSED || may_drop(carry, name)) {
        note_lost(carry, name);
        return 0;
    }
    str_printable(shown, sizeof shown, name, false);
    return err_set(carry->err, ERR_INPUT,
        "%s %s (protocol %s): leave it out, or name it in models[].drop of moult.json", shown, why,
        protocol_words[carry->to]);
}

const char carry_no_word[] = "cannot be said to this model's provider";
static const char no_row[] = "is not known, so it is not carried to this model's provider";

/* --- values */

static bool is_text(const struct json *value, const char *text)
{
    return json_is(value, JSON_STRING) && value->raw.size == strlen(text) + 2 &&
           memcmp(value->raw.at + 1, text, strlen(text)) == 0;
}

static const struct json *path(const struct json *root, const char *word)
{
    const char *dot = strchr(word, '.');
    if (!dot)
        return codec_member(root, word);
    char outer[40];
    size_t size = (size_t)(dot - word);
    memcpy(outer, word, size);
    outer[size] = 0;
    return codec_member(codec_member(root, outer), dot + 1);
}

/* One of several words: what chat and responses say, and what messages does. */
struct pair {
    const char *openai, *messages;
};

static const char *other_word(
    const struct carry *carry, const struct pair *pairs, size_t count, const struct json *value)
{
    for (size_t i = 0; i < count; i++) {
        const char *mine = carry->from == PROTOCOL_MESSAGES ? pairs[i].messages : pairs[i].openai;
        const char *other = carry->to == PROTOCOL_MESSAGES ? pairs[i].messages : pairs[i].openai;
        if (mine && is_text(value, mine))
            return other;
    }
    return NULL;
}

/* --- which tool */

static const struct json *choice_name(const struct json *choice)
{
    const struct json *function = codec_member(choice, "function");
    const struct json *name = codec_member(function ? function : choice, "name");
    return json_is(name, JSON_STRING) ? name : NULL;
}

static struct str named_tool(const struct json *choice, struct arena *scratch)
{
    return json_string(scratch, choice_name(choice));
}

static bool has_tool(struct str tools, struct str name, struct arena *scratch)
{
    struct json_limits limits = { .duplicates = true };
    const struct json *list = tools.size ? json_read(scratch, tools, &limits, NULL) : NULL;
    if (json_is(list, JSON_ARRAY))
        JSON_EACH(tool, list)
    if (str_equal(json_string(scratch, codec_member(codec_member(tool, "function"), "name")), name))
        return true;
    return false;
}

int carry_check_tool(
    const struct json *choice, struct str tools, struct arena *scratch, struct err *err)
{
    char shown[80];
    struct str name = named_tool(choice, scratch);
    if (name.size == 0 || has_tool(tools, name, scratch))
        return 0;
    return err_set(err, ERR_INPUT, "tool_choice names \"%s\", which this harness does not offer",
        str_printable(shown, sizeof shown, name, false));
}

static int say_forced(struct carry *carry, const struct json *choice)
{
    const struct json *name = choice_name(choice);
    struct str type = json_string(carry->arena, codec_member(choice, "type"));
    bool plain = str_equal(type, STR("function")) || str_equal(type, STR("tool"));
    if (!name || !plain)
        return carry_lose(carry, MEMBER_REFUSED, STR("tool_choice"), carry_no_word);
    if (carry->to == PROTOCOL_MESSAGES) {
        say_word(carry, "tool_choice.type", "tool");
        say(carry, "tool_choice.name", name->raw);
        return 0;
    }
    say_word(carry, "tool_choice.type", "function");
    if (carry->to == PROTOCOL_RESPONSES) {
        say(carry, "tool_choice.name", name->raw);
        return 0;
    }
    CLEANUP(buf_done) struct buf function = { 0 };
    buf_text(&function, "{\"name\":");
    buf_str(&function, name->raw);
    buf_char(&function, '}');
    say(carry, "tool_choice.function", codec_keep(carry->arena, &function));
    return 0;
}

static int say_choice(
    struct carry *carry, const struct protocol_member *member, const struct json *value)
{
    static const struct pair pairs[] = { { "auto", "auto" }, { "required", "any" },
        { "none", "none" } };
    int rc = carry_check_tool(value, carry->fresh->tools, carry->arena, carry->err);
    if (rc < 0 || carry->fresh->tools.size == 0)
        return rc;
    if (carry->from == carry->to) {
        say(carry, member->words[carry->to], value->raw);
        return 0;
    }
    const struct json *kind = json_is(value, JSON_STRING) ? value : codec_member(value, "type");
    const char *word = other_word(carry, pairs, COUNT_OF(pairs), kind);
    if (!word)
        return say_forced(carry, value);
    if (carry->to == PROTOCOL_MESSAGES)
        say_word(carry, "tool_choice.type", word);
    else
        say_word(carry, "tool_choice", word);
    return 0;
}

static bool said(const struct carry *carry, const char *word, const char *value)
{
    for (unsigned i = 0; i < carry->pieces_count; i++)
        if (strcmp(carry->pieces[i].word, word) == 0 &&
            (!value || str_equal(carry->pieces[i].value, str_of(value))))
            return true;
    return false;
}

/* In messages it stands in tool_choice, which must then be there and must not be "none". */
static int say_parallel(
    struct carry *carry, const struct protocol_member *member, const struct json *value)
{
    if (value->kind != JSON_TRUE && value->kind != JSON_FALSE)
        return carry_lose(carry, MEMBER_REFUSED, str_of(member->words[carry->from]), carry_no_word);
    bool within = carry->from == PROTOCOL_MESSAGES && carry->to == PROTOCOL_MESSAGES;
    if (carry->fresh->tools.size == 0 || within)
        return 0;
    bool parallel = (value->kind == JSON_TRUE) != (carry->from == PROTOCOL_MESSAGES);
    if (carry->to != PROTOCOL_MESSAGES) {
        say(carry, member->words[carry->to], parallel ? STR("true") : STR("false"));
        return 0;
    }
    if (parallel || said(carry, "tool_choice.type", "\"none\""))
        return 0;
    if (!said(carry, "tool_choice.type", NULL))
        say_word(carry, "tool_choice.type", "auto");
    say(carry, member->words[carry->to], STR("true"));
    return 0;
}

/* --- the other kinds */

static int say_range(
    struct carry *carry, const struct protocol_member *member, const struct json *value)
{
    bool much = carry->to == PROTOCOL_MESSAGES && carry->from != PROTOCOL_MESSAGES &&
                json_double(value, 0) > member->max;
    if (much)
        return carry_lose(carry, MEMBER_REFUSED, str_of(member->words[carry->from]),
            "is more than this model's provider takes");
    say(carry, member->words[carry->to], value->raw);
    return 0;
}

static int say_stop(
    struct carry *carry, const struct protocol_member *member, const struct json *value)
{
    CLEANUP(buf_done) struct buf list = { 0 };
    bool one = json_is(value, JSON_STRING) && carry->to == PROTOCOL_MESSAGES;
    buf_text(&list, one ? "[" : "");
    buf_str(&list, value->raw);
    buf_text(&list, one ? "]" : "");
    say(carry, member->words[carry->to], codec_keep(carry->arena, &list));
    return 0;
}

/* Chat keeps a schema's members in an object of their own; messages knows the schema alone. */
static int say_format(
    struct carry *carry, const struct protocol_member *member, const struct json *value)
{
    static const char *const inner[] = { "name", "description", "schema", "strict" };
    const struct json *schema = codec_member(value, "json_schema");
    schema = schema ? schema : value;
    const struct json *body = codec_member(schema, "schema");
    struct str mine = str_of(member->words[carry->from]);
    if (!is_text(codec_member(value, "type"), "json_schema")) {
        if (carry->to == PROTOCOL_MESSAGES || carry->from == PROTOCOL_MESSAGES)
            return carry_lose(carry, MEMBER_REFUSED, mine, carry_no_word);
        say(carry, member->words[carry->to], value->raw);
        return 0;
    }
    if (!json_is(body, JSON_OBJECT))
        return carry_lose(carry, MEMBER_REFUSED, mine, "has no schema");
    CLEANUP(buf_done) struct buf out = { 0 };
    bool chat = carry->to == PROTOCOL_CHAT, messages = carry->to == PROTOCOL_MESSAGES;
    buf_text(&out, "{\"type\":\"json_schema\",");
    buf_text(&out, chat ? "\"json_schema\":{" : "");
    const char *between = "\"";
    if (!messages && !codec_member(schema, "name")) {
        buf_text(&out, "\"name\":\"answer\",\"strict\":true");
        between = ",\"";
    }
    for (size_t i = 0; i < COUNT_OF(inner); i++) {
        const struct json *one = codec_member(schema, inner[i]);
        if (!one || (messages && one != body))
            continue;
        buf_format(&out, "%s%s\":", between, inner[i]);
        buf_str(&out, one->raw);
        between = ",\"";
    }
    buf_text(&out, chat ? "}}" : "}");
    say(carry, member->words[carry->to], codec_keep(carry->arena, &out));
    return 0;
}

/* In the other house's words, or not at all: then it is told, unless nothing said means the same.
 */
static int say_in_words_of(struct carry *carry, const struct protocol_member *member,
    const struct json *value, const struct pair *pairs, size_t pairs_count, const char *same)
{
    bool openai = carry->from != PROTOCOL_MESSAGES && carry->to != PROTOCOL_MESSAGES;
    const char *word = other_word(carry, pairs, pairs_count, value);
    if (openai)
        say(carry, member->words[carry->to], value->raw);
    else if (word)
        say_word(carry, member->words[carry->to], word);
    else if (!same || !is_text(value, same))
        return carry_lose(carry, MEMBER_DROPPED, str_of(member->words[carry->from]), carry_no_word);
    return 0;
}

static int say_effort(
    struct carry *carry, const struct protocol_member *member, const struct json *value)
{
    static const struct pair pairs[] = { { "low", "low" }, { "medium", "medium" },
        { "high", "high" }, { "xhigh", "xhigh" }, { "max", "max" }, { "minimal", "low" } };
    return say_in_words_of(carry, member, value, pairs, COUNT_OF(pairs), "none");
}

static int say_tier(
    struct carry *carry, const struct protocol_member *member, const struct json *value)
{
    static const struct pair pairs[] = { { "default", "standard_only" } };
    return say_in_words_of(carry, member, value, pairs, COUNT_OF(pairs), NULL);
}

typedef int say_fn(
    struct carry *carry, const struct protocol_member *member, const struct json *value);
static say_fn *const ways[] = {
    [MEMBER_RANGE] = say_range,
    [MEMBER_STOP] = say_stop,
    [MEMBER_CHOICE] = say_choice,
    [MEMBER_PARALLEL] = say_parallel,
    [MEMBER_FORMAT] = say_format,
    [MEMBER_EFFORT] = say_effort,
    [MEMBER_TIER] = say_tier,
};
/* Those that look at more than the value, also within one protocol. */
static bool looks_around(const struct protocol_member *member)
{
    return member->how == MEMBER_CHOICE || member->how == MEMBER_PARALLEL;
}

/* --- the table */

static bool asks_nothing(
    struct carry *carry, const struct protocol_member *member, const struct json *value)
{
    if (!value || value->kind == JSON_NULL)
        return true;
    const struct json *neutral =
        member->neutral ? json_read(carry->arena, str_of(member->neutral), NULL, NULL) : NULL;
    return neutral && json_equal(neutral, value);
}

static int carry_member(struct carry *carry, const struct protocol_member *member)
{
    const char *mine = member->words[carry->from];
    const struct json *value = mine ? path(carry->root, mine) : NULL;
    if (member->lost == MEMBER_READ || asks_nothing(carry, member, value))
        return 0;
    if (member->kept && carry->fresh->hosted)
        return carry_lose(carry, MEMBER_DROPPED, str_of(mine), carry_no_word);
    const char *other = member->own ? NULL : member->words[carry->to];
    if (!other)
        return carry_lose(carry, (enum member_lost)member->lost, str_of(mine), carry_no_word);
    if (member->how != MEMBER_SAME && (carry->from != carry->to || looks_around(member)))
        return ways[member->how](carry, member, value);
    say(carry, other, value->raw);
    return 0;
}

static bool has_row(enum protocol protocol, struct str name, bool *ret_inner)
{
    *ret_inner = false;
    for (unsigned i = 0; i < protocol_members_count; i++) {
        struct str word = str_of(protocol_members[i].words[protocol]);
        if (str_equal(word, name))
            return true;
        *ret_inner |= word.size > name.size && str_starts(word, name) && word.at[name.size] == '.';
    }
    return false;
}

static int check_inner(struct carry *carry, struct str outer, const struct json *object)
{
    bool inner;
    JSON_EACH(member, object)
    {
        struct str key = json_key(carry->arena, member);
        struct str name = str_of(arena_format(
            carry->arena, "%.*s.%.*s", (int)outer.size, outer.at, (int)key.size, key.at));
        int rc = member->kind == JSON_NULL || has_row(carry->from, name, &inner)
                     ? 0
                     : carry_lose(carry, MEMBER_REFUSED, name, no_row);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_unknown(struct carry *carry)
{
    JSON_EACH(member, carry->root)
    {
        bool inner;
        int rc = 0;
        struct str name = json_key(carry->arena, member);
        if (member->kind == JSON_NULL || has_row(carry->from, name, &inner))
            continue;
        if (inner && member->kind == JSON_OBJECT)
            rc = check_inner(carry, name, member);
        else
            rc = carry_lose(carry, MEMBER_REFUSED, name, no_row);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- writing */

static size_t outer_size(const char *word)
{
    const char *dot = strchr(word, '.');
    return dot ? (size_t)(dot - word) : 0;
}

static bool same_outer(const char *a, const char *b)
{
    size_t size = outer_size(a);
    return size > 0 && size == outer_size(b) && memcmp(a, b, size) == 0;
}

/* All that stand in the same inner object at once, where the first of them stands. */
static void write_piece(struct buf *out, const struct carry *carry, unsigned number)
{
    const char *word = carry->pieces[number].word;
    size_t size = outer_size(word);
    if (size == 0) {
        buf_format(out, ",\"%s\":", word);
        buf_str(out, carry->pieces[number].value);
        return;
    }
    for (unsigned i = 0; i < number; i++)
        if (same_outer(carry->pieces[i].word, word))
            return;
    buf_format(out, ",\"%.*s\":", (int)size, word);
    const char *between = "{";
    for (unsigned i = number; i < carry->pieces_count; i++) {
        if (!same_outer(carry->pieces[i].word, word))
            continue;
        buf_format(out, "%s\"%s\":", between, carry->pieces[i].word + size + 1);
        buf_str(out, carry->pieces[i].value);
        between = ",";
    }
    buf_char(out, '}');
}

int carry_write(
    struct buf *out, const struct protocol_fresh *fresh, struct arena *scratch, struct err *err)
{
    if (!fresh->like)
        return 0;
    struct carry carry = { .fresh = fresh,
        .root = fresh->like->root,
        .from = fresh->like->view.protocol,
        .to = fresh->protocol,
        .arena = scratch,
        .err = err };
    for (unsigned i = 0; i < protocol_members_count; i++) {
        int rc = carry_member(&carry, &protocol_members[i]);
        if (rc < 0)
            return rc;
    }
    int rc = check_unknown(&carry);
    if (rc == 0)
        rc = lost_check(&carry);
    for (unsigned i = 0; rc == 0 && i < carry.pieces_count; i++)
        write_piece(out, &carry, i);
    return rc;
}
