/* proxy - see proxy.h. One thread accepts, each connection has one: a lookup that takes its time
 * holds up nobody else, and what a connection does stands in one function from its first line to
 * its last. */
#include "sandbox/proxy/inside.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/proxy/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEAD_MS = 10000,
    CONNECT_MS = 10000,
    IDLE_MS = 300000,
    MODEL_IDLE_MS = 1800000, /* one that thinks says nothing */
    NO_ROOM_MS = 10,
    CONNECTIONS = 65536,
    STACK_SIZE = 512 << 10
};
#define BYTES (4ull << 30)
#define URL "http://127.0.0.1:3128"

#define COMMON                                                                                     \
    "HTTP_PROXY=" URL, "http_proxy=" URL, "HTTPS_PROXY=" URL, "https_proxy=" URL,                  \
        "ALL_PROXY=" URL, "all_proxy=" URL, "NODE_USE_ENV_PROXY=1", "npm_config_proxy=" URL,       \
        "npm_config_https_proxy=" URL, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.proxy",        \
        "GIT_CONFIG_VALUE_0=" URL
/* git: what a workspace's own configuration says of a proxy leads nowhere here. */
const char *const proxy_env[] = { COMMON, NULL };
const char *const proxy_env_loopback[] = { COMMON, "NO_PROXY=localhost,127.0.0.1,::1",
    "no_proxy=localhost,127.0.0.1,::1", NULL };
/* What a client sends as its key is not looked at: who is asked knows the run by its socket. */
#define MODEL "http://127.0.0.1:3129"
const char *const proxy_env_model[] = { "OPENAI_BASE_URL=" MODEL "/v1", "OPENAI_API_KEY=none",
    "ANTHROPIC_BASE_URL=" MODEL, "ANTHROPIC_API_KEY=none", NULL };

/* Of all proxies of this process: each holds descriptors that the process needs itself. */
static atomic_uint everywhere;

struct connection {
    struct proxy *proxy;
    int client;
};

/* --- what became of it */

/* The lock is held. */
static struct sandbox_contact *find_contact(
    struct proxy *proxy, const struct place *place, enum sandbox_contact_end end)
{
    struct sandbox_contact *contact = proxy->contacts;
    for (unsigned i = 0; i < proxy->contacts_count; i++, contact++)
        if (contact->end == end && contact->port == place->port &&
            strcmp(contact->host, place->host) == 0)
            return contact;
    if (proxy->contacts_count == SANDBOX_CONTACTS_MAX) {
        proxy->contacts_more++;
        return NULL;
    }
    proxy->contacts_count++;
    *contact = (struct sandbox_contact){ .port = place->port, .end = end };
    snprintf(contact->host, sizeof contact->host, "%s", place->host);
    return contact;
}

void proxy_note(struct proxy *proxy, const struct place *place, enum sandbox_contact_end end)
{
    pthread_mutex_lock(&proxy->lock);
    struct sandbox_contact *contact = find_contact(proxy, place, end);
    if (contact)
        contact->times++;
    pthread_mutex_unlock(&proxy->lock);
}

void proxy_note_bytes(struct proxy *proxy, const struct place *place, const struct relay *relay)
{
    pthread_mutex_lock(&proxy->lock);
    struct sandbox_contact *contact = find_contact(proxy, place, CONTACT_REACHED);
    if (contact) {
        contact->sent += relay->sent;
        contact->received += relay->received;
    }
    pthread_mutex_unlock(&proxy->lock);
}

/* --- threads */

static void proxy_free(struct proxy *proxy)
{
    fd_closep(&proxy->stop);
    fd_closep(&proxy->model);
    fd_closep(&proxy->plan.listener);
    pthread_mutex_destroy(&proxy->lock);
    pthread_cond_destroy(&proxy->changed);
    free(proxy);
}

/* late: a lookup that outlived proxy_stop. */
static void leave(struct proxy *proxy, bool late)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->looking -= late ? 1 : 0;
    bool last = --proxy->holders == 0;
    pthread_cond_broadcast(&proxy->changed);
    pthread_mutex_unlock(&proxy->lock);
    if (last)
        proxy_free(proxy);
}

static void *connection_thread(void *data)
{
    struct connection connection = *(struct connection *)data;
    free(data);
    bool in_time = connection_serve(connection.proxy, connection.client);
    close(connection.client);
    atomic_fetch_sub(&everywhere, 1);
    leave(connection.proxy, !in_time);
    return NULL;
}

static int start_thread(pthread_t *ret, void *(*run)(void *), void *with, bool detached)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (detached)
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the threads of the caller */
    int error = pthread_create(ret, &attributes, run, with);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static void take_client(struct proxy *proxy, int client)
{
    pthread_t thread;
    struct connection *connection = mem_alloc(sizeof *connection);
    *connection = (struct connection){ proxy, client };
    pthread_mutex_lock(&proxy->lock);
    proxy->holders++;
    pthread_mutex_unlock(&proxy->lock);
    if (start_thread(&thread, connection_thread, connection, true) == 0)
        return;
    free(connection);
    close(client);
    atomic_fetch_sub(&everywhere, 1);
    leave(proxy, false);
}

/* Others have no way to say that there is room again: it is looked for. */
static bool wait_for_place(struct proxy *proxy)
{
    struct pollfd stop = { proxy->stop, POLLIN, 0 };
    while (atomic_fetch_add(&everywhere, 1) >= PROXY_CONNECTIONS_ALL) {
        atomic_fetch_sub(&everywhere, 1);
        if (poll(&stop, 1, NO_ROOM_MS) > 0)
            return false;
    }
    return true;
}

/* Beyond the bound a client waits in the queue of the socket. */
static bool wait_for_room(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    while (!proxy->stopping && proxy->holders > PROXY_CONNECTIONS_MAX)
        pthread_cond_wait(&proxy->changed, &proxy->lock);
    bool goes_on = !proxy->stopping && proxy->left > 0;
    pthread_mutex_unlock(&proxy->lock);
    return goes_on;
}

static void *accept_thread(void *data)
{
    struct proxy *proxy = data;
    while (wait_for_room(proxy) && connection_wait(proxy, proxy->plan.listener, POLLIN, -1)) {
        if (!wait_for_place(proxy))
            break;
        int client = accept4(proxy->plan.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0) {
            proxy->left--;
            take_client(proxy, client);
            continue;
        }
        atomic_fetch_sub(&everywhere, 1);
        if (errno != EAGAIN && errno != ECONNABORTED)
            connection_wait(proxy, -1, 0, NO_ROOM_MS);
    }
    /* No more are taken: who asks is told so at once. */
    shutdown(proxy->plan.listener, SHUT_RDWR);
    return NULL;
}

static void set_defaults(struct proxy_plan *plan)
{
    plan->head_ms = plan->head_ms ? plan->head_ms : HEAD_MS;
    plan->connect_ms = plan->connect_ms ? plan->connect_ms : CONNECT_MS;
    plan->idle_ms = plan->idle_ms ? plan->idle_ms : plan->model ? MODEL_IDLE_MS : IDLE_MS;
    plan->connections = plan->connections ? plan->connections : CONNECTIONS;
    plan->bytes = plan->bytes ? plan->bytes : BYTES;
    plan->resolve = plan->resolve ? plan->resolve : connection_resolve;
}

/* The socket and not its path: what stands there later is another one. */
static int hold_model(struct proxy *proxy, struct err *err)
{
    struct stat st;
    proxy->model = open(proxy->plan.model, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (proxy->model < 0 || fstat(proxy->model, &st) < 0)
        return err_sys(err, "socket of the model");
    return S_ISSOCK(st.st_mode) ? 0
                                : err_set(err, ERR_INPUT, "%.200s is no socket", proxy->plan.model);
}

int proxy_start(struct proxy **ret, const struct proxy_plan *plan, struct err *err)
{
    struct proxy *proxy = mem_zero(1, sizeof *proxy);
    proxy->plan = *plan;
    proxy->model = -1;
    if (plan->reach)
        proxy->reach = *plan->reach;
    set_defaults(&proxy->plan);
    proxy->holders = 1;
    proxy->left = proxy->plan.connections;
    atomic_init(&proxy->bytes_left, proxy->plan.bytes);
    pthread_mutex_init(&proxy->lock, NULL);
    pthread_cond_init(&proxy->changed, NULL);
    proxy->stop = eventfd(0, EFD_CLOEXEC);
    int rc = proxy->plan.model ? hold_model(proxy, err) : 0;
    if (rc < 0) {
        proxy_free(proxy);
        return rc;
    }
    int error =
        proxy->stop < 0 ? errno : start_thread(&proxy->acceptor, accept_thread, proxy, false);
    if (error != 0) {
        proxy_free(proxy);
        errno = error;
        return err_sys(err, "proxy of the run");
    }
    *ret = proxy;
    return 0;
}

unsigned proxy_contacts(struct proxy *proxy, struct sandbox_contact *ret)
{
    pthread_mutex_lock(&proxy->lock);
    unsigned count = proxy->contacts_count;
    memcpy(ret, proxy->contacts, count * sizeof *ret);
    pthread_mutex_unlock(&proxy->lock);
    return count;
}

void proxy_stop(struct proxy *proxy, struct sandbox_result *ret)
{
    if (!proxy)
        return;
    const uint64_t one = 1;
    pthread_mutex_lock(&proxy->lock);
    proxy->stopping = true;
    pthread_cond_broadcast(&proxy->changed);
    pthread_mutex_unlock(&proxy->lock);
    (void)!write(proxy->stop, &one, sizeof one);
    pthread_join(proxy->acceptor, NULL);
    pthread_mutex_lock(&proxy->lock);
    while (proxy->holders - 1 > proxy->looking)
        pthread_cond_wait(&proxy->changed, &proxy->lock);
    memcpy(ret->contacts, proxy->contacts, sizeof ret->contacts);
    ret->contacts_count = proxy->contacts_count;
    ret->contacts_more = proxy->contacts_more;
    pthread_mutex_unlock(&proxy->lock);
    leave(proxy, false);
}
