/* query - the queries of deny.scm over a syntax tree. */
#pragma once

#include "patch/syntax.h"

/* For each match: the capture's name and the node. */
typedef void query_match(void *data, struct str name, struct span span, struct place place);

struct query;
/* ERR_DEFECT: the queries do not suit the grammar, or compare in a way that is not known here. */
int query_new(struct query **ret, struct str text, struct err *err);
void query_free(struct query *query);
void query_run(
    const struct query *query, const struct syntax *syntax, query_match *match, void *data);
