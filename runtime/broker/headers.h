/* headers - which headers go up to a provider, and which of its answer come down. Tables. */
#pragma once

#include "base/str.h"
#include "http/server.h"

enum { HEADERS_MAX = 64 };
/* "Name: value" lines of the client's request that go up, malloc'd; NULL-terminated. */
char **headers_up(const struct http_exchange *exchange);
void headers_free(char **lines);
/* May this header of a provider's answer go down to a client? */
bool headers_down(struct str name);
/* Does it say when to ask again? */
bool headers_again(struct str name);
/* "name: value\n"... as a list; slices of text. Returns the count. */
unsigned headers_list(struct str text, struct http_header list[HEADERS_MAX]);
