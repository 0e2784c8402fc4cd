/* state - graders of what a run left behind: the tools' state, and the workspace.
 *
 * A place in a state is a JSON pointer (RFC 6901). A file is opened one part of its path at a time
 * and no link is followed: the run wrote that folder, and a link would lead the grader out of it.
 */
#include "trials/grade/grade.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20, PART_MAX = 256 };

static void same_digest(
    struct grade_result *ret, struct str wanted, const struct digest *got, const char *what)
{
    char hex[DIGEST_HEX];
    if (!str_equal(wanted, str_of(hash_hex(hex, got))))
        grade_say(ret, GRADE_BROKEN, "the %s is %s", what, hex);
}

/* --- the tools' state */

static const struct json *element(const struct json *list, struct str part)
{
    uint32_t index = 0;
    if (part.size == 0 || part.size > 9 || (part.size > 1 && part.at[0] == '0'))
        return NULL;
    for (size_t i = 0; i < part.size; i++) {
        if (part.at[i] < '0' || part.at[i] > '9')
            return NULL;
        index = 10 * index + (uint32_t)(part.at[i] - '0');
    }
    const struct json *item = json_first(list);
    for (; item && index > 0; index--)
        item = json_next(list, item);
    return item;
}

/* ~1 is a slash, ~0 a tilde. */
static struct str unescape(char *out, struct str part)
{
    size_t size = 0;
    for (size_t i = 0; i < part.size && size < PART_MAX; i++) {
        bool escape = part.at[i] == '~' && i + 1 < part.size;
        out[size++] = !escape ? part.at[i] : part.at[++i] == '1' ? '/' : '~';
    }
    return (struct str){ out, size };
}

static const struct json *at_pointer(const struct json *value, struct str path)
{
    char name[PART_MAX];
    for (size_t from = 1; value && from <= path.size; from++) {
        size_t to = from;
        while (to < path.size && path.at[to] != '/')
            to++;
        struct str part = unescape(name, (struct str){ path.at + from, to - from });
        value = json_is(value, JSON_ARRAY) ? element(value, part) : json_get_str(value, part);
        from = to;
    }
    return value;
}

void grade_state(
    struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    if (!grade_knows(ret, facts, FACTS_STATE, "the tools' state"))
        return;
    if (grade->digest.size > 0) {
        same_digest(ret, grade->digest, &facts->state_digest, "state");
        return;
    }
    if (!facts->state) {
        grade_say(ret, GRADE_UNKNOWN, "of the tools' state only the digest is known");
        return;
    }
    const struct json *value = at_pointer(facts->state, grade->path);
    const struct grade_shown path = grade_show(grade->path);
    if (grade->absent) {
        if (value)
            grade_say(ret, GRADE_BROKEN, "%s is there: %s", path.text, grade_show(value->raw).text);
        return;
    }
    if (!value)
        grade_say(ret, GRADE_BROKEN, "%s is not there", path.text);
    else if (!json_equal(value, grade->equals))
        grade_say(ret, GRADE_BROKEN, "%s is %s", path.text, grade_show(value->raw).text);
}

/* --- the workspace */

/* The file, -1: there is none; else a negated ERR_ code. */
static int open_inside(const char *folder, struct str path, int *ret_fd)
{
    char part[PART_MAX];
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t from = 0; fd >= 0 && from < path.size;) {
        const char *slash = memchr(path.at + from, '/', path.size - from);
        size_t size = slash ? (size_t)(slash - path.at) - from : path.size - from;
        if (size >= sizeof part) {
            close(fd);
            return -ERR_LIMIT;
        }
        memcpy(part, path.at + from, size);
        part[size] = '\0';
        int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (slash ? O_DIRECTORY : 0);
        int inner = openat(fd, part, flags);
        close(fd);
        fd = inner;
        from += size + 1;
    }
    *ret_fd = fd;
    return fd >= 0 || errno == ENOENT || errno == ENOTDIR ? 0 : -ERR_SYS;
}

/* 1: it is there and in text; 0: it is not; a negated ERR_ code: nobody can say. */
static int read_inside(struct buf *text, const char *folder, struct str path)
{
    CLEANUP(fd_closep) int fd = -1;
    struct stat stat;
    int rc = open_inside(folder, path, &fd);
    if (rc < 0 || fd < 0)
        return rc;
    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode))
        return -ERR_INPUT;
    rc = read_to_end(fd, text, FILE_MAX, NULL);
    return rc < 0 ? rc : 1;
}

static void compare_text(
    struct grade_result *ret, const struct case_grade *grade, struct str text, struct arena *arena)
{
    const struct grade_shown path = grade_show(grade->path);
    if (grade->equals && !str_equal(text, json_string(arena, grade->equals))) {
        grade_say(ret, GRADE_BROKEN, "%s is another text", path.text);
        return;
    }
    for (uint32_t i = 0; i < grade->has_count; i++)
        if (str_find(text, grade->has[i]) < 0)
            grade_say(
                ret, GRADE_BROKEN, "%s lacks \"%s\"", path.text, grade_show(grade->has[i]).text);
    for (uint32_t i = 0; i < grade->lacks_count; i++)
        if (str_find(text, grade->lacks[i]) >= 0)
            grade_say(
                ret, GRADE_BROKEN, "%s has \"%s\"", path.text, grade_show(grade->lacks[i]).text);
}

void grade_workspace(
    struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct digest digest;
    struct err err = { 0 };
    if (!grade_knows(ret, facts, FACTS_WORKSPACE, "the workspace"))
        return;
    if (grade->digest.size > 0) {
        if (facts_workspace_digest(&digest, facts->workspace, &err) < 0)
            grade_say(ret, GRADE_UNKNOWN, "%.180s", err.text);
        else
            same_digest(ret, grade->digest, &digest, "workspace");
        return;
    }
    const struct grade_shown path = grade_show(grade->path);
    int found = read_inside(&text, facts->workspace, grade->path);
    if (grade->absent) {
        if (found != 0)
            grade_say(ret, GRADE_BROKEN, "%s is there", path.text);
    } else if (found < 0) {
        grade_say(ret, GRADE_UNKNOWN, "%s is no file of at most %d bytes", path.text, FILE_MAX);
    } else if (found == 0) {
        grade_say(ret, GRADE_BROKEN, "%s is not there", path.text);
    } else {
        compare_text(ret, grade, buf_view(&text), &arena);
    }
}
