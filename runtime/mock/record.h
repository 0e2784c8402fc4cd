/* record - what came in and what became of it, for tests to read: docs/reference/script.md, "The
 * log". Credentials are told by kind; their values are never written. */
#pragma once

#include "mock/engine.h"
#include "mock/intake.h"

/* Opens for appending, mode 0600; the caller closes. */
int record_open(const char *path, struct err *err);
void record_request(int fd, uint64_t number, const struct intake *intake);
/* end: "whole", "cut", "gone" (the client hung up). */
void record_end(int fd, const struct play *play, uint64_t sent, const char *end);
