/* arena - memory that ends with a turn, a request or a case.
 * A list of blocks, of which `last` is the one in use. The blocks behind it are empty ones kept by
 * arena_reset: work that repeats soon needs no malloc at all. One that turns out too small is
 * replaced, not skipped, so that odd sizes do not make the list grow for ever.
 *
 * A few blocks of arenas that ended wait for the next one: most arenas live for one message, and a
 * malloc of this size, with the free that gives it back, costs more than what is done in it. */
#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

enum {
    BLOCK_SIZE = 32 * 1024,
    ALIGN = 16,
#ifdef SANITIZED
    SPARES = 0, /* what an arena gave up must stay forbidden */
#else
    SPARES = 8,
#endif
};

struct arena_block {
    struct arena_block *next;
    size_t room, used;
    _Alignas(ALIGN) char at[];
};

static _Thread_local struct arena_block *spare;
static _Thread_local unsigned spares;

static size_t aligned(size_t size)
{
    assert(size <= SIZE_MAX - ALIGN);
    return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct arena_block *block_new(const struct arena *arena, size_t size)
{
    size_t least = arena->block ? arena->block : BLOCK_SIZE, room = size > least ? size : least;
    assert(room <= SIZE_MAX - sizeof(struct arena_block));
    struct arena_block *block = room == BLOCK_SIZE ? spare : NULL;
    if (block) {
        spare = block->next;
        spares--;
    } else {
        block = mem_alloc(sizeof(struct arena_block) + room);
    }
    block->next = NULL;
    block->room = room;
    block->used = 0;
    return block;
}

static void block_free(struct arena_block *block)
{
    if (block->room != BLOCK_SIZE || spares == SPARES) {
        free(block);
        return;
    }
    block->next = spare;
    spare = block;
    spares++;
}

/* Makes `last` a block with at least size bytes free. */
static struct arena_block *next_block(struct arena *arena, size_t size)
{
    struct arena_block **link = arena->last ? &arena->last->next : &arena->first;
    if (!*link) {
        *link = block_new(arena, size);
    } else if ((*link)->room < size) {
        struct arena_block *small = *link;
        *link = block_new(arena, size);
        (*link)->next = small->next;
        block_free(small);
    }
    (*link)->used = 0;
    arena->last = *link;
    return arena->last;
}

void arena_done(struct arena *arena)
{
    if (!arena)
        return;
    for (struct arena_block *block = arena->first; block;) {
        struct arena_block *next = block->next;
        block_free(block);
        block = next;
    }
    *arena = (struct arena){ .block = arena->block };
}

void arena_reset(struct arena *arena)
{
    arena_release(arena, (struct arena_mark){ 0 });
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t step = aligned(size ? size : 1);
    struct arena_block *block = arena->last;
    if (!block || block->room - block->used < step)
        block = next_block(arena, step);
    void *memory = block->at + block->used;
    block->used += step;
    arena->used += step;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(arena_take(arena, size), 0, size);
}

void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t size)
{
    if (!old)
        return arena_take(arena, size);
    struct arena_block *block = arena->last;
    size_t old_step = aligned(old_size ? old_size : 1), step = aligned(size ? size : 1);
    bool newest = (char *)old + old_step == block->at + block->used;
    if (newest && step <= block->room - block->used + old_step) {
        block->used = block->used - old_step + step;
        arena->used = arena->used - old_step + step;
        return old;
    }
    if (step <= old_step)
        return old;
    return memcpy(arena_take(arena, size), old, old_size);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    void *copy = arena_take(arena, size);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

char *arena_string(struct arena *arena, const char *data, size_t size)
{
    char *text = arena_take(arena, size + 1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    assert(n >= 0);
    char *text = arena_take(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){
        .block = arena->last,
        .block_used = arena->last ? arena->last->used : 0,
        .used = arena->used,
    };
}

void arena_release(struct arena *arena, struct arena_mark mark)
{
    if (mark.block)
        mark.block->used = mark.block_used;
    arena->last = mark.block;
    arena->used = mark.used;
}
