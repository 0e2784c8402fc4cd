/* files - read_file, write_file, edit_file. */
#include "base/mem.h"
#include "tool/builtin.h"

#include <string.h>

enum { SHOWN_BYTES_MAX = 192 << 10, LINES_DEFAULT = 2000, PATH_SHOWN = 200 };

/* Behind the newline of the line before; text.size if there are not so many. */
static size_t line_start(struct str text, int64_t line)
{
    size_t at = 0;
    for (int64_t i = 1; i < line && at < text.size; i++) {
        const char *end = memchr(text.at + at, '\n', text.size - at);
        at = end ? (size_t)(end - text.at) + 1 : text.size;
    }
    return at;
}

static int64_t count_lines(struct str text)
{
    int64_t lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.at[i] == '\n';
    return lines + (text.size > 0 && text.at[text.size - 1] != '\n');
}

/* Cut behind a whole line if there is one, else behind a whole character. */
static struct str cut_to_bound(struct str part)
{
    if (part.size <= SHOWN_BYTES_MAX)
        return part;
    part.size = SHOWN_BYTES_MAX;
    const char *end = memrchr(part.at, '\n', part.size);
    if (end)
        part.size = (size_t)(end - part.at) + 1;
    else
        while (part.size > 0 && ((unsigned char)part.at[part.size] & 0xc0) == 0x80)
            part.size--;
    return part;
}

static void print_part(struct buf *out, struct str text, struct str part, int64_t offset)
{
    size_t behind = (size_t)(part.at - text.at) + part.size;
    int64_t shown = count_lines(part), all = count_lines(text);
    buf_str(out, part);
    if (text.size == 0)
        buf_text(out, "[the file is empty]");
    if (behind == text.size)
        return;
    if (part.at[part.size - 1] == '\n')
        buf_format(out, "[lines %lld to %lld of %lld; go on with offset %lld]", (long long)offset,
            (long long)(offset + shown - 1), (long long)all, (long long)(offset + shown));
    else
        buf_format(
            out, "\n[line %lld is cut here; use shell to see more of it]", (long long)offset);
}

int tool_read(struct builtin *builtin, const struct builtin_value *values, struct err *err)
{
    CLEANUP(buf_done) struct buf file = { 0 };
    int64_t offset = values[1].given ? values[1].number : 1;
    int64_t limit = values[2].given ? values[2].number : LINES_DEFAULT;
    int rc = builtin_load(builtin, values[0].text, &file, err);
    if (rc < 0)
        return rc;
    struct str text = buf_view(&file);
    size_t from = line_start(text, offset);
    if (from == text.size && offset > 1)
        return err_set(
            err, ERR_INPUT, "the file has only %lld lines", (long long)count_lines(text));
    struct str rest = { text.at + from, text.size - from };
    print_part(&builtin->text, text,
        cut_to_bound((struct str){ rest.at, line_start(rest, limit + 1) }), offset);
    return 0;
}

static void say(struct builtin *builtin, const char *what, struct str path)
{
    char shown[PATH_SHOWN];
    buf_format(&builtin->text, "%s %s", what, str_printable(shown, sizeof shown, path, false));
}

int tool_write(struct builtin *builtin, const struct builtin_value *values, struct err *err)
{
    bool new;
    int rc = builtin_store(builtin, values[0].text, values[1].text, &new, err);
    if (rc < 0)
        return rc;
    say(builtin, new ? "made" : "replaced", values[0].text);
    buf_format(&builtin->text, " (%zu bytes)", values[1].text.size);
    return 0;
}

static unsigned count_places(struct str text, struct str old, size_t *ret_first)
{
    unsigned count = 0;
    for (size_t at = 0;;) {
        ptrdiff_t found = str_find((struct str){ text.at + at, text.size - at }, old);
        if (found < 0)
            return count;
        if (count++ == 0)
            *ret_first = at + (size_t)found;
        at += (size_t)found + old.size;
    }
}

static void replace_all(struct buf *out, struct str text, struct str old, struct str new)
{
    for (size_t at = 0;;) {
        struct str rest = { text.at + at, text.size - at };
        ptrdiff_t found = str_find(rest, old);
        buf_add(out, rest.at, found < 0 ? rest.size : (size_t)found);
        if (found < 0)
            return;
        buf_str(out, new);
        at += (size_t)found + old.size;
    }
}

static int check_places(unsigned count, bool all, struct err *err)
{
    if (count == 0) {
        err_set(err, ERR_INPUT, "the old text does not stand in the file");
        return err_hint(
            err, "it must be exact, blanks and line ends included: read the file again");
    }
    if (count == 1 || all)
        return 0;
    err_set(err, ERR_INPUT, "the old text stands in the file %u times", count);
    return err_hint(err, "give more of the lines around it, or all: true to replace every one");
}

int tool_edit(struct builtin *builtin, const struct builtin_value *values, struct err *err)
{
    CLEANUP(buf_done) struct buf file = { 0 }, changed = { .max = TEXT_FILE_MAX };
    struct str path = values[0].text, old = values[1].text, new = values[2].text;
    size_t first = 0;
    if (old.size == 0)
        return err_set(err, ERR_INPUT, "old is empty; write_file writes a whole file");
    if (str_equal(old, new))
        return err_set(err, ERR_INPUT, "old and new are the same");
    int rc = builtin_load(builtin, path, &file, err);
    if (rc < 0)
        return rc;
    struct str text = buf_view(&file);
    unsigned count = count_places(text, old, &first);
    if ((rc = check_places(count, values[3].flag, err)) < 0)
        return rc;
    replace_all(&changed, text, old, new);
    if (changed.over)
        return err_set(err, ERR_LIMIT, "the file would be larger than %d MiB", TEXT_FILE_MAX >> 20);
    if ((rc = builtin_store(builtin, path, buf_view(&changed), NULL, err)) < 0)
        return rc;
    say(builtin, "edited", path);
    buf_format(&builtin->text, ": %u place%s, the first in line %lld", count, count == 1 ? "" : "s",
        (long long)count_lines((struct str){ text.at, first + 1 }));
    return 0;
}
