/* mem - malloc that aborts, and the cleanup attribute.
 * Sizes from outside are checked before they get here; running out of memory after that ends the
 * process, since workers are replaceable and the journal is on disk. */
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1))); /* not cleared */
void *mem_zero(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2))); /* cleared */
void *mem_grow(void *old, size_t count, size_t size); /* checked realloc */
void *mem_copy(const void *data, size_t size);
char *mem_string(const char *text); /* strdup */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2), malloc));

/* CLEANUP(fn) runs fn(&variable) when the variable leaves scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
void mem_freep(void *pointer_to_pointer); /* free(*(void **)p) */
/* Takes the pointer out of a CLEANUP variable. */
#define STEAL(p)                                                                                   \
    ({                                                                                             \
        __typeof__(p) steal_ = (p);                                                                \
        (p) = NULL;                                                                                \
        steal_;                                                                                    \
    })
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
