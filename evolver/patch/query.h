/* query - the queries of deny.scm over a syntax tree. */
#pragma once

#include "patch/syntax.h"

/* For each match: the capture's name and the node. */
typedef void query_match(void *data, struct str name, struct span span, struct place place);
/* ERR_DEFECT: the queries do not suit the grammar. */
int query_run(const struct syntax *syntax, struct str queries, query_match *match, void *data,
    struct err *err);
