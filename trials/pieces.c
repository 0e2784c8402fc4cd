/* pieces - cuts a file into the texts of its runs: lines, or the elements of an array.
 *
 * Lines are told apart without looking at JSON, so that one broken run does not take the next
 * along. An array (a tau result as the benchmark writes it) has no such marks: its elements are
 * found by counting brackets outside of strings. zlib reads plain files as well. */
#include "trials/import.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CHUNK = 1 << 18 };
enum form { FORM_LINES, FORM_ARRAY, FORM_OBJECTS };
enum state { IN_FILE, BETWEEN, IN_PIECE, AT_END };

struct pieces {
    gzFile file;
    char *name;
    char where[160];
    unsigned number;
    enum form form;
    enum state state;
    struct buf text; /* the piece so far */
    bool dropping;   /* it is over its bound: its rest is read and dropped */
    bool in_string, escaped;
    unsigned depth; /* open brackets, the array's own not counted */
    unsigned deepest;
    bool broken;     /* the stream ended with an error: said once */
    size_t at, size; /* of chunk */
    char chunk[CHUNK];
};

int pieces_open(struct pieces **ret, const char *path, struct err *err)
{
    gzFile file = gzopen(path, "rbe");
    if (!file)
        return errno == ENOENT ? err_set(err, ERR_MISSING, "no such file: %s", path)
                               : err_sys(err, "open %s", path);
    struct pieces *pieces = mem_zero(1, sizeof(*pieces));
    const char *slash = strrchr(path, '/');
    pieces->name = mem_string(slash ? slash + 1 : path);
    pieces->file = file;
    pieces->text.max = IMPORT_RUN_MAX;
    gzbuffer(file, CHUNK);
    *ret = pieces;
    return 0;
}

void pieces_free(struct pieces *pieces)
{
    if (!pieces)
        return;
    gzclose(pieces->file);
    buf_done(&pieces->text);
    free(pieces->name);
    free(pieces);
}

void pieces_freep(struct pieces **pieces)
{
    pieces_free(*pieces);
}

const char *pieces_where(const struct pieces *pieces)
{
    return pieces->where;
}

static void place(struct pieces *pieces)
{
    snprintf(pieces->where, sizeof(pieces->where), "%.120s:%u", pieces->name, pieces->number);
}

/* More bytes; 0 at the end, an error once when the stream is cut or damaged. */
static int fill(struct pieces *pieces, struct err *err)
{
    pieces->at = pieces->size = 0;
    if (pieces->broken)
        return 0;
    int got = gzread(pieces->file, pieces->chunk, CHUNK);
    int code = Z_OK;
    const char *why = gzerror(pieces->file, &code);
    if (got > 0) {
        pieces->size = (size_t)got;
        return 1;
    }
    pieces->broken = true;
    if (got == 0 && code == Z_OK)
        return 0;
    pieces->state = AT_END;
    pieces->number += pieces->text.size == 0;
    place(pieces);
    if (code == Z_BUF_ERROR || got == 0)
        err_set(err, ERR_INPUT, "the gzip data ends early: the file is cut short");
    else
        err_set(err, ERR_INPUT, "damaged gzip data: %s", code == Z_ERRNO ? strerror(errno) : why);
    return err_where(err, "%s", pieces->where);
}

static void start(struct pieces *pieces)
{
    pieces->state = IN_PIECE;
    pieces->dropping = pieces->in_string = pieces->escaped = false;
    pieces->depth = pieces->deepest = 0;
    buf_clear(&pieces->text);
    pieces->text.over = false;
    pieces->number++;
    place(pieces);
}

static void add(struct pieces *pieces, const char *from, size_t size)
{
    if (pieces->dropping)
        return;
    buf_add(&pieces->text, from, size);
    pieces->dropping = pieces->text.over;
}

static int finish(struct pieces *pieces, struct str *ret, struct err *err)
{
    bool over = pieces->dropping;
    pieces->state = BETWEEN;
    if (pieces->deepest > IMPORT_DEPTH_MAX)
        err_set(err, ERR_LIMIT, "nests deeper than %d", IMPORT_DEPTH_MAX);
    else if (over)
        err_set(err, ERR_LIMIT, "one run is larger than %d MiB", IMPORT_RUN_MAX >> 20);
    else {
        *ret = buf_view(&pieces->text);
        return 1;
    }
    buf_done(&pieces->text); /* not kept at that size for the small ones to come */
    pieces->text.max = IMPORT_RUN_MAX;
    err_hint(err, "split the file, or leave that run out");
    return err_where(err, "%s", pieces->where);
}

/* A line, without looking into it. 1: done. */
static int line_bytes(struct pieces *pieces)
{
    const char *from = pieces->chunk + pieces->at;
    size_t left = pieces->size - pieces->at;
    const char *end = memchr(from, '\n', left);
    size_t size = end ? (size_t)(end - from) : left;
    if (pieces->state != IN_PIECE)
        start(pieces);
    add(pieces, from, size);
    pieces->at += size + (end != NULL);
    return end != NULL;
}

/* One byte of an element. 1: it was the last. */
static int element_byte(struct pieces *pieces, char c)
{
    if (pieces->in_string) {
        if (pieces->escaped)
            pieces->escaped = false;
        else if (c == '\\')
            pieces->escaped = true;
        else if (c == '"')
            pieces->in_string = false;
        return 0;
    }
    if (c == '"')
        pieces->in_string = true;
    if (c == '{' || c == '[')
        pieces->depth++;
    if (pieces->depth > pieces->deepest)
        pieces->deepest = pieces->depth;
    if (c == '}' || c == ']')
        pieces->depth -= pieces->depth > 0;
    return pieces->depth == 0 && (c == '}' || c == ']');
}

/* Over what says nothing here: in a string all but its end and escapes, elsewhere all but quotes
 * and brackets. */
static void skip_plain(struct pieces *pieces)
{
    enum { OUTSIDE = 1, INSIDE = 2 };
    static const uint8_t marks[256] = { ['"'] = OUTSIDE | INSIDE,
        ['\\'] = INSIDE,
        ['{'] = OUTSIDE,
        ['}'] = OUTSIDE,
        ['['] = OUTSIDE,
        [']'] = OUTSIDE };
    const uint64_t ones = 0x0101010101010101u, high = ones * 0x80;
    const char *at = pieces->chunk + pieces->at, *end = pieces->chunk + pieces->size;
    uint8_t mark = pieces->in_string ? INSIDE : OUTSIDE;
    for (uint64_t w; pieces->in_string && end - at >= 8; at += 8) {
        memcpy(&w, at, 8);
        uint64_t quote = w ^ ones * '"', escape = w ^ ones * '\\';
        if ((((quote - ones) & ~quote) | ((escape - ones) & ~escape)) & high)
            break;
    }
    while (at < end && !(marks[(unsigned char)*at] & mark))
        at++;
    pieces->at = (size_t)(at - pieces->chunk);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

/* 1: an element is complete; 2: the array ended; -1: something else than objects. */
static int element_bytes(struct pieces *pieces)
{
    if (pieces->state != IN_PIECE) {
        while (pieces->at < pieces->size && blank(pieces->chunk[pieces->at]))
            pieces->at++;
        if (pieces->at == pieces->size)
            return 0;
        if (pieces->chunk[pieces->at] == ']' && pieces->form == FORM_ARRAY)
            return 2;
        start(pieces);
        if (pieces->chunk[pieces->at] != '{')
            return -1;
    }
    size_t from = pieces->at;
    int done = 0;
    while (pieces->at < pieces->size && !done) {
        if (!pieces->escaped)
            skip_plain(pieces);
        if (pieces->at < pieces->size)
            done = element_byte(pieces, pieces->chunk[pieces->at++]);
    }
    add(pieces, pieces->chunk + from, pieces->at - from);
    return done;
}

/* What the file is, by its name and first byte: lines, an array, or objects behind one another. */
static int find_form(struct pieces *pieces, struct err *err)
{
    int status = fill(pieces, err);
    if (status <= 0)
        return status;
    size_t at = 0;
    while (at < pieces->size && blank(pieces->chunk[at]))
        at++;
    bool whole = strstr(pieces->name, ".json") || strstr(pieces->name, ".traj");
    pieces->form = whole && !strstr(pieces->name, ".jsonl") ? FORM_OBJECTS : FORM_LINES;
    if (pieces->form == FORM_OBJECTS && at < pieces->size && pieces->chunk[at] == '[') {
        pieces->form = FORM_ARRAY;
        pieces->at = at + 1;
    }
    pieces->state = BETWEEN;
    return 1;
}

static int end_of_file(struct pieces *pieces, struct str *ret, struct err *err)
{
    bool open = pieces->state == IN_PIECE, lines = pieces->form == FORM_LINES;
    pieces->state = AT_END;
    if (open && lines) {
        int status = finish(pieces, ret, err);
        pieces->state = AT_END;
        return status;
    }
    if (lines || (!open && pieces->form == FORM_OBJECTS))
        return 0;
    pieces->number += !open;
    place(pieces);
    err_set(err, ERR_INPUT, "a bracket is not closed: the file is cut short");
    return err_where(err, "%s", pieces->where);
}

int pieces_next(struct pieces *pieces, struct str *ret, struct err *err)
{
    if (pieces->state == IN_FILE) {
        int status = find_form(pieces, err);
        if (status <= 0) {
            pieces->state = AT_END;
            return status;
        }
    }
    while (pieces->state != AT_END) {
        if (pieces->at == pieces->size) {
            int status = fill(pieces, err);
            if (status < 0)
                return status;
            if (status == 0)
                return end_of_file(pieces, ret, err);
        }
        int done = pieces->form == FORM_LINES ? line_bytes(pieces) : element_bytes(pieces);
        if (done == 1) {
            int status = finish(pieces, ret, err);
            if (status < 0 || str_trim(*ret).size > 0)
                return status;
        } else if (done == 2) {
            pieces->state = AT_END;
        } else if (done < 0) {
            pieces->state = AT_END;
            err_set(err, ERR_INPUT, "what stands here is no object, so no run");
            return err_where(err, "%s", pieces->where);
        }
    }
    return 0;
}
