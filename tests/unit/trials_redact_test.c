/* trials_redact_test - what is cut out of a foreign text, what is left alone, and that neither
 * takes longer than the text is long. */
#include "trials/redact.h"

#include "base/json.h"
#include "base/mem.h"
#include "trials/import.h"
#include "trials/redact_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define KEY "sk-proj-abcdefghij0123456789"
#define RANDOM "Zq901Xy7Zq901Xy7Zq901Xy7"
#define MIXED "sk-proj-" RANDOM
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
#define PEM "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
#define FORTY "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

static const struct row {
    const char *name, *text, *want; /* want NULL: as it stands */
} rows[] = {
    { "an address", "to a.b+c@mail.example.org.", "to [email 1]." },
    { "one text has one number", "a@x.example b@x.example a@x.example",
        "[email 1] [email 2] [email 1]" },
    { "an address behind an escape", "\\na@x.example", "\\n[email 1]" },
    { "a decorator", "@app.route(x) and a @ b.example", NULL },
    { "a package with a version", "npm i @scope/pkg@1.2.3 pkg@2.0.0-rc1", NULL },
    { "an address without a domain", "root@localhost", NULL },
    { "a card", "card 4111111111111111.", "card [card 1]." },
    { "a card in groups", "4111 1111 1111 1111 and 3782-822463-10005", "[card 1] and [card 2]" },
    { "a card before other digits", "4111 1111 1111 1111 2027", "[card 1] 2027" },
    { "a number that fails the check", "4111111111111112", NULL },
    { "a time in milliseconds", "1718000000000", NULL },
    { "an order", "#W2378156 item 4947717507 credit_card_9513926", NULL },
    { "digits of a fraction", "0.4111111111111111", NULL },
    { "digits in a digest", "a4111111111111111f", NULL },
    { "a key of a provider", "use " KEY " now", "use [api_key 1] now" },
    { "a key behind an escape", "\\n" KEY, "\\n[api_key 1]" },
    { "a key that is too short", "sk-abc123", NULL },
    { "a word that begins like a key", "sk-learn-is-a-library-for-python", NULL },
    { "the end of a longer word", "desk-proj-abcdefghij0123456789", NULL },
    { "a key behind a name", "KEY_" MIXED " a-" MIXED " 7" MIXED,
        "KEY_[api_key 1] a-[api_key 1] 7[api_key 1]" },
    { "a key behind a letter", "say ask-proj-" RANDOM, "say a[api_key 1]" },
    { "an older key behind a sign", "c_sk-" RANDOM " desk-" RANDOM, "c_[api_key 1] desk-" RANDOM },
    { "a token behind a sign or a letter", "x_ghp_" RANDOM RANDOM " xghp_" RANDOM RANDOM,
        "x_[github 1] x[github 1]" },
    { "an id of AWS behind a sign", "x_AKIAIOSFODNN7EXAMPLE", "x_[aws 1]" },
    { "a JWT behind a sign", "tok_" JWT " x" JWT, "tok_[jwt 1] x[jwt 1]" },
    { "words with a key's head in them",
        "uses-sk-learn-version-1-2-and-more task-sk-proj-0123456789abcdefghij", NULL },
    { "long identifiers",
        "desk_live_0123456789abcdef01234567 SHASIA0123456789ABCDEFGHIJ "
        "sha256-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 "
        "half_" RANDOM " 01HQX3ABCDEFGHJKMNPQRSTVWX task-" RANDOM,
        NULL },
    { "a key of Google", "AIzaSyA0123456789abcdefghijklmnopqrstuv", "[api_key 1]" },
    { "a key of Stripe", "sk_live_0123456789abcdef01234567", "[api_key 1]" },
    { "a token of GitHub", "ghp_0123456789abcdefghijklmnopqrstuvwxyz", "[github 1]" },
    { "a fine-grained one", "github_pat_11AAAAAAA0abcdefghijkl_mnop", "[github 1]" },
    { "a token of GitLab", "glpat-0123456789abcdefghij", "[api_key 1]" },
    { "a token of Slack", "xoxb-123456789012-abcdef", "[slack 1]" },
    { "a hook of Slack", "https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXXXXX",
        "https://hooks.slack.com/services/[slack 1]" },
    { "an id of AWS", "AKIAIOSFODNN7EXAMPLE", "[aws 1]" },
    { "no id of AWS", "AKIAIOSFODNN7EXAMPLEX AKIAshort", NULL },
    { "a secret of AWS", "AWS_SECRET_ACCESS_KEY=" FORTY, "AWS_SECRET_ACCESS_KEY=[aws 1]" },
    { "a bearer's token", "authorization: bearer abcdef0123456789.",
        "authorization: bearer [bearer 1]." },
    { "prose about bearers", "Bearer authentication-mechanisms are old", NULL },
    { "a basic one",
        "Authorization: Basic dXNlcjpwYXNzd29yZDE=", "Authorization: Basic [bearer 1]" },
    { "a JWT", "token=" JWT ";", "token=[jwt 1];" },
    { "base64 of some JSON", "eyJhbGciOiJIUzI1NiJ9 alone", NULL },
    { "a private key", "x " PEM " y", "x [private_key 1] y" },
    { "a private key that was cut short", "x -----BEGIN PRIVATE KEY-----\nMIIE",
        "x [private_key 1]" },
    { "a public key", "-----BEGIN PUBLIC KEY-----\nMIIE", NULL },
    { "a password in a URL", "postgres://me:hunter2@db.example/x",
        "postgres://me:[url_password 1]@db.example/x" },
    { "a URL without one", "http://x.example:80/a?b=c", NULL },
    { "own text", "about Project Moonlight", "about [moon 1]" },
    { "own token", "acme_01234567 acme_0", "[acme 1] acme_0" },
    { "nothing", "", NULL },
    { "one byte", "@", NULL },
};

static struct config_redact_own own[] = {
    { STR("moon"), STR("Project Moonlight"), 0 },
    { STR("acme"), STR("acme_"), 8 },
};
static const struct config_redact config = { .own = own, .own_count = 2 };

static void check(const char *name, struct str got, struct str given, const char *want)
{
    struct str wanted = want ? str_of(want) : given;
    if (!str_equal(got, wanted) || (!want && got.at != given.at))
        fail_msg("%s: %.*s", name, (int)got.size, got.at);
}

static void each_text(void **state)
{
    (void)state;
    CLEANUP(redact_freep) struct redact *redact = redact_new(&config);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct str given = str_of(rows[i].text);
        redact_begin(redact);
        check(rows[i].name, redact_text(redact, given, &arena), given, rows[i].want);
    }
}

/* The same texts as a string of JSON, and as JSON in a string of JSON with every character that
 * may be one written as an escape: what a look at the raw bytes cannot see is seen all the same. */
static void quote_hidden(struct buf *out, struct str text)
{
    buf_char(out, '"');
    for (size_t i = 0; i < text.size; i++)
        buf_format(out, "\\u%04x", (unsigned char)text.at[i]);
    buf_char(out, '"');
}

static void each_text_in_json(void **state)
{
    (void)state;
    CLEANUP(redact_freep) struct redact *redact = redact_new(&config);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf plain = { 0 }, hidden = { 0 }, nested = { 0 };
        const char *wanted = rows[i].want ? rows[i].want : rows[i].text;
        json_quote(&plain, str_of(rows[i].text));
        quote_hidden(&hidden, str_of(rows[i].text));
        buf_text(&nested, "{\"arguments\": ");
        CLEANUP(buf_done) struct buf inner = { 0 };
        buf_text(&inner, "{\"a\": [");
        buf_str(&inner, buf_view(&hidden));
        buf_text(&inner, "]}");
        json_quote(&nested, buf_view(&inner));
        buf_char(&nested, '}');
        struct buf *forms[] = { &plain, &hidden, &nested };
        for (size_t k = 0; k < COUNT_OF(forms); k++) {
            redact_begin(redact);
            struct str got = redact_json(redact, buf_view(forms[k]), &arena);
            const struct json *root = json_read(&arena, got, NULL, NULL);
            assert_non_null(root);
            if (k == 2) {
                struct str args = json_string(&arena, json_get(root, "arguments"));
                root = json_first(json_get(json_read(&arena, args, NULL, NULL), "a"));
            }
            check(rows[i].name, json_string(&arena, root), str_of(""), wanted);
            if (!rows[i].want)
                assert_ptr_equal(got.at, forms[k]->at);
        }
    }
}

static const struct row documents[] = {
    { "a member of a secret's name", "{\"API-Key\": \"0123456789\", \"x\": 1}",
        "{\"API-Key\": \"[secret 1]\", \"x\": 1}" },
    { "a short value", "{\"password\": \"hunter2\"}", NULL },
    { "a schema of a password", "{\"password\": {\"type\": \"string\", \"x\": \"y\"}}", NULL },
    { "a label stays", "{\"password\": \"[secret 1]\"}", NULL },
    { "a number that is a card", "{\"card\": 4111111111111111}", "{\"card\": \"[card 1]\"}" },
    { "a number that is none", "{\"card\": 4111111111111112, \"t\": 1718000000000}", NULL },
    { "an address as a name", "{\"a@x.example\": \"a@x.example\"}",
        "{\"[email 1]\": \"[email 1]\"}" },
    { "blanks and order stay", " { \"b\" : [ 1.0 , \"a@x.example\" ] , \"a\" : null } ",
        " { \"b\" : [ 1.0 , \"[email 1]\" ] , \"a\" : null } " },
    { "slashes with a backslash", "{\"u\": \"https:\\/\\/me:hunter2@db.example\"}",
        "{\"u\": \"https://me:[url_password 1]@db.example\"}" },
    { "what is no JSON in the end", "{\"a\": \"{ a@x.example\"}", "{\"a\": \"{ [email 1]\"}" },
    { "twice the same name", "{\"a\": \"a@x.example\", \"a\": \"b@x.example\"}",
        "{\"a\": \"[email 1]\", \"a\": \"[email 2]\"}" },
};

/* Sixteen places at a time or one: what is to be cut is seen wherever it stands, and what is not
 * seen by one is not by the other. */
static void each_place_is_looked_at(void **state)
{
    (void)state;
    struct redact_look fast, slow;
    redact_look_init(&fast, NULL);
    slow = fast;
    slow.glance.vector = false;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (unsigned before = 0; before < 35; before++) {
            CLEANUP(mem_freep)
            char *text = mem_format("%.*s %s%.*s", (int)before,
                "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", rows[i].text, (int)before % 3, "zz");
            struct redact_find find, other;
            bool found = redact_next(&slow, str_of(text), 0, &other);
            if (found != redact_next(&fast, str_of(text), 0, &find) ||
                (found && (find.from != other.from || find.to != other.to)))
                fail_msg("%s at %u: found by one scan only", rows[i].name, before);
            bool seen = redact_suspects(&fast, str_of(text));
            if (seen != redact_suspects(&slow, str_of(text)))
                fail_msg("%s at %u: seen by one look only", rows[i].name, before);
            if (!seen && redact_next(&fast, str_of(text), 0, &find))
                fail_msg("%s at %u: not seen", rows[i].name, before);
        }
}

static void each_document(void **state)
{
    (void)state;
    CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct str given = str_of(documents[i].text);
        redact_begin(redact);
        check(documents[i].name, redact_json(redact, given, &arena), given, documents[i].want);
    }
}

/* Each rule matters: what it finds is left alone when it is off, and it alone. */
/* However a name is written, the first look at a document does not pass it by. */
static void each_name_of_a_secret(void **state)
{
    (void)state;
    static const char *const names[] = { "password", "Passwd", "pass-phrase", "SECRET",
        "secret_key", "clientSecret", "SecretAccessKey", "aws_secret_access_key", "session-token",
        "apiKey", "X-API-Key", "api_token", "Auth_Token", "accessToken", "refresh_token",
        "id_token", "bearerToken", "private-key", "Authorization", "proxy-authorization", "cookie",
        "Set-Cookie" };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *text = arena_format(&arena, "{\"%s\":\"correct horse battery\"}", names[i]);
        struct str cut = redact_json(redact, str_of(text), &arena);
        if (str_find(cut, STR("horse")) >= 0)
            fail_msg("%s", names[i]);
    }
}

static void a_rule_can_be_off(void **state)
{
    (void)state;
    static const char *const texts[REDACT_RULES] = {
        [REDACT_OWN] = "[\"Project Moonlight\"]",
        [REDACT_PRIVATE_KEY] = "[\"-----BEGIN PRIVATE KEY-----\"]",
        [REDACT_API_KEY] = "[\"" KEY "\"]",
        [REDACT_GITHUB] = "[\"ghp_0123456789abcdefghijklmnopqrstuvwxyz\"]",
        [REDACT_SLACK] = "[\"xoxb-123456789012-abcdef\"]",
        [REDACT_AWS] = "[\"AKIAIOSFODNN7EXAMPLE\"]",
        [REDACT_BEARER] = "[\"Bearer abcdef0123456789\"]",
        [REDACT_JWT] = "[\"" JWT "\"]",
        [REDACT_SECRET] = "{\"password\":\"0123456789\"}",
        [REDACT_URL_PASSWORD] = "[\"postgres://me:hunter2@db\"]",
        [REDACT_EMAIL] = "[\"a@x.example\"]",
        [REDACT_CARD] = "[\"4111111111111111\"]",
    };
    for (int off = 0; off < REDACT_RULES; off++) {
        struct config_redact some = config;
        some.off[off] = true;
        CLEANUP(redact_freep) struct redact *redact = redact_new(&some);
        for (int rule = 0; rule < REDACT_RULES; rule++) {
            CLEANUP(arena_done) struct arena arena = { 0 };
            struct str given = str_of(texts[rule]), got = redact_json(redact, given, &arena);
            if ((got.at == given.at) != (rule == off))
                fail_msg("%s off: %s", config_redact_words[off], texts[rule]);
        }
    }
}

static void what_was_cut_is_counted(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(redact_freep) struct redact *redact = redact_new(&config);
    redact_begin(redact);
    redact_text(redact, STR("a@x.example a@x.example Project Moonlight"), &arena);
    redact_begin(redact);
    struct str got = redact_text(redact, STR("b@x.example"), &arena), word;
    assert_true(str_equal(got, STR("[email 1]")));
    assert_int_equal(redact_total(redact), 4);
    uint64_t sum = 0, emails = 0;
    for (unsigned i = 0; i < redact_rules(redact); i++) {
        uint64_t count = redact_count(redact, i, &word);
        sum += count;
        if (str_equal(word, STR("email")))
            emails = count;
    }
    assert_int_equal(sum, 4);
    assert_int_equal(emails, 3);
    assert_int_equal(redact_count(redact, 0, &word), 1);
    assert_true(str_equal(word, STR("moon")));
}

static void many_numbers_stay_apart(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
    redact_begin(redact);
    for (int round = 0; round < 2; round++)
        for (int i = 1; i <= 5000; i++) {
            char text[40], want[40];
            snprintf(text, sizeof text, "u%d@x.example", i);
            snprintf(want, sizeof want, "[email %d]", i);
            assert_true(str_equal(redact_text(redact, str_of(text), &arena), str_of(want)));
        }
}

/* A customer's address names a group: another word, the same in all sessions, by the home's key. */
static void a_name_stays_a_name(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
    struct str name = STR("a@x.example"), plain = STR("task 3");
    struct str one = redact_name(redact, STR("key"), name, &arena);
    redact_begin(redact);
    struct str again = redact_name(redact, STR("key"), name, &arena);
    struct str other = redact_name(redact, STR("yek"), name, &arena);
    assert_true(str_equal(one, again));
    assert_false(str_equal(one, other));
    assert_true(str_find(one, STR("example")) < 0);
    assert_ptr_equal(redact_name(redact, STR("key"), plain, &arena).at, plain.at);
}

static void a_session_is_cut_everywhere(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
    struct str messages[] = { STR("{\"role\":\"user\",\"content\":\"a@x.example\"}"),
        STR("{\"role\":\"assistant\",\"content\":\"none\"}") };
    struct import_session session = { .messages = messages,
        .messages_count = 2,
        .group = STR("a@x.example"),
        .origin = STR("log"),
        .meta = STR("{\"group\":\"a@x.example\",\"origin\":\"log\",\"x\":\"a@x.example\"}") };
    assert_int_equal(import_redact(&session, redact, STR("key"), &arena, NULL), 0);
    assert_true(str_find(session.messages[0], STR("[email 1]")) > 0);
    assert_ptr_equal(session.messages[1].at, messages[1].at);
    assert_true(str_find(session.group, STR("@")) < 0 && str_find(session.meta, STR("@")) < 0);
    assert_true(str_find(session.meta, session.group) > 0); /* they say the same */
    assert_true(str_find(session.meta, STR("\"x\":\"[email 1]\"")) > 0);
    assert_true(str_find(messages[0], STR("@")) > 0); /* what was given is as it was */
}

/* Texts that begin something at each place: the square of their size would be minutes. In processor
 * time, with room for a loaded machine. */
static double seconds_of(const char *piece, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(redact_freep) struct redact *redact = redact_new(&config);
    CLEANUP(buf_done) struct buf text = { 0 };
    while (text.size < size)
        buf_text(&text, piece);
    clock_t from = clock();
    redact_text(redact, buf_view(&text), &arena);
    return (double)(clock() - from) / CLOCKS_PER_SEC;
}

static void hostile_texts_take_linear_time(void **state)
{
    (void)state;
    static const char *const pieces[] = { "sk-", "a@", "@", "a.", "a@b.", "4111 ",
        "://a:", "Bearer ", "eyJaaaaaaaaaa.", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----",
        "xoxb-/", "a@b.co ", "aws_secret_access_key=", "acme_", "Project Moonligh", "Basic a",
        "xsk-", "eyJ", "_ghp_A1b.", "xAKIA1", "_eyJaaaaaaaaaa.", "sk-proj-" };
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        double seconds = seconds_of(pieces[i], 1 << 18);
        if (seconds > 2)
            fail_msg("%s: 256 KiB took %.1f s", pieces[i], seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text),
        cmocka_unit_test(each_text_in_json),
        cmocka_unit_test(each_place_is_looked_at),
        cmocka_unit_test(each_document),
        cmocka_unit_test(each_name_of_a_secret),
        cmocka_unit_test(a_rule_can_be_off),
        cmocka_unit_test(what_was_cut_is_counted),
        cmocka_unit_test(many_numbers_stay_apart),
        cmocka_unit_test(a_name_stays_a_name),
        cmocka_unit_test(a_session_is_cut_everywhere),
        cmocka_unit_test(hostile_texts_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
