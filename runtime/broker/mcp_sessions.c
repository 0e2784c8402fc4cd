/* mcp_sessions - see mcp_sessions.h. */
#include "broker/mcp_sessions.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct session {
    char id[MCP_SESSION_ID + 1]; /* empty: free */
    char principal[64];
    struct mcp_client client;
    uint64_t used; /* the larger, the later */
};
struct mcp_sessions {
    uint64_t now;
    struct session list[MCP_SESSIONS_MAX];
};

struct mcp_sessions *mcp_sessions_new(void)
{
    return mem_zero(1, sizeof(struct mcp_sessions));
}

void mcp_sessions_free(struct mcp_sessions *sessions)
{
    free(sessions);
}

static bool is_of(const struct session *session, struct str principal)
{
    return str_equal(principal, str_of(session->principal));
}

static struct session *older(struct session *a, struct session *b)
{
    return !a || b->used < a->used ? b : a;
}

/* A free one; of who has enough its own oldest; else the oldest of all. */
static struct session *room(struct mcp_sessions *sessions, struct str principal)
{
    struct session *own = NULL, *oldest = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < MCP_SESSIONS_MAX; i++) {
        struct session *at = &sessions->list[i];
        oldest = older(oldest, at); /* a free one was used never */
        if (at->id[0] && is_of(at, principal)) {
            own = older(own, at);
            count++;
        }
    }
    return count >= MCP_SESSIONS_EACH ? own : oldest;
}

const char *mcp_sessions_begin(
    struct mcp_sessions *sessions, struct str principal, const struct mcp_client *client)
{
    unsigned char chance[MCP_SESSION_ID / 2];
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        return NULL;
    struct session *session = room(sessions, principal);
    *session = (struct session){ .client = *client, .used = ++sessions->now };
    for (size_t i = 0; i < sizeof chance; i++)
        snprintf(session->id + 2 * i, 3, "%02x", chance[i]);
    snprintf(
        session->principal, sizeof session->principal, "%.*s", (int)principal.size, principal.at);
    return session->id;
}

static struct session *find(struct mcp_sessions *sessions, struct str principal, struct str id)
{
    for (size_t i = 0; i < MCP_SESSIONS_MAX && id.size == MCP_SESSION_ID; i++)
        if (str_equal(id, str_of(sessions->list[i].id)) && is_of(&sessions->list[i], principal))
            return &sessions->list[i];
    return NULL;
}

const struct mcp_client *mcp_sessions_find(
    struct mcp_sessions *sessions, struct str principal, struct str id)
{
    struct session *session = find(sessions, principal, id);
    if (session)
        session->used = ++sessions->now;
    return session ? &session->client : NULL;
}

bool mcp_sessions_end(struct mcp_sessions *sessions, struct str principal, struct str id)
{
    struct session *session = find(sessions, principal, id);
    if (session)
        *session = (struct session){ 0 };
    return session != NULL;
}
