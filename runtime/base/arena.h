/* arena - memory that ends with a turn, a request or a case.
 * Allocation never fails (see mem.h); everything is freed at once. Not for several threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *first, *last; /* zeroed struct: valid and empty */
    size_t used;                      /* bytes handed out */
    size_t block;                     /* bytes of each block; 0: as many as a turn wants */
};

void arena_done(struct arena *arena);  /* frees all; the arena is empty and usable again */
void arena_reset(struct arena *arena); /* empties, keeps the blocks for the next use */
void *arena_alloc(struct arena *arena, size_t size); /* 16-byte aligned, cleared */
void *arena_take(struct arena *arena, size_t size);  /* the same, not cleared */
/* Makes an allocation larger or smaller: in place when it is the newest one and its block has room,
 * else as an uncleared copy. old may be NULL with old_size 0. */
void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_string(struct arena *arena, const char *data, size_t size); /* copy with NUL behind */
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A mark to go back to: what was allocated after it is given up (a hook's rollback). */
struct arena_mark {
    struct arena_block *block;
    size_t block_used, used;
};
struct arena_mark arena_mark(const struct arena *arena);
void arena_release(struct arena *arena, struct arena_mark mark);
