/* redact - see redact.h. */
#include "broker/redact.h"

#include <string.h>

void redact_done(struct redact *redact)
{
    buf_done(&redact->held);
    buf_done(&redact->out);
}

void redact_bytes(struct str secret, char *at, size_t size)
{
    if (secret.size < REDACT_MIN)
        return;
    for (char *found; (found = memmem(at, size, secret.at, secret.size)) != NULL;) {
        memset(found, '*', secret.size);
        size -= (size_t)(found - at) + secret.size;
        at = found + secret.size;
    }
}

/* How many bytes at the end may be the beginning of the secret. */
static size_t begun(struct str secret, struct str bytes)
{
    size_t size = bytes.size < secret.size ? bytes.size : secret.size - 1;
    while (size > 0 && memcmp(bytes.at + bytes.size - size, secret.at, size) != 0)
        size--;
    return size;
}

struct str redact_feed(struct redact *redact, struct str piece)
{
    const struct str secret = redact->secret;
    if (secret.size < REDACT_MIN || piece.size == 0)
        return piece;
    if (redact->held.size == 0 && !memmem(piece.at, piece.size, secret.at, secret.size) &&
        begun(secret, piece) == 0)
        return piece;
    buf_clear(&redact->out);
    buf_str(&redact->out, buf_view(&redact->held));
    buf_str(&redact->out, piece);
    redact_bytes(secret, redact->out.at, redact->out.size);
    struct str all = buf_view(&redact->out);
    size_t kept = begun(secret, all);
    buf_clear(&redact->held);
    buf_add(&redact->held, all.at + all.size - kept, kept);
    return (struct str){ all.at, all.size - kept };
}

struct str redact_end(struct redact *redact)
{
    buf_clear(&redact->out);
    buf_str(&redact->out, buf_view(&redact->held));
    buf_clear(&redact->held);
    return buf_view(&redact->out);
}
