/* headers - see headers.h.
 *
 * Up goes what changes the meaning of a request for a provider; never a credential, never what
 * would have the answer coded. Down goes what tells of the answer, of the request's number and of
 * the provider's limits; nothing that sends a client elsewhere or asks it for a credential, and no
 * header that moult writes itself. */
#include "broker/headers.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const up[] = { "Accept", "User-Agent", "anthropic-beta", "anthropic-version",
    "anthropic-dangerous-direct-browser-access", "OpenAI-Beta", "OpenAI-Organization",
    "OpenAI-Project", "Idempotency-Key", "X-Client-Request-Id", "x-app", NULL };
static const char *const up_begin[] = { "x-stainless-", NULL };
static const char *const down[] = { "cache-control", "content-type", "content-encoding",
    "content-disposition", "content-language", "cf-ray", "request-id", "x-request-id",
    "apim-request-id", "retry-after", "retry-after-ms", "x-should-retry", NULL };
static const char *const down_begin[] = { "anthropic-", "openai-", "x-ratelimit-", "ratelimit-",
    "x-groq-", "x-ms-", "azureml-", NULL };
/* When to ask again: of use to a client of any protocol. */
static const char *const again[] = { "retry-after", "retry-after-ms", "x-should-retry", NULL };

static bool listed(const char *const *list, struct str name)
{
    for (; *list; list++)
        if (strlen(*list) == name.size && strncasecmp(*list, name.at, name.size) == 0)
            return true;
    return false;
}

static bool begins(const char *const *list, struct str name)
{
    for (; *list; list++)
        if (strlen(*list) <= name.size && strncasecmp(*list, name.at, strlen(*list)) == 0)
            return true;
    return false;
}

char **headers_up(const struct http_exchange *exchange)
{
    const struct http_header *list;
    unsigned count = http_headers(exchange, &list), used = 0;
    char **lines = mem_zero(HEADERS_MAX + 1, sizeof *lines);
    for (unsigned i = 0; i < count && used < HEADERS_MAX; i++)
        if (listed(up, list[i].name) || begins(up_begin, list[i].name))
            lines[used++] = mem_format("%.*s: %.*s", (int)list[i].name.size, list[i].name.at,
                (int)list[i].value.size, list[i].value.at);
    return lines;
}

void headers_free(char **lines)
{
    for (unsigned i = 0; lines && lines[i]; i++)
        free(lines[i]);
    free(lines);
}

bool headers_down(struct str name)
{
    return listed(down, name) || begins(down_begin, name);
}

bool headers_again(struct str name)
{
    return listed(again, name);
}

unsigned headers_list(struct str text, struct http_header list[HEADERS_MAX])
{
    unsigned count = 0;
    while (text.size > 0 && count < HEADERS_MAX) {
        const char *end = memchr(text.at, '\n', text.size);
        if (!end)
            break;
        struct str line = { text.at, (size_t)(end - text.at) };
        const char *colon = memchr(line.at, ':', line.size);
        if (colon)
            list[count++] = (struct http_header){ { line.at, (size_t)(colon - line.at) },
                str_trim((struct str){ colon + 1, (size_t)(end - colon - 1) }) };
        text.at = end + 1;
        text.size -= line.size + 1;
    }
    return count;
}
