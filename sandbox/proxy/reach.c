/* reach - see reach.h. */
#include "sandbox/proxy/reach.h"

#include "base/mem.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

enum { HTTPS = 443, HTTP = 80 };

/* Special purposes by IANA's registries: what is in one of these is of this machine, of its
 * network, of a translator that leads to either, or of nobody. */
static const struct block {
    uint8_t bits, prefix[16];
} closed_4[] = {
    { 8, { 0 } },                /* this host */
    { 8, { 10 } },               /* private */
    { 10, { 100, 64 } },         /* carrier's translation */
    { 8, { 127 } },              /* loopback */
    { 16, { 169, 254 } },        /* link-local, metadata services */
    { 12, { 172, 16 } },         /* private */
    { 24, { 192, 0, 0 } },       /* protocols */
    { 24, { 192, 0, 2 } },       /* documentation */
    { 24, { 192, 88, 99 } },     /* 6to4 relays */
    { 16, { 192, 168 } },        /* private */
    { 15, { 198, 18 } },         /* benchmarks */
    { 24, { 198, 51, 100 } },    /* documentation */
    { 24, { 203, 0, 113 } },     /* documentation */
    { 32, { 168, 63, 129, 16 } }, /* a provider's metadata, though public by its number */
    { 4, { 224 } },              /* multicast */
    { 4, { 240 } },              /* reserved, broadcast */
}, open_6[] = {
    { 3, { 0x20 } }, /* what is given out; all else is loopback, link-local, mapped, private, ... */
}, closed_6[] = {
    { 23, { 0x20, 0x01 } },             /* protocols: Teredo, ORCHID */
    { 32, { 0x20, 0x01, 0x0d, 0xb8 } }, /* documentation */
    { 16, { 0x20, 0x02 } },             /* 6to4: an address of version 4 is in it */
    { 20, { 0x3f, 0xff } },             /* documentation */
};

static bool is_in(const uint8_t *address, const struct block *block)
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;
    uint8_t mask = (uint8_t)(0xff << (8 - rest));
    return memcmp(address, block->prefix, whole) == 0 &&
           (rest == 0 || (address[whole] & mask) == (block->prefix[whole] & mask));
}

static bool is_in_any(const uint8_t *address, const struct block *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_in(address, &blocks[i]))
            return true;
    return false;
}

static bool is_public(int family, const uint8_t *address)
{
    if (family == AF_INET)
        return !is_in_any(address, closed_4, COUNT_OF(closed_4));
    return is_in_any(address, open_6, COUNT_OF(open_6)) &&
           !is_in_any(address, closed_6, COUNT_OF(closed_6));
}

static const uint8_t *bytes_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET
               ? (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr
               : (const uint8_t *)&((const struct sockaddr_in6 *)address)->sin6_addr;
}

static size_t size_of(int family)
{
    return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

/* A public address of this machine leads to what listens here, past any wall outside. Asked each
 * time: addresses come and go. Where the kernel does not tell, each may be one. */
static bool is_own(int family, const uint8_t *address)
{
    struct ifaddrs *all, *one;
    if (getifaddrs(&all) < 0)
        return true;
    for (one = all; one; one = one->ifa_next)
        if (one->ifa_addr && one->ifa_addr->sa_family == family &&
            memcmp(bytes_of(one->ifa_addr), address, size_of(family)) == 0)
            break;
    freeifaddrs(all);
    return one != NULL;
}

static bool fits_port(const struct reach_rule *rule, uint16_t port)
{
    return rule->place.port ? rule->place.port == port : port == HTTPS || port == HTTP;
}

static bool is_literal(
    const struct reach_rule *rule, int family, const uint8_t *address, uint16_t port)
{
    return rule->place.family == family && fits_port(rule, port) &&
           memcmp(rule->place.address, address, size_of(family)) == 0;
}

static bool fits_host(const struct reach_rule *rule, const struct place *asked)
{
    size_t size = strlen(rule->place.host), asked_size = strlen(asked->host);
    if (rule->place.family || !rule->below)
        return rule->place.family == asked->family && strcmp(rule->place.host, asked->host) == 0;
    if (size == 0)
        return true;
    return !asked->family && asked_size > size + 1 && asked->host[asked_size - size - 1] == '.' &&
           strcmp(asked->host + asked_size - size, rule->place.host) == 0;
}

int reach_add(struct reach *reach, struct str word, struct err *err)
{
    struct reach_rule rule = { .below = false };
    int rc = 0;
    if (str_equal(word, STR("loopback"))) {
        reach->loopback = true;
        return 0;
    }
    if (str_equal(word, STR("none")))
        return err_set(err, ERR_INPUT, "\"none\" stands alone");
    if (reach->count == REACH_RULES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d hosts in one grant", REACH_RULES_MAX);
    /* "*" is read as a host of its own, which is no name that anybody can have. */
    bool any = str_equal(word, STR("*")) || str_starts(word, STR("*:"));
    CLEANUP(mem_freep)
    char *text = mem_format("%s%.*s", any ? "any" : "", (int)(any ? word.size - 1 : word.size),
        any ? word.at + 1 : word.at);
    rule.below = any || str_starts(word, STR("*."));
    rc = place_read(&rule.place, str_of(rule.below && !any ? text + 2 : text), err);
    if (rc == 0 && rule.below && rule.place.family)
        rc = err_set(err, ERR_INPUT, "there is nothing below an address");
    if (rc < 0)
        return err_hint(err, "loopback, HOST[:PORT], *.HOST[:PORT] or *[:PORT]; version 6 as "
                             "[ADDRESS]:PORT");
    if (any)
        rule.place.host[0] = '\0';
    reach->rules[reach->count++] = rule;
    return 0;
}

int reach_words(struct reach *reach, struct str words, struct err *err)
{
    int rc = 0;
    if (str_equal(words, STR("none")))
        return 0;
    while (rc == 0) {
        const char *comma = words.size > 0 ? memchr(words.at, ',', words.size) : NULL;
        size_t size = comma ? (size_t)(comma - words.at) : words.size;
        rc = reach_add(reach, str_trim((struct str){ words.at, size }), err);
        if (!comma)
            break;
        words = (struct str){ comma + 1, words.size - size - 1 };
    }
    return rc;
}

bool reach_host(const struct reach *reach, const struct place *asked)
{
    for (unsigned i = 0; i < reach->count; i++)
        if (fits_port(&reach->rules[i], asked->port) && fits_host(&reach->rules[i], asked))
            return true;
    return false;
}

bool reach_address(const struct reach *reach, const struct sockaddr *address, uint16_t port)
{
    int family = address->sa_family;
    const uint8_t *bytes = bytes_of(address);
    if (family != AF_INET && family != AF_INET6)
        return false;
    for (unsigned i = 0; i < reach->count; i++)
        if (is_literal(&reach->rules[i], family, bytes, port))
            return true;
    return is_public(family, bytes) && !is_own(family, bytes);
}

void reach_print(struct buf *out, const struct reach *reach)
{
    const char *comma = "";
    if (!reach->loopback && reach->count == 0)
        buf_text(out, "none");
    if (reach->loopback) {
        buf_text(out, "loopback");
        comma = ", ";
    }
    for (unsigned i = 0; i < reach->count; i++, comma = ", ") {
        const struct reach_rule *rule = &reach->rules[i];
        bool six = rule->place.family == AF_INET6;
        buf_format(out, "%s%s%s%s%s%s", comma, rule->below ? "*" : "",
            rule->below && *rule->place.host ? "." : "", six ? "[" : "", rule->place.host,
            six ? "]" : "");
        if (rule->place.port)
            buf_format(out, ":%u", rule->place.port);
    }
}
