/* redact_rules - see redact_rules.h.
 *
 * Each row begins with a fixed text of at least three bytes. Three bytes are looked up in a small
 * table of bits at each place of a text, so what has no secret costs one pass. What has begun is
 * checked by its row: a token of known characters, or a shape of its own. All checks look at a
 * bounded number of bytes, but for a private key, which is then cut to its end. */
#include "trials/redact_rules.h"

#include "base/mem.h"
#include "trials/redact_chars.h"

#include <assert.h>
#include <ctype.h>
#include <endian.h>
#include <string.h>

enum {
    TOKEN_MOST = 2048, /* of a token; what is longer is cut so far */
    GLUED_MOST = 256,  /* looked at where a word goes before: there are many such places */
    RANDOM_MOST = 64,
    LOCAL_MOST = 64, /* of an address, before its @ */
    DOMAIN_MOST = 255,
    URL_MOST = 256, /* of a name and a password in a URL */
};

/* --- tokens */

static size_t token_within(struct str text, size_t at, unsigned set, size_t most, bool *ret_digit)
{
    size_t size = 0;
    *ret_digit = false;
    while (at + size < text.size && size < most && in_set(text.at[at + size], set))
        *ret_digit |= is_digit(text.at[at + size++]);
    return size;
}

static size_t token_size(struct str text, size_t at, unsigned set, bool *ret_digit)
{
    return token_within(text, at, set, TOKEN_MOST, ret_digit);
}

static bool begins(struct str text, size_t at, struct str prefix, bool fold)
{
    if (text.size - at < prefix.size)
        return false;
    if (!fold)
        return memcmp(text.at + at, prefix.at, prefix.size) == 0;
    return strncasecmp(text.at + at, prefix.at, prefix.size) == 0;
}

/* --- rows */

/* Where a token may begin besides the start of a word. Names and addresses are made by writing a
 * key behind something else ("key_sk-proj-..."), so a head that no word has may stand anywhere; one
 * that words have only behind - or _. Both only where what follows is no word either. */
enum glued { NOWHERE, PARTED, ANYWHERE };

struct row;
/* The prefix stands at `at`. Fills from and to. */
typedef bool (*redact_check)(
    const struct row *row, struct str text, size_t at, struct redact_find *ret);

struct row {
    uint8_t rule;
    const char *prefix;
    redact_check check;
    unsigned set;   /* characters of the token */
    uint32_t least; /* so many of them */
    bool exact;     /* and no more */
    bool digit;     /* at least one is a digit: else it is prose */
    bool fold;      /* upper or lower case */
    bool kept;      /* the prefix stays: the token alone is cut */
    enum glued glued;
};

/* Digits, upper and lower case, as a key has them and an identifier hardly ever. */
static bool is_random(struct str text, size_t at, unsigned set)
{
    bool digit = false, upper = set & UPPER, lower = set & UPPER;
    for (size_t end = at + RANDOM_MOST; at < end && at < text.size && in_set(text.at[at], set);
         at++) {
        digit |= is_digit(text.at[at]);
        upper |= text.at[at] >= 'A' && text.at[at] <= 'Z';
        lower |= text.at[at] >= 'a' && text.at[at] <= 'z';
    }
    return digit && upper && lower;
}

static bool may_begin_glued(const struct row *row, struct str text, size_t at)
{
    bool parted = text.at[at - 1] == '-' || text.at[at - 1] == '_';
    return (row->glued == ANYWHERE || (row->glued == PARTED && parted)) &&
           is_random(text, at + strlen(row->prefix), row->set);
}

static bool check_token(const struct row *row, struct str text, size_t at, struct redact_find *ret)
{
    size_t from = at + strlen(row->prefix);
    bool digit;
    /* first: a token has many places where one could begin */
    if (!is_start(text, at) && !may_begin_glued(row, text, at))
        return false;
    size_t size =
        token_within(text, from, row->set, row->exact ? row->least + 1 : TOKEN_MOST, &digit);
    while (row->kept && size > 0 && text.at[from + size - 1] == '.')
        size--; /* the end of a sentence */
    ret->from = row->kept ? from : at;
    ret->to = from + size;
    return (row->exact ? size == row->least : size >= row->least) && (digit || !row->digit);
}

/* aws_secret_access_key = "...": 40 characters behind a few signs. */
static bool check_assigned(
    const struct row *row, struct str text, size_t at, struct redact_find *ret)
{
    size_t from = at + strlen(row->prefix), signs = 0;
    bool digit;
    while (from < text.size && signs < 8 && strchr("'\"=: \t\\", text.at[from]) && text.at[from])
        from++, signs++;
    size_t size = token_within(text, from, row->set, row->least + 1, &digit);
    *ret = (struct redact_find){ .from = from, .to = from + size };
    return signs > 0 && size == row->least;
}

/* Three parts in base64, the first two of them JSON objects: no word has that. */
static bool check_jwt(const struct row *row, struct str text, size_t at, struct redact_find *ret)
{
    bool digit;
    size_t most = is_start(text, at) ? TOKEN_MOST : GLUED_MOST;
    size_t head = token_within(text, at, DASH, most, &digit), body = at + head + 1;
    if (head < row->least || body >= text.size || text.at[body - 1] != '.' ||
        !begins(text, body, STR("eyJ"), false))
        return false;
    size_t end = body + token_size(text, body, DASH, &digit);
    if (end < text.size && text.at[end] == '.')
        end += 1 + token_size(text, end + 1, DASH, &digit);
    *ret = (struct redact_find){ .from = at, .to = end };
    return end - body >= row->least;
}

/* To the line that ends it; one that was cut short is cut to the end of the text. */
static bool check_pem(const struct row *row, struct str text, size_t at, struct redact_find *ret)
{
    static const struct str key = { "PRIVATE KEY-----", 16 }, foot = { "-----END ", 9 };
    size_t head = at + strlen(row->prefix), left = text.size - head;
    ptrdiff_t begin = str_find((struct str){ text.at + head, left < 48 ? left : 48 }, key);
    if (begin < 0)
        return false;
    size_t body = head + (size_t)begin + key.size;
    ptrdiff_t end = str_find((struct str){ text.at + body, text.size - body }, foot);
    *ret = (struct redact_find){ .from = at, .to = text.size };
    if (end < 0)
        return true;
    head = body + (size_t)end + foot.size;
    left = text.size - head;
    ptrdiff_t close = str_find((struct str){ text.at + head, left < 48 ? left : 48 }, key);
    ret->to = close >= 0 ? head + (size_t)close + key.size : head;
    return true;
}

/* scheme://name:password@host */
static bool check_url(const struct row *row, struct str text, size_t at, struct redact_find *ret)
{
    size_t colon = 0, end = at + strlen(row->prefix), most = end + URL_MOST;
    for (; end < text.size && end < most && text.at[end] != '@'; end++) {
        char c = text.at[end];
        if (c == '/' || c == '"' || c == '\'' || c == '\\' || (unsigned char)c <= ' ')
            return false;
        if (c == ':' && colon == 0)
            colon = end;
    }
    *ret = (struct redact_find){ .from = colon + 1, .to = end };
    return colon > 0 && end > colon + 1 && end < text.size && end < most;
}

static bool is_local(char c)
{
    return in_set(c, DASH) || c == '.' || c == '%' || c == '+';
}

/* The end of a domain with a letters-only last label, or 0. */
static size_t domain_end(struct str text, size_t at)
{
    size_t end = 0, label = at;
    for (size_t i = at; i <= text.size && i - at <= DOMAIN_MOST; i++) {
        bool inside = i < text.size && in_set(text.at[i], DASH) && text.at[i] != '_';
        if (inside)
            continue;
        size_t size = i - label;
        bool letters = size >= 2 && label > at;
        for (size_t k = label; k < i && letters; k++)
            letters = isalpha((unsigned char)text.at[k]);
        end = letters ? i : end;
        if (size == 0 || i == text.size || text.at[i] != '.')
            break;
        label = i + 1;
    }
    return end;
}

static bool check_email(struct str text, size_t at, size_t done, struct redact_find *ret)
{
    size_t from = at;
    while (from > done && at - from < LOCAL_MOST && is_local(text.at[from - 1]) &&
           !is_escape(text, from - 1))
        from--;
    while (from < at && text.at[from] == '.')
        from++;
    *ret = (struct redact_find){ .from = from, .to = domain_end(text, at + 1) };
    ret->rule = REDACT_EMAIL;
    return from < at && ret->to > at;
}

/* --- cards */

/* Digits, or groups of them with one blank or dash between: the first group has four. */
static bool check_card(struct str text, size_t at, struct redact_find *ret)
{
    char digits[REDACT_CARD_MOST], sign = 0;
    size_t count = 0, end = at;
    char before = at > 0 ? text.at[at - 1] : ' ';
    if (at > 0 && in_set(before, WORD) && !is_escape(text, at - 1))
        return false;
    if (before == '.' && at > 1 && is_digit(text.at[at - 2])) /* of a fraction */
        return false;
    while (end < text.size && count < REDACT_CARD_MOST) {
        char c = text.at[end];
        bool next = end + 1 < text.size && is_digit(text.at[end + 1]);
        if (count == 4 && sign == 0 && (c == ' ' || c == '-'))
            sign = c;
        if (is_digit(c))
            digits[count++] = c;
        else if (!next || sign == 0 || c != sign)
            break;
        end++;
        bool ends = end == text.size || !in_set(text.at[end], WORD);
        if (is_digit(c) && ends && redact_card_number(digits, count)) {
            *ret = (struct redact_find){ .from = at, .to = end, .rule = REDACT_CARD };
            return true;
        }
    }
    return false;
}

bool redact_is_card(const struct redact_look *look, struct str digits)
{
    for (size_t i = 0; i < digits.size; i++)
        if (!is_digit(digits.at[i]))
            return false;
    return !look->config.off[REDACT_CARD] && redact_card_number(digits.at, digits.size);
}

/* --- the table */

// clang-format off
static const struct row rows[] = {
    { REDACT_PRIVATE_KEY, "-----BEGIN ", check_pem, 0, 0, .exact = false },
    { REDACT_API_KEY, "sk-proj-",   check_token, DASH, 20, .digit = true, .glued = ANYWHERE },                /* OpenAI */
    { REDACT_API_KEY, "sk-svcacct-", check_token, DASH, 20, .digit = true, .glued = ANYWHERE },
    { REDACT_API_KEY, "sk-ant-",    check_token, DASH, 20, .digit = true, .glued = ANYWHERE },                /* Anthropic */
    { REDACT_API_KEY, "sk-or-",     check_token, DASH, 20, .digit = true, .glued = ANYWHERE },                /* OpenRouter */
    { REDACT_API_KEY, "sk-",        check_token, DASH, 20, .digit = true, .glued = PARTED },
    { REDACT_API_KEY, "sk_live_",   check_token, WORD, 16, .glued = ANYWHERE },                /* Stripe */
    { REDACT_API_KEY, "sk_test_",   check_token, WORD, 16, .glued = ANYWHERE },
    { REDACT_API_KEY, "rk_live_",   check_token, WORD, 16, .glued = ANYWHERE },
    { REDACT_API_KEY, "whsec_",     check_token, BASE64, 20, .glued = ANYWHERE },
    { REDACT_API_KEY, "AIza",       check_token, DASH, 35, .glued = ANYWHERE },                /* Google */
    { REDACT_API_KEY, "ya29.",      check_token, DASH, 20, .glued = PARTED },
    { REDACT_API_KEY, "gsk_",       check_token, WORD, 20, .glued = ANYWHERE },                /* Groq */
    { REDACT_API_KEY, "xai-",       check_token, WORD, 20, .glued = PARTED },
    { REDACT_API_KEY, "pplx-",      check_token, WORD, 20, .glued = PARTED },
    { REDACT_API_KEY, "hf_",        check_token, WORD, 20, .glued = PARTED },                /* Hugging Face */
    { REDACT_API_KEY, "r8_",        check_token, WORD, 30, .glued = PARTED },                /* Replicate */
    { REDACT_API_KEY, "SG.",        check_token, BASE64, 40 },              /* SendGrid */
    { REDACT_API_KEY, "npm_",       check_token, WORD, 36, .glued = ANYWHERE },
    { REDACT_API_KEY, "pypi-",      check_token, DASH, 50, .glued = PARTED },
    { REDACT_API_KEY, "glpat-",     check_token, DASH, 20, .glued = ANYWHERE },                /* GitLab */
    { REDACT_API_KEY, "dop_v1_",    check_token, WORD, 40, .glued = ANYWHERE },                /* DigitalOcean */
    { REDACT_GITHUB,  "ghp_",       check_token, WORD, 30, .glued = ANYWHERE },
    { REDACT_GITHUB,  "gho_",       check_token, WORD, 30, .glued = ANYWHERE },
    { REDACT_GITHUB,  "ghu_",       check_token, WORD, 30, .glued = ANYWHERE },
    { REDACT_GITHUB,  "ghs_",       check_token, WORD, 30, .glued = ANYWHERE },
    { REDACT_GITHUB,  "ghr_",       check_token, WORD, 30, .glued = ANYWHERE },
    { REDACT_GITHUB,  "github_pat_", check_token, DASH, 22, .glued = ANYWHERE },
    { REDACT_SLACK,   "xoxb-",      check_token, DASH, 10, .glued = ANYWHERE },
    { REDACT_SLACK,   "xoxp-",      check_token, DASH, 10, .glued = ANYWHERE },
    { REDACT_SLACK,   "xoxa-",      check_token, DASH, 10, .glued = ANYWHERE },
    { REDACT_SLACK,   "xoxr-",      check_token, DASH, 10, .glued = ANYWHERE },
    { REDACT_SLACK,   "xoxs-",      check_token, DASH, 10, .glued = ANYWHERE },
    { REDACT_SLACK,   "xapp-",      check_token, DASH, 10, .glued = ANYWHERE },
    { REDACT_SLACK,   "hooks.slack.com/services/", check_token, BASE64, 20, .kept = true },
    { REDACT_AWS,     "AKIA",       check_token, UPPER, 16, .exact = true, .glued = ANYWHERE },
    { REDACT_AWS,     "ASIA",       check_token, UPPER, 16, .exact = true, .glued = ANYWHERE },
    { REDACT_AWS,     "aws_secret_access_key", check_assigned, BASE64, 40, .fold = true },
    { REDACT_AWS,     "SecretAccessKey", check_assigned, BASE64, 40, .fold = true },
    { REDACT_JWT,     "eyJ",        check_jwt, DASH, 10 },
    { REDACT_BEARER,  "Bearer ",    check_token, BASE64, 16, false, true, true, true },
    { REDACT_BEARER,  "Basic ",     check_token, BASE64, 16, false, true, true, true },
    { REDACT_URL_PASSWORD, "://",   check_url, 0, 0 },
};
// clang-format on

/* --- the scan */

static uint32_t three(const char *at)
{
    return (uint32_t)(unsigned char)at[0] | (uint32_t)(unsigned char)at[1] << 8 |
           (uint32_t)(unsigned char)at[2] << 16;
}

/* The same at a place of a text: one load where there are four bytes. */
static inline uint32_t three_at(struct str text, size_t at)
{
    uint32_t four;
    if (at + sizeof four > text.size)
        return three(text.at + at);
    memcpy(&four, text.at + at, sizeof four);
    return le32toh(four) & 0xFFFFFF;
}

/* Letters in lower case; the few other signs that this changes are checked again. */
static uint32_t lower_three(uint32_t bytes)
{
    return bytes | 0x202020;
}

static inline uint32_t place_of(uint32_t bytes)
{
    return bytes * 0x9E3779B1u >> 17;
}

/* Beginnings that are alike, for the first look. */
enum { CLASS_DIGITS, CLASS_AT, CLASS_ESCAPE, CLASS_NAME, CLASS_PREFIX };

static void mark(struct redact_look *look, unsigned class, char a, char b, char c)
{
    const char begin[] = { a, b, c };
    uint32_t place = place_of(three(begin));
    look->begins[place / 8] |= (uint8_t)(1u << place % 8);
    redact_glance_mark(&look->glance, class, begin);
}

static void mark_prefix(struct redact_look *look, const char *prefix, bool fold)
{
    for (unsigned cases = 0; cases < (fold ? 8u : 1u); cases++) {
        char c[3];
        for (unsigned i = 0; i < 3; i++) {
            int upper = toupper((unsigned char)prefix[i]),
                lower = tolower((unsigned char)prefix[i]);
            c[i] = !fold ? prefix[i] : (char)(cases >> i & 1 ? upper : lower);
        }
        mark(look, CLASS_PREFIX + (unsigned)(c[0] & 3), c[0], c[1], c[2]);
    }
}

/* Signs in JSON behind which anything may stand, and names of members. */
static void mark_signs(struct redact_look *look)
{
    for (int a = 0; a < 256; a++) {
        mark(look, CLASS_ESCAPE, '\\', 'u', (char)a);
        for (int b = 0; b < 256; b++) {
            redact_glance_mark(&look->glance, CLASS_AT, (const char[]){ '@', (char)a, (char)b });
            if (redact_may_head((char)a, (char)b))
                mark(look, CLASS_NAME, '"', (char)a, (char)b);
        }
    }
}

void redact_look_init(struct redact_look *look, const struct config_redact *config)
{
    *look = (struct redact_look){ 0 };
    redact_glance_init(&look->glance);
    if (config)
        look->config = *config;
    const bool *off = look->config.off;
    static_assert(COUNT_OF(rows) <= REDACT_ROWS_MAX, "more rows than have room");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t first = three(rows[i].prefix);
        if (off[rows[i].rule])
            continue;
        look->three[i] = rows[i].fold ? lower_three(first) : first;
        mark_prefix(look, rows[i].prefix, rows[i].fold);
    }
    for (uint32_t i = 0; i < look->config.own_count; i++)
        mark_prefix(look, look->config.own[i].prefix.at, false);
    for (int n = 222; n < 700 && !off[REDACT_CARD]; n++)
        mark(look, CLASS_DIGITS, (char)('0' + n / 100), (char)('0' + n / 10 % 10),
            (char)('0' + n % 10));
    mark_signs(look);
}

static bool check_own(
    const struct redact_look *look, struct str text, size_t at, struct redact_find *ret)
{
    for (uint32_t i = 0; i < look->config.own_count && !look->config.off[REDACT_OWN]; i++) {
        const struct config_redact_own *own = &look->config.own[i];
        bool digit;
        if (!begins(text, at, own->prefix, false) || (own->least > 0 && !is_start(text, at)))
            continue;
        size_t end = at + own->prefix.size;
        size_t size = own->least > 0 ? token_size(text, end, DASH, &digit) : 0;
        *ret = (struct redact_find){ at, end + size, REDACT_OWN, i };
        if (size >= own->least)
            return true;
    }
    return false;
}

static bool check_rows(
    const struct redact_look *look, struct str text, size_t at, struct redact_find *ret)
{
    if (check_own(look, text, at, ret))
        return true;
    if (is_digit(text.at[at]))
        return !look->config.off[REDACT_CARD] && check_card(text, at, ret);
    uint32_t first = three(text.at + at);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        if (look->three[i] != (row->fold ? lower_three(first) : first) ||
            !begins(text, at, str_of(row->prefix), row->fold) || !row->check(row, text, at, ret))
            continue;
        ret->rule = row->rule;
        return true;
    }
    return false;
}

struct finding {
    const struct redact_look *look;
    struct str text;
    size_t done; /* nothing before is cut */
    struct redact_find *ret;
};

/* rest: of the text, from where it is done. */
static bool find_at(const void *with, struct str rest, size_t at)
{
    const struct finding *finding = with;
    const struct redact_look *look = finding->look;
    struct str text = finding->text;
    at += (size_t)(rest.at - text.at);
    if (text.at[at] == '@' && !look->config.off[REDACT_EMAIL] &&
        check_email(text, at, finding->done, finding->ret))
        return true;
    uint32_t place = place_of(three_at(text, at));
    return (look->begins[place / 8] >> place % 8 & 1) && check_rows(look, text, at, finding->ret);
}

bool redact_next(
    const struct redact_look *look, struct str text, size_t at, struct redact_find *ret)
{
    const struct finding finding = { look, text, at, ret };
    const struct str rest = { text.at + at, text.size - at };
    return text.size > at && redact_glance(&look->glance, rest, find_at, &finding);
}

static bool own_may_begin(const struct redact_look *look, struct str json, size_t at)
{
    for (uint32_t i = 0; i < look->config.own_count && !look->config.off[REDACT_OWN]; i++)
        if (memcmp(json.at + at, look->config.own[i].prefix.at, 3) == 0)
            return true;
    return false;
}

/* A row may begin here. Behind its first bytes a slash may have a backslash before it, so what
 * follows is not looked at; a password in a URL has its @. */
static bool may_begin(const struct redact_look *look, struct str json, size_t at)
{
    struct redact_find find;
    if (is_digit(json.at[at]))
        return !look->config.off[REDACT_CARD] && check_card(json, at, &find);
    uint32_t first = three(json.at + at), lower = lower_three(first);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (look->three[i] != first && look->three[i] != lower)
            continue;
        struct str prefix = { rows[i].prefix, strcspn(rows[i].prefix, "/") };
        if (rows[i].rule != REDACT_URL_PASSWORD && begins(json, at, prefix, rows[i].fold))
            return true;
    }
    return false;
}

static bool suspects_at(const void *with, struct str json, size_t at)
{
    const struct redact_look *look = with;
    const bool *off = look->config.off;
    char c = json.at[at];
    if (c == '@')
        return !off[REDACT_EMAIL] || !off[REDACT_URL_PASSWORD];
    uint32_t place = place_of(three_at(json, at));
    if (!(look->begins[place / 8] >> place % 8 & 1))
        return false;
    if (c == '\\' && json.at[at + 1] == 'u') /* any character may stand there in disguise */
        return true;
    if (c == '"' && !off[REDACT_SECRET] && redact_may_name(json, at))
        return true;
    return own_may_begin(look, json, at) || (c != '"' && may_begin(look, json, at));
}

bool redact_suspects(const struct redact_look *look, struct str json)
{
    return redact_glance(&look->glance, json, suspects_at, look);
}
