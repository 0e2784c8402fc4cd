/* err - the one error type.
 * Everything is formatted into the struct itself, so that nothing here allocates. */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    int exit;
} codes[ERR_CODES] = {
    [ERR_NONE] = { "none", 0 },
    [ERR_USAGE] = { "usage", 2 },
    [ERR_INPUT] = { "input", 1 },
    [ERR_LIMIT] = { "limit", 1 },
    [ERR_DENIED] = { "denied", 1 },
    [ERR_MISSING] = { "missing", 1 },
    [ERR_STATE] = { "state", 1 },
    [ERR_VERIFY] = { "verify", 1 },
    [ERR_LACKS] = { "lacks", 4 },
    [ERR_SYS] = { "system", 1 },
    [ERR_TIMEOUT] = { "timeout", 1 },
    [ERR_PEER] = { "peer", 1 },
    [ERR_DEFECT] = { "defect", 5 },
};

/* A caller that passes NULL still gets its code through err_while and its like. */
static _Thread_local int last_code;

/* vsnprintf that does not leave half a UTF-8 character at the cut. */
static void print(char *out, size_t size, const char *format, va_list args)
{
    int n = vsnprintf(out, size, format, args);
    if (n < 0 || (size_t)n < size)
        return;
    size_t start = size - 1;
    while (start > 0 && size - start < 4 && ((unsigned char)out[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)out[start - 1] < 0xC0)
        return;
    unsigned char lead = (unsigned char)out[start - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (size - 1 - (start - 1) < want)
        out[start - 1] = '\0';
}

__attribute__((format(printf, 3, 4))) static void append(
    char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(out, size, format, args);
    va_end(args);
}

static int set(struct err *err, enum err_code code, const char *format, va_list args)
{
    assert(code > ERR_NONE && code < ERR_CODES);
    last_code = (int)code;
    if (err) {
        *err = (struct err){ .code = (int)code };
        print(err->text, sizeof(err->text), format, args);
    }
    return -(int)code;
}

static int code_of(const struct err *err)
{
    int code = err ? err->code : last_code;
    assert(code > ERR_NONE);
    return -code;
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = set(err, code, format, args);
    va_end(args);
    return rc;
}

int err_sys(struct err *err, const char *format, ...)
{
    int sys = errno;
    va_list args;
    va_start(args, format);
    int rc = set(err, ERR_SYS, format, args);
    va_end(args);
    if (!err)
        return rc;
    err->sys = sys;
    /* strerror would take a lock and the locale; this is a plain table. */
    const char *why = strerrordesc_np(sys) ? strerrordesc_np(sys) : "unknown error";
    /* A long path must not push out the reason. */
    size_t size = strnlen(err->text, sizeof(err->text) - strlen(why) - sizeof(": "));
    append(err->text + size, sizeof(err->text) - size, ": %s", why);
    return rc;
}

int err_while(struct err *err, const char *format, ...)
{
    if (!err)
        return code_of(err);
    char old[sizeof(err->text)];
    memcpy(old, err->text, sizeof(old));
    va_list args;
    va_start(args, format);
    print(err->text, sizeof(err->text), format, args);
    va_end(args);
    size_t size = strlen(err->text);
    append(err->text + size, sizeof(err->text) - size, ": %s", old);
    return code_of(err);
}

int err_where(struct err *err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        print(err->where, sizeof(err->where), format, args);
        va_end(args);
    }
    return code_of(err);
}

int err_hint(struct err *err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        print(err->hint, sizeof(err->hint), format, args);
        va_end(args);
    }
    return code_of(err);
}

bool err_full(const struct err *err)
{
    static const int full[] = { EMFILE, ENFILE, EAGAIN, ENOMEM };
    if (!err || (err->code != ERR_SYS && err->code != ERR_LACKS))
        return false;
    for (size_t i = 0; i < sizeof full / sizeof full[0]; i++)
        if (err->sys == full[i])
            return true;
    return false;
}

const char *err_word(int code)
{
    return code >= 0 && code < ERR_CODES ? codes[code].word : "unknown";
}

int err_exit(int code)
{
    return code >= 0 && code < ERR_CODES ? codes[code].exit : codes[ERR_DEFECT].exit;
}
