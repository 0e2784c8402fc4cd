/* place - see place.h. */
#include "sandbox/proxy/place.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 63, PORT_DIGITS = 5, PORT_MAX = 65535 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_port(uint16_t *ret, struct str text)
{
    uint32_t port = 0;
    if (text.size == 0 || text.size > PORT_DIGITS)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.at[i]))
            return false;
        port = port * 10 + (uint32_t)(text.at[i] - '0');
    }
    *ret = (uint16_t)port;
    return port > 0 && port <= PORT_MAX;
}

/* Letters, digits, '-' and '_' in labels; the last one begins with a letter, since a name that ends
 * in a number is an address to some. */
static bool read_name(char ret[PLACE_HOST_SIZE], struct str text)
{
    size_t label = 0, last = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == '.' ? label == 0 : !(c >= 'a' && c <= 'z') && !is_digit(c) && c != '-' && c != '_')
            return false;
        label = c == '.' ? 0 : label + 1;
        last = c == '.' ? i + 1 : last;
        if (label > LABEL_MAX)
            return false;
        ret[i] = c;
    }
    ret[text.size] = '\0';
    return label > 0 && ret[last] >= 'a' && ret[last] <= 'z';
}

static bool read_address(struct place *ret, int family, struct str text)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.size >= sizeof copy || memchr(text.at, 0, text.size))
        return false;
    snprintf(copy, sizeof copy, "%.*s", (int)text.size, text.at);
    if (inet_pton(family, copy, ret->address) != 1)
        return false;
    ret->family = family;
    return inet_ntop(family, ret->address, ret->host, sizeof ret->host) != NULL;
}

static bool read_host(struct place *ret, struct str text)
{
    if (text.size > 2 && text.at[0] == '[' && text.at[text.size - 1] == ']')
        return read_address(ret, AF_INET6, (struct str){ text.at + 1, text.size - 2 });
    if (text.size > 1 && text.at[text.size - 1] == '.')
        text.size--;
    if (text.size == 0 || text.size >= PLACE_HOST_SIZE)
        return false;
    return read_address(ret, AF_INET, text) || read_name(ret->host, text);
}

int place_read(struct place *ret, struct str text, struct err *err)
{
    char shown[80];
    struct place place = { .family = 0 };
    const char *colon = text.size > 0 ? memrchr(text.at, ':', text.size) : NULL;
    bool bracket = text.size > 0 && text.at[text.size - 1] == ']';
    struct str host = text;
    bool good = true;
    if (colon && !bracket) {
        host.size = (size_t)(colon - text.at);
        good = read_port(&place.port, (struct str){ colon + 1, text.size - host.size - 1 });
    }
    if (good && read_host(&place, host)) {
        *ret = place;
        return 0;
    }
    return err_set(
        err, ERR_INPUT, "\"%s\" is no HOST:PORT", str_printable(shown, sizeof shown, text, false));
}

bool place_socket(const struct place *place, struct sockaddr_storage *ret)
{
    *ret = (struct sockaddr_storage){ .ss_family = (sa_family_t)place->family };
    if (place->family == AF_INET) {
        struct sockaddr_in *four = (struct sockaddr_in *)ret;
        four->sin_port = htons(place->port);
        memcpy(&four->sin_addr, place->address, sizeof four->sin_addr);
    } else if (place->family == AF_INET6) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
        six->sin6_port = htons(place->port);
        memcpy(&six->sin6_addr, place->address, sizeof six->sin6_addr);
    }
    return place->family != 0;
}
