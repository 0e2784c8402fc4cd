/* vary - see vary.h. The bytes of a message are walked as they are, which keeps every form that a
 * model wrote: JSON in JSON, half a call in a text. A word is a run of letters, digits and
 * underscores, and no escape begins one. */
#include "trials/vary.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_PLAIN = 4, DIGITS_MIXED = 2, MIXED_SIZE = 5, LETTERS_MIN = 4 };

struct varying {
    unsigned number;
    uint64_t *kept; /* digests of words that stay, sorted */
    size_t kept_count, kept_room;
    struct buf out;
    bool changed;
};

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Its size; an escape's letters belong to no word. */
static size_t word_at(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.size && in_word(text.at[end]))
        end++;
    return end - at;
}

/* Backslashes and what they stand before: \n, \\n of JSON in JSON, \u00e9. */
static size_t escape_at(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.size && text.at[end] == '\\')
        end++;
    if (end == at || end == text.size)
        return end - at;
    size_t size = text.at[end] == 'u' ? 5 : 1;
    return end - at + (size < text.size - end ? size : text.size - end);
}

/* --- words that stay */

/* In any case of its letters. */
static uint64_t digest_of(struct str word)
{
    uint64_t digest = 0;
    for (size_t i = 0; i < word.size; i++) {
        char c = (char)tolower((unsigned char)word.at[i]);
        digest = hash_fast(&c, 1, digest);
    }
    return digest;
}

static void keep_words(struct varying *v, struct str text)
{
    for (size_t at = 0; at < text.size;) {
        size_t skip = escape_at(text, at), size = skip ? 0 : word_at(text, at);
        if (size > 0) {
            if (v->kept_count == v->kept_room) {
                v->kept_room = v->kept_room ? 2 * v->kept_room : 256;
                v->kept = mem_grow(v->kept, v->kept_room, sizeof *v->kept);
            }
            v->kept[v->kept_count++] = digest_of((struct str){ text.at + at, size });
        }
        at += skip ? skip : size ? size : 1;
    }
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static bool is_kept(const struct varying *v, struct str word)
{
    uint64_t digest = digest_of(word);
    return v->kept && bsearch(&digest, v->kept, v->kept_count, sizeof digest, by_number);
}

static void find_kept(struct varying *v, const struct run *run)
{
    /* Members of a message, which stand among its words. */
    keep_words(v, STR("role user content type text name"));
    if (run->tools)
        keep_words(v, run->tools->bytes);
    for (uint32_t i = 0; i < run->messages_count; i++)
        if (run->messages[i].role == RUN_SYSTEM)
            keep_words(v, run->messages[i].bytes);
    qsort(v->kept, v->kept_count, sizeof *v->kept, by_number);
}

/* --- words that change */

static bool is_identifier(struct str word)
{
    size_t digits = 0;
    for (size_t i = 0; i < word.size; i++)
        digits += isdigit((unsigned char)word.at[i]) ? 1 : 0;
    return digits == word.size ? digits >= DIGITS_PLAIN
                               : digits >= DIGITS_MIXED && word.size >= MIXED_SIZE;
}

/* A number keeps its first digit from becoming a zero, and a zero at its start. */
static char other_digit(const struct varying *v, char c, bool first)
{
    static const int steps[VARY_COUNT] = { 3, 5, 7 }, first_steps[VARY_COUNT] = { 2, 4, 7 };
    int digit = c - '0';
    if (first)
        digit = digit == 0 ? 0 : (digit - 1 + first_steps[v->number]) % 9 + 1;
    else
        digit = (digit + steps[v->number]) % 10;
    return (char)('0' + digit);
}

static void add_identifier(struct varying *v, struct str word)
{
    bool number = true;
    for (size_t i = 0; i < word.size; i++)
        number &= isdigit((unsigned char)word.at[i]) != 0;
    for (size_t i = 0; i < word.size; i++) {
        char c = word.at[i];
        buf_char(&v->out, isdigit((unsigned char)c) ? other_digit(v, c, number && i == 0) : c);
    }
}

/* All in capitals it is a signal: ###STOP###. */
static bool is_plain_word(struct str word)
{
    bool low = false;
    for (size_t i = 0; i < word.size; i++) {
        if (!isalpha((unsigned char)word.at[i]))
            return false;
        low |= islower((unsigned char)word.at[i]) != 0;
    }
    return low && word.size >= LETTERS_MIN;
}

/* Vowels for vowels, the rest for the rest. */
static char other_letter(const struct varying *v, char c)
{
    static const char vowels[] = "aeiou", others[] = "bcdfghjklmnpqrstvwxyz";
    bool upper = isupper((unsigned char)c);
    char low = (char)tolower((unsigned char)c);
    const char *at = strchr(vowels, low), *row = at ? vowels : others;
    size_t count = at ? sizeof vowels - 1 : sizeof others - 1;
    size_t from = (size_t)((at ? at : strchr(others, low)) - row);
    char got = row[(from + v->number + 1) % count];
    return upper ? (char)toupper((unsigned char)got) : got;
}

static void add_word(struct varying *v, struct str word, bool spoken)
{
    bool identifier = is_identifier(word);
    if ((!identifier && !(spoken && is_plain_word(word))) || is_kept(v, word)) {
        buf_str(&v->out, word);
        return;
    }
    v->changed = true;
    if (identifier)
        add_identifier(v, word);
    for (size_t i = 0; !identifier && i < word.size; i++)
        buf_char(&v->out, other_letter(v, word.at[i]));
}

void vary_words(struct buf *out, struct str text, vary_word put, void *with)
{
    for (size_t at = 0; at < text.size;) {
        size_t size = escape_at(text, at);
        bool word = size == 0 && (size = word_at(text, at)) > 0;
        size = size ? size : 1;
        if (word)
            put(with, out, (struct str){ text.at + at, size });
        else
            buf_add(out, text.at + at, size);
        at += size;
    }
}

static void put_said(void *with, struct buf *out, struct str word)
{
    (void)out; /* v->out */
    add_word(with, word, false);
}

static void put_spoken(void *with, struct buf *out, struct str word)
{
    (void)out;
    add_word(with, word, true);
}

/* spoken: it is what the person says. */
static struct str varied(struct varying *v, struct str text, bool spoken, struct arena *arena)
{
    buf_clear(&v->out);
    vary_words(&v->out, text, spoken ? put_spoken : put_said, v);
    return (
        struct str){ arena_string(arena, v->out.at ? v->out.at : "", v->out.size), v->out.size };
}

/* --- the run */

static struct run *like(const struct run *run, unsigned number, struct arena *arena)
{
    struct run *ret = run_like(run, arena);
    ret->session =
        str_of(arena_format(arena, "%.*s ~%u", (int)run->session.size, run->session.at, number));
    return ret;
}

static int add_messages(struct varying *v, struct run *ret, const struct run *run, struct err *err)
{
    for (uint32_t i = 0; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        bool stays = message->role == RUN_SYSTEM || message->role == RUN_ERROR;
        /* Parts of a message may be pictures. */
        bool spoken =
            message->role == RUN_USER && !memchr(message->bytes.at, '[', message->bytes.size);
        struct str bytes = stays ? message->bytes : varied(v, message->bytes, spoken, ret->arena);
        int rc = run_add(ret, bytes, message->failed, err);
        if (rc < 0)
            return rc;
        if (message->own.size > 0)
            ret->messages[i].own = varied(v, message->own, false, ret->arena);
    }
    return 0;
}

int run_vary(
    struct run **ret, const struct run *run, unsigned number, struct arena *arena, struct err *err)
{
    struct varying v = { .number = number % VARY_COUNT };
    struct run *made = like(run, number, arena);
    find_kept(&v, run);
    int rc = add_messages(&v, made, run, err);
    free(v.kept);
    buf_done(&v.out);
    if (rc < 0)
        return rc;
    run_seal(made);
    *ret = v.changed ? made : NULL;
    return 0;
}
