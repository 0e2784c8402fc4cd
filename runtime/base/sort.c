/* sort - merges runs of 1, 2, 4, ... elements to and fro between the array and a second one. */
#include "base/sort.h"

#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

struct sorting {
    size_t size;
    int (*compare)(const void *a, const void *b);
};

/* [from, middle) and [middle, to) of `in`, each in order, become [from, to) of `out`. */
static void merge(
    const struct sorting *s, const char *in, char *out, size_t from, size_t middle, size_t to)
{
    size_t left = from, right = middle;
    for (size_t at = from; at < to; at++) {
        bool take_left = right == to || (left < middle && s->compare(in + left * s->size,
                                                              in + right * s->size) <= 0);
        memcpy(out + at * s->size, in + (take_left ? left++ : right++) * s->size, s->size);
    }
}

void sort(void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
    const struct sorting s = { size, compare };
    if (count < 2)
        return;
    CLEANUP(mem_freep) char *other = mem_grow(NULL, count, size);
    char *in = base, *out = other;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t from = 0; from < count; from += 2 * run) {
            size_t middle = from + run < count ? from + run : count;
            size_t to = from + 2 * run < count ? from + 2 * run : count;
            merge(&s, in, out, from, middle, to);
        }
        char *swap = in;
        in = out;
        out = swap;
    }
    if (in != base)
        memcpy(base, in, count * size);
}
