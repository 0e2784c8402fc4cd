/* place - a host and a port, as an operator or a program of a run writes them.
 *
 * One reader for both, so that what is asked for and what is allowed are compared in one form. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { PLACE_HOST_SIZE = 256 };
struct place {
    char host[PLACE_HOST_SIZE]; /* lower case, no dot at its end; an address as inet_ntop has it */
    int family;                 /* AF_INET, AF_INET6: host is an address; 0: a name */
    uint8_t address[16];
    uint16_t port; /* 0: none was given */
};
/* HOST[:PORT]; an address of version 6 stands in brackets. Forms of an address that only some
 * programs know (127.1, 0x7f000001) are none of a host. ERR_INPUT. */
int place_read(struct place *ret, struct str text, struct err *err);
/* place->address and port; false for a name. */
bool place_socket(const struct place *place, struct sockaddr_storage *ret);
