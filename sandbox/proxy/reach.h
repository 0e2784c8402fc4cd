/* reach - what of a network a run may reach, by the words of its grant.
 *
 * A host is granted by its name, and the name leads to public addresses only: whoever answers for a
 * name could let it lead into the operator's own network. An address that is not public must be
 * granted literally. */
#pragma once

#include "sandbox/proxy/place.h"

enum { REACH_RULES_MAX = 64 };
struct reach_rule {
    struct place place; /* port 0: 443 and 80 */
    bool below;         /* each name that ends with .host; host empty: every public host */
};
/* A zeroed struct reaches nothing. */
struct reach {
    bool loopback; /* of the run's own net namespace */
    unsigned count;
    struct reach_rule rules[REACH_RULES_MAX];
};
/* "loopback", HOST[:PORT], *.HOST[:PORT] or *[:PORT]. ERR_INPUT, ERR_LIMIT. */
int reach_add(struct reach *reach, struct str word, struct err *err);
/* "none", or words between commas. */
int reach_words(struct reach *reach, struct str words, struct err *err);
/* Whether a run may ask for that host at that port. */
bool reach_host(const struct reach *reach, const struct place *asked);
/* Whether a host that may be asked for may be at that address: it is public and of no interface of
 * this machine, or granted literally with that port. */
bool reach_address(const struct reach *reach, const struct sockaddr *address, uint16_t port);
/* For people: "none", or the words. */
void reach_print(struct buf *out, const struct reach *reach);
