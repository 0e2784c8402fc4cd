/* redact_names - names of members whose values are secrets, whatever these look like. */
#include "trials/redact_rules.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

enum { NAME_MOST = 40 };

/* Without the signs that some write between words. */
static const char *const secret_names[] = { "password", "passwd", "passphrase", "secret",
    "secretkey", "clientsecret", "secretaccesskey", "awssecretaccesskey", "sessiontoken", "apikey",
    "xapikey", "apitoken", "authtoken", "accesstoken", "refreshtoken", "idtoken", "bearertoken",
    "privatekey", "authorization", "proxyauthorization", "cookie", "setcookie" };

bool redact_secret_name(const struct redact_look *look, struct str name)
{
    char plain[NAME_MOST + 1];
    size_t size = 0;
    if (look->config.off[REDACT_SECRET] || name.size > NAME_MOST)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.at[i] != '-' && name.at[i] != '_')
            plain[size++] = (char)tolower((unsigned char)name.at[i]);
    plain[size] = 0;
    for (size_t i = 0; i < COUNT_OF(secret_names); i++)
        if (strcmp(plain, secret_names[i]) == 0)
            return true;
    return false;
}

/* By the first letter of such a name: which its second may be. */
#define LETTER(c) (1u << ((c)&0x1f))
static const uint32_t second_letters[32] = {
    ['a' & 0x1f] = LETTER('w') | LETTER('p') | LETTER('u') | LETTER('c'),
    ['b' & 0x1f] = LETTER('e'),
    ['c' & 0x1f] = LETTER('l') | LETTER('o'),
    ['i' & 0x1f] = LETTER('d'),
    ['p' & 0x1f] = LETTER('a') | LETTER('r'),
    ['r' & 0x1f] = LETTER('e'),
    ['s' & 0x1f] = LETTER('e'),
    ['x' & 0x1f] = LETTER('a'),
};

static bool is_sign(char c)
{
    return c == '-' || c == '_';
}

bool redact_may_head(char a, char b)
{
    if (is_sign(a))
        return true;
    uint32_t seconds = second_letters[(a | 0x20) & 0x1f];
    return seconds && (is_sign(b) || seconds >> ((b | 0x20) & 0x1f) & 1);
}

bool redact_may_name(struct str json, size_t at)
{
    static const char heads[] =
        "passsecrclieawsssessapikapitxapiauthaccerefridtobearprivproxcooksetc";
    char head[4];
    size_t size = 0;
    for (size_t i = at + 1; i < json.size && i <= at + NAME_MOST && size < 4; i++) {
        if (json.at[i] != '-' && json.at[i] != '_')
            head[size++] = (char)(json.at[i] | 0x20);
        if (size == 2 && !(second_letters[head[0] & 0x1f] >> (head[1] & 0x1f) & 1))
            return false;
    }
    for (const char *known = heads; *known && size == 4; known += 4)
        if (known[0] == head[0] && memcmp(head, known, 4) == 0)
            return true;
    return false;
}
