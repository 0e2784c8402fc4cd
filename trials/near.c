/* near - see near.h. */
#include "trials/near.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SHINGLE = 3, ROWS = NEAR_WORDS / NEAR_BANDS };

/* --- a sketch */

struct sketching {
    struct near_sketch sketch;
    uint64_t seeds[NEAR_WORDS], key;
    uint64_t words[SHINGLE]; /* the last ones */
    unsigned words_count;
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static void add_shingle(struct sketching *s, uint64_t shingle)
{
    if (s->sketch.shingles == NEAR_SHINGLES_MAX)
        return;
    s->sketch.shingles++;
    for (int i = 0; i < NEAR_WORDS; i++) {
        uint32_t word = (uint32_t)(mix(shingle ^ s->seeds[i]) >> 32);
        if (word < s->sketch.at[i])
            s->sketch.at[i] = word;
    }
}

static void end_words(struct sketching *s)
{
    /* What is shorter than a shingle is one by itself. */
    if (s->words_count > 0 && s->words_count < SHINGLE)
        add_shingle(s, hash_fast(s->words, s->words_count * sizeof *s->words, s->key));
    s->words_count = 0;
}

static void add_word(struct sketching *s, uint64_t word)
{
    if (s->words_count >= SHINGLE)
        memmove(s->words, s->words + 1, (SHINGLE - 1) * sizeof *s->words);
    else
        s->words_count++;
    s->words[s->words_count - 1] = word;
    if (s->words_count == SHINGLE)
        add_shingle(s, hash_fast(s->words, sizeof s->words, s->key));
}

/* Letters and digits, whatever their case; all beyond ASCII is a letter. */
static void add_text(struct sketching *s, struct str text)
{
    for (size_t i = 0; i < text.size;) {
        uint64_t word = s->key;
        size_t from = i;
        for (; i < text.size && ((unsigned char)text.at[i] >= 0x80 || isalnum(text.at[i])); i++)
            word = mix(word ^ (unsigned char)tolower((unsigned char)text.at[i]));
        if (i == from)
            i++;
        else
            add_word(s, word);
    }
    end_words(s);
}

struct near_sketch near_sketch(const struct run *run, const struct digest *key)
{
    struct sketching s = { 0 };
    const struct digest own =
        hash_key((struct str){ (const char *)key->at, sizeof key->at }, STR("near"));
    memcpy(&s.key, own.at, sizeof s.key);
    memset(s.sketch.at, 0xff, sizeof s.sketch.at);
    for (uint64_t i = 0; i < NEAR_WORDS; i++)
        s.seeds[i] = mix(s.key + (i + 1) * 0x9e3779b97f4a7c15u);
    for (uint32_t i = 0; i < run->messages_count && s.sketch.shingles < NEAR_SHINGLES_MAX; i++) {
        const struct run_message *message = &run->messages[i];
        if (message->role == RUN_USER)
            add_text(&s, message->text);
        for (uint32_t k = 0; k < message->calls_count; k++)
            add_shingle(&s,
                hash_fast(message->calls[k].key.at, sizeof message->calls[k].key.at, s.key ^ 1));
    }
    return s.sketch;
}

bool near_alike(const struct near_sketch *a, const struct near_sketch *b)
{
    unsigned same = 0;
    for (int i = 0; i < NEAR_WORDS; i++)
        same += a->at[i] == b->at[i];
    return a->shingles && b->shingles && same >= NEAR_ALIKE;
}

/* --- the index */

struct entry {
    struct near_sketch sketch;
    uint32_t tag;
    uint32_t next[NEAR_BANDS]; /* in its bucket, + 1; 0: the last */
};
struct near {
    struct entry *entries;
    uint32_t count, room;
    uint32_t *buckets[NEAR_BANDS]; /* the newest entry of each, + 1 */
    uint32_t buckets_count;        /* a power of two */
};

struct near *near_new(void)
{
    return mem_zero(1, sizeof(struct near));
}

void near_free(struct near *near)
{
    if (!near)
        return;
    for (int i = 0; i < NEAR_BANDS; i++)
        free(near->buckets[i]);
    free(near->entries);
    free(near);
}

static uint32_t *bucket_of(const struct near *near, const struct near_sketch *sketch, int band)
{
    uint64_t hash = hash_fast(&sketch->at[band * ROWS], ROWS * sizeof *sketch->at, (uint64_t)band);
    return &near->buckets[band][hash & (near->buckets_count - 1)];
}

static void link_entry(struct near *near, uint32_t index)
{
    struct entry *entry = &near->entries[index];
    for (int band = 0; band < NEAR_BANDS; band++) {
        uint32_t *bucket = bucket_of(near, &entry->sketch, band);
        entry->next[band] = *bucket;
        *bucket = index + 1;
    }
}

static void grow(struct near *near)
{
    near->room = near->room ? 2 * near->room : 1024;
    near->entries = mem_grow(near->entries, near->room, sizeof *near->entries);
    near->buckets_count = 2 * near->room;
    for (int band = 0; band < NEAR_BANDS; band++) {
        free(near->buckets[band]);
        near->buckets[band] = mem_zero(near->buckets_count, sizeof **near->buckets);
    }
    for (uint32_t i = 0; i < near->count; i++)
        link_entry(near, i);
}

void near_add(struct near *near, const struct near_sketch *sketch, uint32_t tag)
{
    if (sketch->shingles == 0)
        return;
    if (near->count == near->room)
        grow(near);
    near->entries[near->count] = (struct entry){ .sketch = *sketch, .tag = tag };
    link_entry(near, near->count++);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

uint32_t near_find(
    const struct near *near, const struct near_sketch *sketch, uint32_t *ret, uint32_t most)
{
    uint32_t seen[NEAR_BANDS * NEAR_BUCKET_MAX], seen_count = 0, count = 0;
    if (near->count == 0 || sketch->shingles == 0)
        return 0;
    for (int band = 0; band < NEAR_BANDS; band++) {
        uint32_t at = *bucket_of(near, sketch, band);
        for (int i = 0; at > 0 && i < NEAR_BUCKET_MAX; i++, at = near->entries[at - 1].next[band])
            seen[seen_count++] = at - 1;
    }
    qsort(seen, seen_count, sizeof *seen, by_number);
    for (uint32_t i = 0; i < seen_count && count < most; i++)
        if ((i == 0 || seen[i] != seen[i - 1]) &&
            near_alike(&near->entries[seen[i]].sketch, sketch))
            ret[count++] = near->entries[seen[i]].tag;
    return count;
}
