/* listen - the socket that a server listens on. */
#pragma once

#include "http/server.h"

/* A listening socket, non-blocking. *ret_port: the TCP port, 0 for a unix socket. Returns the
 * descriptor or a negated ERR_ code. ERR_LIMIT: the path does not fit a socket's address. */
int listen_open(const struct http_listen *where, uint16_t *ret_port, struct err *err);
