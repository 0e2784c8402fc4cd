/* buf - the growing half of str.h: bytes that are put together, up to a bound. */
#include "base/str.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_done(struct buf *buf)
{
    if (!buf)
        return;
    free(buf->at);
    *buf = (struct buf){ .max = buf->max };
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->over = false;
    if (buf->at)
        buf->at[0] = '\0';
}

char *buf_reserve(struct buf *buf, size_t more)
{
    assert(more < SIZE_MAX / 4 && buf->size < SIZE_MAX / 4);
    size_t need = buf->size + more + 1;
    if (need > buf->room) {
        size_t room = buf->room * 2 > 64 ? buf->room * 2 : 64;
        buf->room = need > room ? need : room;
        buf->at = mem_grow(buf->at, buf->room, 1);
    }
    return buf->at + buf->size;
}

/* How many of `size` more bytes the bound admits. */
static size_t admitted(struct buf *buf, size_t size)
{
    if (buf->over)
        return 0;
    if (buf->max == 0 || (buf->size <= buf->max && size <= buf->max - buf->size))
        return size;
    buf->over = true;
    return buf->max > buf->size ? buf->max - buf->size : 0;
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
    size = admitted(buf, size);
    char *to = buf_reserve(buf, size);
    if (size > 0)
        memcpy(to, data, size);
    to[size] = '\0';
    buf->size += size;
}

void buf_str(struct buf *buf, struct str s)
{
    buf_add(buf, s.at, s.size);
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    assert(n >= 0);
    char *to = buf_reserve(buf, (size_t)n);
    vsnprintf(to, (size_t)n + 1, format, again);
    size_t size = admitted(buf, (size_t)n);
    to[size] = '\0';
    buf->size += size;
    va_end(again);
    va_end(args);
}

struct str buf_view(const struct buf *buf)
{
    return (struct str){ buf->at, buf->size };
}

char *buf_steal(struct buf *buf)
{
    char *text = buf->at ? STEAL(buf->at) : mem_string("");
    *buf = (struct buf){ .max = buf->max };
    return text;
}
