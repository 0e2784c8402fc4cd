/* The proxy of a run, spoken to by a client of this process, with a resolver that says what the
 * test wants and a host that counts who comes. */
#include "sandbox/proxy/head.h"
#include "sandbox/proxy/proxy.h"

#include "base/fd.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 60 };

static int listen_at(struct sockaddr_in *ret, int flags)
{
    socklen_t size = sizeof *ret;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    *ret = (struct sockaddr_in){ .sin_family = AF_INET };
    ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)ret, sizeof *ret), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &size), 0);
    return fd;
}

static void set_patience(int fd)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

/* --- the resolver: each lookup takes the next answer */

struct answers {
    const char *address[4][2]; /* of each lookup, NULL: no more */
    int asked;
    sem_t *asked_now, *go_on; /* NULL: it answers at once */
};

static int resolve(void *with, const char *host, struct sockaddr_storage *ret)
{
    struct answers *answers = with;
    const char *const *row = answers->address[answers->asked++];
    int count = 0;
    (void)host;
    if (answers->go_on) {
        sem_post(answers->asked_now);
        sem_wait(answers->go_on);
    }
    for (; count < 2 && row[count]; count++) {
        struct sockaddr_in *four = (struct sockaddr_in *)&ret[count];
        ret[count] = (struct sockaddr_storage){ .ss_family = AF_INET };
        inet_pton(AF_INET, row[count], &four->sin_addr);
    }
    return count;
}

/* --- a proxy, and the host behind it */

struct world {
    struct proxy *proxy;
    struct sockaddr_in at; /* of the proxy */
    int host;              /* what the host listens at */
    unsigned port;
    struct answers answers;
    struct sandbox_result result;
};

/* words: "%u" is the host's port. */
static void begin(struct world *world, const char *words, const struct proxy_plan *like)
{
    struct proxy_plan plan = like ? *like : (struct proxy_plan){ 0 };
    struct sockaddr_in host;
    struct reach reach = { .count = 0 };
    struct err err = { 0 };
    char text[200];
    world->host = listen_at(&host, SOCK_NONBLOCK);
    world->port = ntohs(host.sin_port);
    snprintf(text, sizeof text, words, world->port, world->port, world->port);
    if (reach_words(&reach, str_of(text), &err) < 0)
        fail_msg("%s", err.text);
    plan.listener = listen_at(&world->at, SOCK_NONBLOCK);
    plan.reach = &reach;
    plan.resolve = resolve;
    plan.with = &world->answers;
    assert_int_equal(proxy_start(&world->proxy, &plan, &err), 0);
}

static void end(struct world *world)
{
    proxy_stop(world->proxy, &world->result);
    world->proxy = NULL;
    close(world->host);
}

static int call(const struct world *world)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    set_patience(fd);
    assert_int_equal(connect(fd, (const struct sockaddr *)&world->at, sizeof world->at), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Until `until` was heard, or the end. */
static void hear(int fd, char *ret, size_t size, const char *until)
{
    size_t had = 0;
    ret[0] = '\0';
    while (had + 1 < size && !(until && strstr(ret, until))) {
        ssize_t n = recv(fd, ret + had, size - 1 - had, 0);
        if (n <= 0)
            return;
        had += (size_t)n;
        ret[had] = '\0';
    }
}

/* Asks for host:port; what the proxy answers. */
static int ask(const struct world *world, const char *host, char *ret, size_t size)
{
    char text[300];
    int fd = call(world);
    snprintf(text, sizeof text, "CONNECT %s:%u HTTP/1.1\r\nHost: x\r\n\r\n", host, world->port);
    say(fd, text);
    hear(fd, ret, size, "\r\n\r\n");
    return fd;
}

/* The next connection of the host, which comes for certain. */
static int come(const struct world *world)
{
    struct pollfd polled = { world->host, POLLIN, 0 };
    assert_int_equal(poll(&polled, 1, PATIENCE_S * 1000), 1);
    int fd = accept4(world->host, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    set_patience(fd);
    return fd;
}

static void nobody_came(const struct world *world)
{
    assert_true(accept(world->host, NULL, NULL) < 0);
}

/* --- */

static void a_granted_host_is_reached(void **state)
{
    struct world world = { 0 };
    char heard[600];
    (void)state;
    begin(&world, "127.0.0.1:%u", NULL);
    int client = ask(&world, "127.0.0.1", heard, sizeof heard);
    assert_memory_equal(heard, "HTTP/1.1 200 ", 13);
    int server = come(&world);
    say(client, "to the host");
    hear(server, heard, sizeof heard, "host");
    assert_string_equal(heard, "to the host");
    /* One way may end before the other. */
    shutdown(client, SHUT_WR);
    assert_int_equal(recv(server, heard, 1, 0), 0);
    say(server, "and back");
    close(server);
    hear(client, heard, sizeof heard, NULL);
    assert_string_equal(heard, "and back");
    close(client);
    end(&world);
    assert_int_equal(world.answers.asked, 0);
    assert_int_equal(world.result.contacts_count, 1);
    assert_string_equal(world.result.contacts[0].host, "127.0.0.1");
    assert_int_equal(world.result.contacts[0].end, CONTACT_REACHED);
    assert_int_equal(world.result.contacts[0].sent, 11);
    assert_int_equal(world.result.contacts[0].received, 8);
}

static void a_request_for_a_url(void **state)
{
    struct world world = { 0 };
    char heard[600], text[300], wanted[300];
    (void)state;
    begin(&world, "127.0.0.1:%u", NULL);
    int client = call(&world);
    snprintf(text, sizeof text,
        "POST http://127.0.0.1:%u/a HTTP/1.1\r\nHost: evil\r\nProxy-Authorization: x\r\n"
        "Content-Length: 4\r\n\r\nbody",
        world.port);
    say(client, text);
    int server = come(&world);
    hear(server, heard, sizeof heard, "body");
    snprintf(wanted, sizeof wanted,
        "POST /a HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
        "body",
        world.port);
    assert_string_equal(heard, wanted);
    say(server, "HTTP/1.1 204 No Content\r\n\r\n");
    close(server);
    hear(client, heard, sizeof heard, NULL);
    assert_string_equal(heard, "HTTP/1.1 204 No Content\r\n\r\n");
    close(client);
    end(&world);
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *name, *words, *host;
        int lookups;
    } rows[] = {
        { "a host that is not granted", "example.org:%u", "example.net", 0 },
        { "a name that leads to this machine", "name.example:%u", "name.example", 1 },
        { "any host, when it is this machine", "*:%u", "name.example", 1 },
        { "this machine by its address", "*:%u", "127.0.0.1", 0 },
        { "this machine as of version 6", "*:%u", "[::ffff:127.0.0.1]", 0 },
        { "localhost, though granted", "localhost:%u", "localhost", 1 },
        { "another port of a granted address", "127.0.0.1:1,name.example:%u", "name.example", 1 },
        { "another port of a granted host", "name.example:1", "name.example", 0 },
        { "a grant of loopback alone is of another one", "loopback", "127.0.0.1", 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct world world = { .answers = { .address = { { "127.0.0.1" } } } };
        char heard[600];
        begin(&world, rows[i].words, NULL);
        close(ask(&world, rows[i].host, heard, sizeof heard));
        if (strncmp(heard, "HTTP/1.1 403 ", 13) != 0 || world.answers.asked != rows[i].lookups)
            fail_msg("%s: %d lookups, %s", rows[i].name, world.answers.asked, heard);
        nobody_came(&world);
        end(&world);
        assert_int_equal(world.result.contacts_count, 1);
        assert_int_equal(world.result.contacts[0].end, CONTACT_REFUSED);
    }
}

/* What a second lookup would say is nothing that matters: there is none. */
static void a_name_is_looked_up_once(void **state)
{
    struct world world = { .answers = { .address = { { "127.0.0.1" }, { "127.0.0.2" } } } };
    char heard[600];
    (void)state;
    begin(&world, "127.0.0.1:%u,name.example:%u", NULL);
    close(ask(&world, "name.example", heard, sizeof heard));
    assert_memory_equal(heard, "HTTP/1.1 200 ", 13);
    close(come(&world));
    assert_int_equal(world.answers.asked, 1);
    /* The next connection asks again, and is told anew. */
    close(ask(&world, "name.example", heard, sizeof heard));
    assert_memory_equal(heard, "HTTP/1.1 403 ", 13);
    nobody_came(&world);
    end(&world);
    assert_int_equal(world.result.contacts_count, 2);
}

static void an_address_that_may_not_be_is_left_out(void **state)
{
    struct world world = { .answers = { .address = { { "127.0.0.2", "127.0.0.1" } } } };
    char heard[600];
    (void)state;
    begin(&world, "127.0.0.1:%u,name.example:%u", NULL);
    close(ask(&world, "name.example", heard, sizeof heard));
    assert_memory_equal(heard, "HTTP/1.1 200 ", 13);
    close(come(&world));
    end(&world);
}

static void who_is_not_there(void **state)
{
    struct world world = { .answers = { .address = { { NULL } } } };
    char heard[600];
    (void)state;
    begin(&world, "name.example:%u,127.0.0.1:%u", NULL);
    close(ask(&world, "name.example", heard, sizeof heard));
    assert_memory_equal(heard, "HTTP/1.1 502 ", 13);
    assert_non_null(strstr(heard, "is not known"));
    close(world.host);
    close(ask(&world, "127.0.0.1", heard, sizeof heard));
    assert_memory_equal(heard, "HTTP/1.1 502 ", 13);
    world.host = -1;
    end(&world);
    assert_int_equal(world.result.contacts[0].end, CONTACT_FAILED);
}

static void what_is_no_request(void **state)
{
    static const char *const rows[] = { "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\r\n\r\n",
        "\r\n\r\n", "CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n" };
    struct world world = { 0 };
    char heard[600];
    (void)state;
    begin(&world, "127.0.0.1:%u", NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int client = call(&world);
        say(client, rows[i]);
        hear(client, heard, sizeof heard, NULL);
        assert_memory_equal(heard, "HTTP/1.1 40", 11);
        close(client);
    }
    nobody_came(&world);
    end(&world);
    assert_int_equal(world.result.contacts_count, 0);
}

/* However long one may take over it. */
static void a_head_has_a_bound(void **state)
{
    struct world world = { 0 };
    char heard[600] = "";
    (void)state;
    begin(&world, "127.0.0.1:%u", &(struct proxy_plan){ .head_ms = PATIENCE_S * 10000 });
    int client = call(&world);
    for (size_t sent = 0; sent < (size_t)4 * HEAD_MAX; sent += sizeof heard)
        assert_int_equal(send(client, heard, sizeof heard, MSG_NOSIGNAL), sizeof heard);
    hear(client, heard, sizeof heard, "\r\n\r\n");
    assert_memory_equal(heard, "HTTP/1.1 400", 12);
    close(client);
    nobody_came(&world);
    end(&world);
    assert_int_equal(world.result.contacts_count, 0);
}

static void who_is_slow_is_ended(void **state)
{
    struct world world = { 0 };
    char heard[600];
    (void)state;
    begin(&world, "127.0.0.1:%u", &(struct proxy_plan){ .head_ms = 20, .idle_ms = 20 });
    int client = call(&world);
    hear(client, heard, sizeof heard, NULL);
    assert_memory_equal(heard, "HTTP/1.1 400", 12);
    close(client);
    end(&world);
    world = (struct world){ 0 };
    begin(&world, "127.0.0.1:%u", &(struct proxy_plan){ .idle_ms = 20 });
    client = ask(&world, "127.0.0.1", heard, sizeof heard);
    assert_memory_equal(heard, "HTTP/1.1 200 ", 13);
    int server = come(&world);
    assert_int_equal(recv(client, heard, 1, 0), 0);
    assert_int_equal(recv(server, heard, 1, 0), 0);
    close(server);
    close(client);
    end(&world);
}

static void bytes_are_bounded(void **state)
{
    enum { MOST = 50000 };
    struct world world = { 0 };
    static char heard[4096];
    size_t had = 0;
    (void)state;
    begin(&world, "127.0.0.1:%u", &(struct proxy_plan){ .bytes = MOST });
    int client = ask(&world, "127.0.0.1", heard, sizeof heard);
    int server = come(&world);
    for (ssize_t n = 1; n > 0;) {
        (void)!send(server, heard, sizeof heard, MSG_NOSIGNAL | MSG_DONTWAIT);
        n = recv(client, heard, sizeof heard, 0);
        had += n > 0 ? (size_t)n : 0;
    }
    assert_true(had > 0 && had <= MOST);
    close(server);
    close(client);
    end(&world);
    assert_true(world.result.contacts[0].received <= MOST);
}

static void connections_are_bounded(void **state)
{
    struct world world = { 0 };
    char heard[600];
    (void)state;
    begin(&world, "127.0.0.1:%u", &(struct proxy_plan){ .connections = 2 });
    for (int i = 0; i < 2; i++) {
        close(ask(&world, "127.0.0.1", heard, sizeof heard));
        assert_memory_equal(heard, "HTTP/1.1 200 ", 13);
        close(come(&world));
    }
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    set_patience(client);
    /* The third is refused, or ended without a word. */
    if (connect(client, (struct sockaddr *)&world.at, sizeof world.at) == 0)
        assert_true(recv(client, heard, 1, 0) <= 0);
    close(client);
    nobody_came(&world);
    end(&world);
}

/* More at a time wait until there is room: the host never sees more. */
static void a_flood_waits(void **state)
{
    enum { EXTRA = 8, ALL = PROXY_CONNECTIONS_MAX + EXTRA };
    struct world world = { 0 };
    char heard[600], text[100];
    int clients[ALL], servers[ALL];
    (void)state;
    begin(&world, "127.0.0.1:%u", NULL);
    snprintf(text, sizeof text, "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", world.port);
    for (int i = 0; i < ALL; i++) {
        clients[i] = call(&world);
        say(clients[i], text);
    }
    for (int i = 0; i < PROXY_CONNECTIONS_MAX; i++)
        servers[i] = come(&world);
    nobody_came(&world);
    for (int i = 0; i < PROXY_CONNECTIONS_MAX; i++)
        hear(clients[i], heard, sizeof heard, "\r\n\r\n");
    for (int i = 0; i < PROXY_CONNECTIONS_MAX; i++) {
        close(clients[i]);
        close(servers[i]);
    }
    for (int i = PROXY_CONNECTIONS_MAX; i < ALL; i++) {
        hear(clients[i], heard, sizeof heard, "\r\n\r\n");
        close(come(&world));
        close(clients[i]);
    }
    end(&world);
    assert_int_equal(world.result.contacts_count, 1);
    assert_int_equal(world.result.contacts[0].times, ALL);
}

/* Runs that are many do not have as many times more. */
static void all_of_a_process_are_bounded(void **state)
{
    enum { WORLDS = PROXY_CONNECTIONS_ALL / PROXY_CONNECTIONS_MAX + 1 };
    static struct world worlds[WORLDS];
    static int clients[WORLDS][PROXY_CONNECTIONS_MAX], servers[PROXY_CONNECTIONS_ALL];
    struct pollfd polled[WORLDS];
    char text[100];
    int came = 0;
    (void)state;
    for (int w = 0; w < WORLDS; w++) {
        begin(&worlds[w], "127.0.0.1:%u", NULL);
        polled[w] = (struct pollfd){ worlds[w].host, POLLIN, 0 };
        snprintf(text, sizeof text, "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", worlds[w].port);
        for (int i = 0; i < PROXY_CONNECTIONS_MAX; i++) {
            clients[w][i] = call(&worlds[w]);
            say(clients[w][i], text);
        }
    }
    while (came < PROXY_CONNECTIONS_ALL) {
        assert_true(poll(polled, WORLDS, PATIENCE_S * 1000) > 0);
        for (int w = 0; w < WORLDS; w++)
            if (polled[w].revents && came < PROXY_CONNECTIONS_ALL)
                servers[came++] = come(&worlds[w]);
    }
    assert_int_equal(poll(polled, WORLDS, 0), 0);
    for (int w = 0; w < WORLDS; w++) {
        end(&worlds[w]);
        for (int i = 0; i < PROXY_CONNECTIONS_MAX; i++)
            close(clients[w][i]);
    }
    for (int i = 0; i < came; i++)
        close(servers[i]);
}

static void kinds_of_contact_are_bounded(void **state)
{
    struct world world = { 0 };
    char heard[600], host[64];
    (void)state;
    begin(&world, "example.org", NULL);
    for (int i = 0; i < SANDBOX_CONTACTS_MAX + 3; i++) {
        snprintf(host, sizeof host, "h%d.example", i);
        close(ask(&world, host, heard, sizeof heard));
    }
    end(&world);
    assert_int_equal(world.result.contacts_count, SANDBOX_CONTACTS_MAX);
    assert_int_equal(world.result.contacts_more, 3);
}

/* A row keeps its place, so that who looks again sees what is new. */
static void contacts_can_be_looked_at_meanwhile(void **state)
{
    struct world world = { 0 };
    struct sandbox_contact seen[SANDBOX_CONTACTS_MAX];
    char heard[600];
    (void)state;
    begin(&world, "example.org", NULL);
    assert_int_equal(proxy_contacts(world.proxy, seen), 0);
    for (int i = 0; i < 3; i++)
        close(ask(&world, "a.example", heard, sizeof heard));
    assert_int_equal(proxy_contacts(world.proxy, seen), 1);
    assert_int_equal(seen[0].times, 3);
    close(ask(&world, "b.example", heard, sizeof heard));
    assert_int_equal(proxy_contacts(world.proxy, seen), 2);
    assert_string_equal(seen[0].host, "a.example");
    assert_string_equal(seen[1].host, "b.example");
    end(&world);
}

static void stopping_ends_what_is_open(void **state)
{
    struct world world = { 0 };
    char heard[600];
    (void)state;
    begin(&world, "127.0.0.1:%u", NULL);
    int client = ask(&world, "127.0.0.1", heard, sizeof heard);
    int server = come(&world), waiting = call(&world);
    proxy_stop(world.proxy, &world.result);
    assert_true(recv(client, heard, 1, 0) <= 0);
    assert_true(recv(server, heard, 1, 0) <= 0);
    hear(waiting, heard, sizeof heard, NULL);
    close(client);
    close(server);
    close(waiting);
    close(world.host);
}

/* A lookup can take a minute, and nothing breaks it off: whoever stops does not wait for it. */
static void stopping_does_not_wait_for_a_lookup(void **state)
{
    sem_t asked, go_on;
    struct world world = { .answers = { .address = { { "127.0.0.1" } } } };
    char text[100];
    (void)state;
    sem_init(&asked, 0, 0);
    sem_init(&go_on, 0, 0);
    world.answers.asked_now = &asked;
    world.answers.go_on = &go_on;
    begin(&world, "name.example:%u,127.0.0.1:%u", NULL);
    int client = call(&world);
    snprintf(text, sizeof text, "CONNECT name.example:%u HTTP/1.1\r\n\r\n", world.port);
    say(client, text);
    sem_wait(&asked);
    proxy_stop(world.proxy, &world.result);
    sem_post(&go_on);
    /* It finds that all is over, and ends without a word to anybody. */
    assert_true(recv(client, text, 1, 0) <= 0);
    nobody_came(&world);
    close(client);
    close(world.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_granted_host_is_reached),
        cmocka_unit_test(a_request_for_a_url),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(a_name_is_looked_up_once),
        cmocka_unit_test(an_address_that_may_not_be_is_left_out),
        cmocka_unit_test(who_is_not_there),
        cmocka_unit_test(what_is_no_request),
        cmocka_unit_test(a_head_has_a_bound),
        cmocka_unit_test(who_is_slow_is_ended),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(connections_are_bounded),
        cmocka_unit_test(a_flood_waits),
        cmocka_unit_test(all_of_a_process_are_bounded),
        cmocka_unit_test(kinds_of_contact_are_bounded),
        cmocka_unit_test(contacts_can_be_looked_at_meanwhile),
        cmocka_unit_test(stopping_ends_what_is_open),
        cmocka_unit_test(stopping_does_not_wait_for_a_lookup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
