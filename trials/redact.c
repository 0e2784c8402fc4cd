/* redact - see redact.h.
 *
 * JSON is looked through as it stands first: most messages have nothing that could be a find, and
 * are passed on without being read. Only then it is parsed, since a secret may be written with
 * escapes, and be hidden in JSON that is a string of JSON. Numbers are kept by digest, so that the
 * secrets of a session are in no table of ours. */
#include "trials/redact.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "trials/redact_rules.h"

#include <stdlib.h>
#include <string.h>

enum { NESTS_MAX = 4, SECRET_LEAST = 8, ROOM_FIRST = 64 };

/* What was cut in this session, by rule and digest, in the order of its numbers. */
struct cut {
    struct digest digest;
    uint32_t rule, number; /* number 0: a free place */
};
struct redact {
    struct redact_look look;
    struct arena config; /* the own rules' texts */
    uint64_t *counts;
    uint32_t *numbers; /* by rule: the last one given */
    unsigned rules;
    struct cut *cuts; /* open addressing, a power of two */
    uint32_t cuts_count, cuts_room;
};

struct redact *redact_new(const struct config_redact *config)
{
    struct redact *redact = mem_zero(1, sizeof *redact);
    redact_look_init(&redact->look, NULL);
    if (config) {
        struct config_redact copy = *config;
        copy.own = arena_alloc(&redact->config, (copy.own_count + 1) * sizeof *copy.own);
        for (uint32_t i = 0; i < copy.own_count; i++) {
            struct config_redact_own *own = &copy.own[i];
            *own = config->own[i];
            own->name.at = arena_copy(&redact->config, own->name.at, own->name.size);
            own->prefix.at = arena_copy(&redact->config, own->prefix.at, own->prefix.size);
        }
        redact_look_init(&redact->look, &copy);
    }
    redact->rules = redact->look.config.own_count + REDACT_RULES - 1;
    redact->counts = mem_zero(redact->rules, sizeof *redact->counts);
    redact->numbers = mem_zero(redact->rules, sizeof *redact->numbers);
    return redact;
}

void redact_free(struct redact *redact)
{
    if (!redact)
        return;
    arena_done(&redact->config);
    free(redact->counts);
    free(redact->numbers);
    free(redact->cuts);
    free(redact);
}

void redact_freep(struct redact **redact)
{
    redact_free(*redact);
}

/* Own rules come first, then the words in their order, without `own` itself. */
static uint32_t index_of(const struct redact *redact, const struct redact_find *find)
{
    return find->rule == REDACT_OWN ? find->own : redact->look.config.own_count + find->rule - 1;
}

static struct str word_of(const struct redact *redact, unsigned index)
{
    uint32_t own = redact->look.config.own_count;
    return index < own ? redact->look.config.own[index].name
                       : str_of(config_redact_words[index - own + 1]);
}

unsigned redact_rules(const struct redact *redact)
{
    return redact->rules;
}

uint64_t redact_count(const struct redact *redact, unsigned index, struct str *ret_word)
{
    *ret_word = word_of(redact, index);
    return redact->counts[index];
}

uint64_t redact_total(const struct redact *redact)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < redact->rules; i++)
        total += redact->counts[i];
    return total;
}

/* --- numbers */

void redact_begin(struct redact *redact)
{
    memset(redact->numbers, 0, redact->rules * sizeof *redact->numbers);
    free(redact->cuts);
    redact->cuts = NULL;
    redact->cuts_count = redact->cuts_room = 0;
}

static struct cut *place_of(const struct redact *redact, const struct digest *digest, uint32_t rule)
{
    uint32_t at;
    memcpy(&at, digest->at, sizeof at);
    for (at += rule;; at++) {
        struct cut *cut = &redact->cuts[at & (redact->cuts_room - 1)];
        if (cut->number == 0 || (cut->rule == rule && hash_equal(&cut->digest, digest)))
            return cut;
    }
}

static void make_room(struct redact *redact)
{
    if (redact->cuts_count * 2 < redact->cuts_room)
        return;
    struct cut *old = redact->cuts;
    uint32_t room = redact->cuts_room;
    redact->cuts_room = room ? room * 2 : ROOM_FIRST;
    redact->cuts = mem_zero(redact->cuts_room, sizeof *redact->cuts);
    for (uint32_t i = 0; i < room; i++)
        if (old[i].number > 0)
            *place_of(redact, &old[i].digest, old[i].rule) = old[i];
    free(old);
}

static uint32_t number_of(struct redact *redact, struct str secret, uint32_t rule)
{
    struct digest digest = hash_of(secret);
    make_room(redact);
    struct cut *cut = place_of(redact, &digest, rule);
    if (cut->number == 0) {
        *cut = (struct cut){ digest, rule, ++redact->numbers[rule] };
        redact->cuts_count++;
    }
    return cut->number;
}

/* --- texts */

static void label(
    struct redact *redact, struct buf *out, const struct redact_find *find, struct str text)
{
    uint32_t rule = index_of(redact, find);
    struct str secret = { text.at + find->from, find->to - find->from };
    struct str word = word_of(redact, rule);
    redact->counts[rule]++;
    buf_format(out, "[%.*s %u]", (int)word.size, word.at, number_of(redact, secret, rule));
}

static struct str keep(struct arena *arena, const struct buf *buf)
{
    return (struct str){ arena_string(arena, buf->at ? buf->at : "", buf->size), buf->size };
}

struct str redact_text(struct redact *redact, struct str text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct redact_find find;
    size_t done = 0;
    while (redact_next(&redact->look, text, done, &find)) {
        buf_add(&out, text.at + done, find.from - done);
        label(redact, &out, &find, text);
        done = find.to;
    }
    if (done == 0)
        return text;
    buf_add(&out, text.at + done, text.size - done);
    return keep(arena, &out);
}

struct str redact_name(struct redact *redact, struct str key, struct str text, struct arena *arena)
{
    struct redact_find find;
    if (!redact_next(&redact->look, text, 0, &find))
        return text;
    char hex[DIGEST_HEX];
    /* Not the digest that splits come from: that one would tell which split the name is in. */
    struct digest plain = hash_parts((struct str[]){ STR("redact"), text }, 2);
    struct digest digest = hash_key(key, (struct str){ (const char *)plain.at, sizeof plain.at });
    struct str word = word_of(redact, index_of(redact, &find));
    redact->counts[index_of(redact, &find)]++;
    return str_of(
        arena_format(arena, "[%.*s %.16s]", (int)word.size, word.at, hash_hex(hex, &digest)));
}

/* --- JSON */

static struct str walk(struct redact *redact, struct str text, struct arena *arena, unsigned nests);

/* The text of a string: JSON once more, or text. */
static struct str inside(
    struct redact *redact, struct str text, struct arena *arena, unsigned nests)
{
    struct str trimmed = str_trim(text);
    bool json = trimmed.size > 1 && (*trimmed.at == '{' || *trimmed.at == '[');
    return json && nests < NESTS_MAX ? walk(redact, text, arena, nests + 1)
                                     : redact_text(redact, text, arena);
}

/* A member of a secret's name: its text goes whole, but for what is a label already. */
static struct str whole(struct redact *redact, struct str text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct redact_find find = { .to = text.size, .rule = REDACT_SECRET };
    if (text.size < SECRET_LEAST || (text.at[0] == '[' && text.at[text.size - 1] == ']'))
        return redact_text(redact, text, arena);
    label(redact, &out, &find, text);
    return keep(arena, &out);
}

struct writing {
    struct buf out;
    const char *from; /* what was not written yet begins here */
};

/* A string in the place of `old`: with its quotes, or the inside of a member's name. */
static void put(struct writing *writing, struct str old, struct str text, bool quotes)
{
    CLEANUP(buf_done) struct buf quoted = { 0 };
    json_quote(&quoted, text);
    buf_add(&writing->out, writing->from, (size_t)(old.at - writing->from));
    buf_add(&writing->out, quoted.at + !quotes, quoted.size - (quotes ? 0 : 2));
    writing->from = old.at + old.size;
}

static void walk_key(
    struct redact *redact, struct writing *writing, const struct json *node, struct arena *arena)
{
    if (node->key.size == 0 || !redact_suspects(&redact->look, node->key))
        return;
    struct str name = json_key(arena, node), cut = redact_text(redact, name, arena);
    if (cut.at != name.at)
        put(writing, node->key, cut, false);
}

static void walk_value(struct redact *redact, struct writing *writing, const struct json *node,
    struct arena *arena, unsigned nests)
{
    struct redact_find find = { .to = node->raw.size, .rule = REDACT_CARD };
    CLEANUP(buf_done) struct buf card = { 0 };
    if (json_is(node, JSON_NUMBER) && redact_is_card(&redact->look, node->raw)) {
        label(redact, &card, &find, node->raw);
        put(writing, node->raw, buf_view(&card), true);
        return;
    }
    if (!json_is(node, JSON_STRING))
        return;
    bool secret = node->key.size > 0 && redact_secret_name(&redact->look, json_key(arena, node));
    if (!secret && !redact_suspects(&redact->look, node->raw))
        return;
    struct str text = json_string(arena, node);
    struct str cut = secret ? whole(redact, text, arena) : inside(redact, text, arena, nests);
    if (cut.at != text.at)
        put(writing, node->raw, cut, true);
}

static struct str walk(struct redact *redact, struct str text, struct arena *arena, unsigned nests)
{
    static const struct json_limits lenient = { .duplicates = true };
    const struct json *root = json_read(arena, text, &lenient, NULL);
    if (!root)
        return redact_text(redact, text, arena);
    struct writing writing = { .from = text.at };
    for (const struct json *node = root; node < root + root->next; node++) {
        walk_key(redact, &writing, node, arena);
        walk_value(redact, &writing, node, arena, nests);
    }
    if (writing.from != text.at) {
        buf_add(&writing.out, writing.from, (size_t)(text.at + text.size - writing.from));
        text = keep(arena, &writing.out);
    }
    buf_done(&writing.out);
    return text;
}

struct str redact_json(struct redact *redact, struct str text, struct arena *arena)
{
    return redact_suspects(&redact->look, text) ? walk(redact, text, arena, 0) : text;
}
