/* str - views of bytes, and a buffer that grows up to a bound. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that somebody else owns; no NUL is promised. { NULL, 0 } is the empty view. */
struct str {
    const char *at;
    size_t size;
};
#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
struct str str_of(const char *text); /* NULL gives the empty view */
bool str_equal(struct str a, struct str b);
int str_compare(struct str a, struct str b); /* memcmp order, shorter first */
bool str_starts(struct str s, struct str prefix);
struct str str_trim(struct str s);                 /* without ASCII white space at both ends */
ptrdiff_t str_find(struct str s, struct str part); /* offset or -1 */
bool str_utf8(struct str s);                       /* valid UTF-8 (RFC 3629), no surrogates */
/* Of a person or a tenant: 1 to `max` ASCII letters, digits, . _ - @ */
bool str_is_name(struct str s, size_t max);
/* Decodes the character at the start of s: its length in bytes (1 to 4) and, unless NULL, its code
 * point; 0 if there is none (empty, invalid, cut short, a surrogate). */
size_t str_utf8_char(struct str s, uint32_t *ret_code);
/* Adds a code point's UTF-8 to out (at least 4 bytes) and returns its length; a surrogate gets its
 * three-byte form, which str_utf8 refuses. */
size_t str_utf8_put(char *out, uint32_t code);
/* Copies for a person's terminal: control bytes, bidi and invalid UTF-8 as \xNN or \u{NNNN};
 * newlines and tabs stay if keep_lines. Truncates to size; returns out. */
char *str_printable(char *out, size_t size, struct str s, bool keep_lines);

/* A zeroed buf is valid and has no bound; buf.max bounds it. After the bound was hit `over` is true
 * and further bytes are dropped: check once at the end. Always NUL-terminated when at != NULL. */
struct buf {
    char *at;
    size_t size, room, max;
    bool over;
};
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_add(struct buf *buf, const void *data, size_t size);
/* Room for `more` bytes behind the end, whatever the bound; the caller then raises buf->size
 * itself. */
char *buf_reserve(struct buf *buf, size_t more);
void buf_str(struct buf *buf, struct str s);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str buf_view(const struct buf *buf);
char *buf_steal(struct buf *buf); /* the bytes, NUL-terminated; the caller frees */
