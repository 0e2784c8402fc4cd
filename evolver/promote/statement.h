/* statement - what moult says of a candidate, signed with the home's own key: where its build comes
 * from (SLSA provenance v1) and what its replay gave (in-toto test-result v0.1). Kept in the
 * journal as documents of kind "statement"; the layout is in docs/reference/evidence.md. */
#pragma once

#include "promote/driver.h"
#include "trials/verdict.h"

int statement_provenance(
    struct digest *ret, struct driver *driver, const struct candidate *candidate, struct err *err);
int statement_test_result(struct digest *ret, struct driver *driver,
    const struct candidate *candidate, const struct verdict_result *verdict, struct err *err);
