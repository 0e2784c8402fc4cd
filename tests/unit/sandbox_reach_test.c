/* What a grant of hosts covers: words, hosts, and the addresses that a name may lead to. */
#include "sandbox/proxy/head.h"
#include "sandbox/proxy/reach.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void words(void **state)
{
    static const struct {
        const char *words;
        int want; /* 0 or an error */
        const char *print;
    } rows[] = {
        { "none", 0, "none" },
        { "loopback", 0, "loopback" },
        { "example.org", 0, "example.org" },
        { "Example.ORG.:8080, loopback", 0, "loopback, example.org:8080" },
        { "*.example.org:443,*", 0, "*.example.org:443, *" },
        { "*:8443", 0, "*:8443" },
        { "10.0.0.1:5432", 0, "10.0.0.1:5432" },
        { "[::1]:80,[FE80:0::1]", 0, "[::1]:80, [fe80::1]" },
        { "", ERR_INPUT, NULL },
        { "none,example.org", ERR_INPUT, NULL },
        { "example.org,", ERR_INPUT, NULL },
        { "http://example.org", ERR_INPUT, NULL },
        { "example.org/path", ERR_INPUT, NULL },
        { "user@example.org", ERR_INPUT, NULL },
        { "example.org:0", ERR_INPUT, NULL },
        { "example.org:65536", ERR_INPUT, NULL },
        { "example.org:", ERR_INPUT, NULL },
        { "example.org:80:80", ERR_INPUT, NULL },
        { "exa mple.org", ERR_INPUT, NULL },
        { "*.10.0.0.1", ERR_INPUT, NULL },
        { "*example.org", ERR_INPUT, NULL },
        { "a..example.org", ERR_INPUT, NULL },
        { "10.0.0.0/8", ERR_INPUT, NULL },
        { "::1", ERR_INPUT, NULL },
        { "[fe80::1%eth0]", ERR_INPUT, NULL },
        { "127.1", ERR_INPUT, NULL },
        { "2130706433", ERR_INPUT, NULL },
        { "0x7f000001", ERR_INPUT, NULL },
        { "0177.0.0.1", ERR_INPUT, NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reach reach = { .count = 0 };
        struct err err = { 0 };
        CLEANUP(buf_done) struct buf out = { 0 };
        int rc = reach_words(&reach, str_of(rows[i].words), &err);
        if (rc != -rows[i].want)
            fail_msg("\"%s\": %d (%s)", rows[i].words, rc, err.text);
        if (rc < 0)
            continue;
        reach_print(&out, &reach);
        assert_string_equal(out.at, rows[i].print);
    }
}

static void too_many(void **state)
{
    struct reach reach = { .count = 0 };
    struct err err = { 0 };
    (void)state;
    for (int i = 0; i < REACH_RULES_MAX; i++)
        assert_int_equal(reach_add(&reach, STR("example.org"), &err), 0);
    assert_int_equal(reach_add(&reach, STR("example.org"), &err), -ERR_LIMIT);
}

static void hosts(void **state)
{
    static const struct {
        const char *grant, *asked;
        bool want;
    } rows[] = {
        { "example.org", "example.org:443", true },
        { "example.org", "EXAMPLE.org.:80", true },
        { "example.org", "example.org:22", false },
        { "example.org:22", "example.org:443", false },
        { "example.org", "www.example.org:443", false },
        { "example.org", "notexample.org:443", false },
        { "example.org", "example.org.evil.net:443", false },
        { "*.example.org", "www.example.org:443", true },
        { "*.example.org", "a.b.example.org:443", true },
        { "*.example.org", "example.org:443", false },
        { "*.example.org", "notexample.org:443", false },
        { "*", "anything.net:443", true },
        { "*", "anything.net:22", false },
        { "*", "127.0.0.1:80", true }, /* it is the address that is then refused */
        { "127.0.0.1:80", "127.0.0.1:80", true },
        { "127.0.0.1:80", "127.0.0.2:80", false },
        { "127.0.0.1:80", "localhost:80", false },
        { "[::1]", "[0:0:0:0:0:0:0:1]:443", true },
        { "loopback", "localhost:80", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reach reach = { .count = 0 };
        struct place asked;
        assert_int_equal(reach_words(&reach, str_of(rows[i].grant), NULL), 0);
        assert_int_equal(place_read(&asked, str_of(rows[i].asked), NULL), 0);
        if (reach_host(&reach, &asked) != rows[i].want)
            fail_msg("%s of %s", rows[i].asked, rows[i].grant);
    }
}

static const struct {
    const char *address;
    bool open;
} addresses[] = {
    { "93.184.216.34", true },
    { "8.8.8.8", true },
    { "172.15.255.255", true },
    { "172.32.0.1", true },
    { "100.63.255.255", true },
    { "2606:2800:220:1::1", true },
    { "0.0.0.0", false },
    { "10.1.2.3", false },
    { "100.64.0.1", false },
    { "100.100.100.200", false },
    { "127.0.0.1", false },
    { "127.255.255.254", false },
    { "169.254.169.254", false },
    { "172.16.0.1", false },
    { "172.31.255.255", false },
    { "168.63.129.16", false },
    { "192.0.0.192", false },
    { "192.168.1.1", false },
    { "198.18.0.1", false },
    { "224.0.0.1", false },
    { "239.255.255.250", false },
    { "255.255.255.255", false },
    { "::", false },
    { "::1", false },
    { "::ffff:127.0.0.1", false },
    { "::ffff:8.8.8.8", false },
    { "::127.0.0.1", false },
    { "64:ff9b::7f00:1", false },
    { "fe80::1", false },
    { "fec0::1", false },
    { "fc00::1", false },
    { "fd00:ec2::254", false },
    { "ff02::1", false },
    { "2001::1", false },
    { "2001:db8::1", false },
    { "2002:7f00:1::1", false },
    { "3fff::1", false },
};

static void read_address(struct sockaddr_storage *ret, const char *text)
{
    struct sockaddr_in *four = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
    bool is_six = strchr(text, ':') != NULL;
    *ret = (struct sockaddr_storage){ .ss_family = is_six ? AF_INET6 : AF_INET };
    void *into = is_six ? (void *)&six->sin6_addr : (void *)&four->sin_addr;
    assert_int_equal(inet_pton(ret->ss_family, text, into), 1);
}

/* --- this machine, as it would be with public addresses: instead of the C library's */

static struct sockaddr_storage own_address[2];
static struct ifaddrs own[3];
static bool own_unknown;

int getifaddrs(struct ifaddrs **ret)
{
    if (own_unknown)
        return -1;
    read_address(&own_address[0], "9.9.9.9");
    read_address(&own_address[1], "2600:1234::1");
    own[0] = (struct ifaddrs){ .ifa_next = &own[1] }; /* an interface without an address */
    own[1] = (struct ifaddrs){ .ifa_next = &own[2], .ifa_addr = (void *)&own_address[0] };
    own[2] = (struct ifaddrs){ .ifa_addr = (void *)&own_address[1] };
    *ret = own;
    return 0;
}

void freeifaddrs(struct ifaddrs *all)
{
    assert_ptr_equal(all, own);
}

static void own_addresses_are_closed(void **state)
{
    struct reach any = { .count = 0 }, literal = { .count = 0 };
    struct sockaddr_storage address;
    (void)state;
    assert_int_equal(reach_words(&any, STR("*"), NULL), 0);
    assert_int_equal(reach_words(&literal, STR("9.9.9.9,[2600:1234::1]:22"), NULL), 0);
    read_address(&address, "9.9.9.9");
    assert_false(reach_address(&any, (struct sockaddr *)&address, 443));
    assert_true(reach_address(&literal, (struct sockaddr *)&address, 443));
    assert_false(reach_address(&literal, (struct sockaddr *)&address, 22));
    read_address(&address, "2600:1234::1");
    assert_false(reach_address(&any, (struct sockaddr *)&address, 443));
    assert_true(reach_address(&literal, (struct sockaddr *)&address, 22));
    read_address(&address, "2600:1234::2");
    assert_true(reach_address(&any, (struct sockaddr *)&address, 443));
    own_unknown = true;
    assert_false(reach_address(&any, (struct sockaddr *)&address, 443));
    own_unknown = false;
}

static void public_only(void **state)
{
    struct reach reach = { .count = 0 };
    (void)state;
    assert_int_equal(reach_words(&reach, STR("*,example.org"), NULL), 0);
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct sockaddr_storage address;
        read_address(&address, addresses[i].address);
        if (reach_address(&reach, (struct sockaddr *)&address, 443) != addresses[i].open)
            fail_msg("%s", addresses[i].address);
    }
}

static void literal_opens(void **state)
{
    struct reach reach = { .count = 0 };
    struct sockaddr_storage address;
    (void)state;
    assert_int_equal(reach_words(&reach, STR("10.0.0.5:5432,[fd00::5]"), NULL), 0);
    read_address(&address, "10.0.0.5");
    assert_true(reach_address(&reach, (struct sockaddr *)&address, 5432));
    assert_false(reach_address(&reach, (struct sockaddr *)&address, 443));
    read_address(&address, "10.0.0.6");
    assert_false(reach_address(&reach, (struct sockaddr *)&address, 5432));
    read_address(&address, "fd00::5");
    assert_true(reach_address(&reach, (struct sockaddr *)&address, 443));
    address.ss_family = AF_UNIX;
    assert_false(reach_address(&reach, (struct sockaddr *)&address, 443));
}

static void heads(void **state)
{
    static const struct {
        const char *text;
        int want;
        const char *host, *out; /* out NULL: a tunnel */
    } rows[] = {
        { "CONNECT example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n", 0, "example.org", NULL },
        { "CONNECT [::1]:443 HTTP/1.0\r\n\r\n", 0, "::1", NULL },
        { "GET http://a.org:81/x?y=1 HTTP/1.1\r\nHost: evil\r\nX: 1\r\nProxy-Connection: "
          "keep-alive\r\n\r\n",
            0, "a.org",
            "GET /x?y=1 HTTP/1.1\r\nHost: a.org:81\r\nX: 1\r\nConnection: close\r\n\r\n" },
        { "GET HTTP://a.org?q HTTP/1.1\r\nconnection: keep-alive\r\n\r\n", 0, "a.org",
            "GET /?q HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n" },
        { "CONNECT example.org HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "CONNECT a@b.org:443 HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "CONNECT http://a.org:443 HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "CONNECT a.org:443  HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "CONNECT a.org:443 HTTP/2.0\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "CONNECT a.org:443\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n", ERR_DENIED, NULL, NULL },
        { "GET https://a.org/ HTTP/1.1\r\n\r\n", ERR_DENIED, NULL, NULL },
        { "GET ftp://a.org/ HTTP/1.1\r\n\r\n", ERR_DENIED, NULL, NULL },
        { "GET http://u:p@a.org/ HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "GET http://a.org\\@b.org/ HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "GET http:/// HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "GET http://a.org/ HTTP/1.1\r\n folded: x\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "GET http://a.org/ HTTP/1.1\r\nX : 1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "GET http://a.org/ HTTP/1.1\r\nX: a\nY: b\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "GET http://a.org/ HTTP/1.1\r\nX: a\rY: b\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "GET http://a.org/\x01 HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "G(T http://a.org/ HTTP/1.1\r\n\r\n", ERR_INPUT, NULL, NULL },
        { "\r\n\r\n", ERR_INPUT, NULL, NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        struct head head;
        struct err err = { 0 };
        struct str text = str_of(rows[i].text);
        assert_int_equal(head_size(text), text.size);
        int rc = head_read(&head, text, &out, &err);
        if (rc != -rows[i].want)
            fail_msg("row %zu: %d (%s)", i, rc, err.text);
        if (rc < 0)
            continue;
        assert_string_equal(head.place.host, rows[i].host);
        assert_int_equal(head.tunnel, rows[i].out == NULL);
        if (rows[i].out)
            assert_string_equal(out.at, rows[i].out);
    }
    assert_int_equal(head_size(STR("CONNECT a.org:443 HTTP/1.1\r\n")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(too_many),
        cmocka_unit_test(hosts),
        cmocka_unit_test(own_addresses_are_closed),
        cmocka_unit_test(public_only),
        cmocka_unit_test(literal_opens),
        cmocka_unit_test(heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
