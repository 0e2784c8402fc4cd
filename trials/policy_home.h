/* policy_home - the policy of the gate that a home has now. */
#pragma once

#include "trials/verdict.h"
#include "wire/config.h"

/* evolve.policy of its moult.json, or the default. */
int policy_of_home(
    struct policy *ret, const struct home *home, const struct config *config, struct err *err);
