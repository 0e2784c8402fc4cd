/* gate_policy - the policy of the gate that this home has now: evolve.policy of moult.json, or the
 * default. It is kept as a document, so whoever was judged under it names its digest. */
#pragma once

#include "promote/driver.h"
#include "trials/verdict.h"

int gate_policy(
    struct policy *ret, struct digest *ret_digest, struct driver *driver, struct err *err);
