/* principal - see principal.h.
 *
 * What a client sends is hashed and held against every line, whichever fits: the time that an
 * answer takes says nothing about a token, nor where it stands. */
#include "broker/principal.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_BYTES_MAX = 1 << 20,
    TOKENS_MAX = 4096,
    TOKEN_MIN = 16, /* what is shorter can be guessed */
    TOKEN_MAX = 512,
    NAME_MAX_ = 63
};

struct principals {
    struct token {
        struct digest digest;
        char name[NAME_MAX_ + 1];
        bool operates;
    } * list;
    uint32_t count;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The first word; *rest is what stands behind it. */
static struct str word(struct str text, struct str *rest)
{
    size_t size = 0;
    while (size < text.size && !is_blank(text.at[size]))
        size++;
    *rest = str_trim((struct str){ text.at + size, text.size - size });
    return (struct str){ text.at, size };
}

static bool token_ok(struct str token)
{
    for (size_t i = 0; i < token.size; i++)
        if (token.at[i] <= 0x20 || token.at[i] > 0x7e)
            return false;
    return token.size >= TOKEN_MIN && token.size <= TOKEN_MAX;
}

static const struct token *find(const struct principals *principals, const struct digest *digest)
{
    const struct token *found = NULL;
    for (uint32_t i = 0; i < principals->count; i++)
        if (hash_equal(&principals->list[i].digest, digest))
            found = &principals->list[i];
    return found;
}

/* An error never shows the line: it may hold a secret. */
static int read_line(struct principals *principals, struct str line, struct err *err)
{
    struct str rest, token = word(str_trim(line), &rest), name = word(rest, &rest);
    if (token.size == 0 || token.at[0] == '#')
        return 0;
    if (!token_ok(token))
        return err_set(err, ERR_INPUT, "a token has %d to %d printable bytes without blanks",
            TOKEN_MIN, TOKEN_MAX);
    bool operates = str_equal(rest, STR("operator"));
    if (!str_is_name(name, NAME_MAX_) || (rest.size > 0 && !operates))
        return err_set(err, ERR_INPUT,
            "behind a token stands a principal: 1 to %d letters, digits, . _ - @; then `operator`, "
            "or nothing",
            NAME_MAX_);
    struct digest digest = hash_of(token);
    if (find(principals, &digest))
        return err_set(err, ERR_INPUT, "the token stands twice");
    if (principals->count == TOKENS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d tokens", TOKENS_MAX);
    principals->list = mem_grow(principals->list, principals->count + 1, sizeof *principals->list);
    struct token *one = &principals->list[principals->count++];
    *one = (struct token){ .digest = digest, .operates = operates };
    memcpy(one->name, name.at, name.size);
    return 0;
}

static int read_lines(
    struct principals *principals, struct str text, const char *path, struct err *err)
{
    unsigned number = 1;
    while (text.size > 0) {
        const char *end = memchr(text.at, '\n', text.size);
        size_t size = end ? (size_t)(end - text.at) : text.size;
        int rc = read_line(principals, (struct str){ text.at, size }, err);
        if (rc < 0)
            return err_where(err, "%.100s:%u", path, number);
        size += end ? 1 : 0;
        text = (struct str){ text.at + size, text.size - size };
        number++;
    }
    return 0;
}

/* Looked at and read through one descriptor: it cannot be another file in between. */
static int read_own(struct buf *ret, const char *path, struct err *err)
{
    struct stat stat;
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? err_set(err, ERR_MISSING, "no file %s", path)
                               : err_sys(err, "%s", path);
    if (fstat(fd, &stat) < 0)
        return err_sys(err, "%s", path);
    if (!S_ISREG(stat.st_mode) || stat.st_uid != geteuid() || (stat.st_mode & 077)) {
        err_set(err, ERR_DENIED, "%s is not a file that its owner alone can read", path);
        return err_hint(err, "chmod 600, and be its owner");
    }
    return read_to_end(fd, ret, FILE_BYTES_MAX, err);
}

static void forget(struct buf *text)
{
    if (text->at)
        explicit_bzero(text->at, text->size);
    buf_done(text);
}

int principals_read(
    struct principals **ret, const struct home *home, const char *path, struct err *err)
{
    CLEANUP(forget) struct buf text = { 0 };
    char full[PATH_MAX];
    struct principals *principals = mem_zero(1, sizeof *principals);
    int rc = path ? read_own(&text, home_path(full, home, path), err) : 0;
    if (rc >= 0 && path)
        rc = read_lines(principals, buf_view(&text), path, err);
    if (rc < 0) {
        principals_free(principals);
        return rc;
    }
    *ret = principals;
    return 0;
}

void principals_free(struct principals *principals)
{
    if (!principals)
        return;
    mem_freep(&principals->list);
    mem_freep(&principals);
}

struct principal principals_find(const struct principals *principals, struct str credential)
{
    static const char scheme[] = "Bearer";
    struct str token = str_trim(credential), rest;
    if (token.size > sizeof scheme && strncasecmp(token.at, scheme, sizeof scheme - 1) == 0 &&
        is_blank(token.at[sizeof scheme - 1])) {
        word(token, &rest);
        token = rest;
    }
    struct digest digest = hash_of(token);
    const struct token *found = find(principals, &digest);
    return found ? (struct principal){ str_of(found->name), found->operates }
                 : (struct principal){ 0 };
}
