/* doctor_grants - whether a sandbox can be made that has what moult.json grants to a tool. */
#pragma once

#include "cli/sandbox.h"
#include "wire/config.h"

/* Starts /usr/bin/true with it. detail: what is granted, for people. Otherwise err says what is
 * wrong: a word that is none, a folder that is not there or a home's, a network without namespaces.
 */
int doctor_grant(char *detail, size_t size, const struct config_grant *grant,
    const struct sandbox_settings *settings, struct err *err);
