/* redact_rules - how a secret looks: one table, and a scan that finds where its rows begin.
 * Inside trials only: redact.c says what becomes of a find. */
#pragma once

#include "base/str.h"
#include "trials/redact_look.h"
#include "wire/config.h"

enum { REDACT_ROWS_MAX = 64 };
/* Which rows are in force, and by which three bytes they begin. */
struct redact_look {
    struct config_redact config;
    uint8_t begins[4096];            /* bits, by the hash of three bytes */
    struct redact_glance glance;     /* a first look at JSON */
    uint32_t three[REDACT_ROWS_MAX]; /* by row: its first bytes; 0: it is off */
};
struct redact_find {
    size_t from, to; /* what is to be cut */
    unsigned rule;   /* enum config_redact_rule */
    uint32_t own;    /* of REDACT_OWN: which */
};

void redact_look_init(struct redact_look *look, const struct config_redact *config);
/* The next find at or behind `at` that cuts nothing before it. */
bool redact_next(
    const struct redact_look *look, struct str text, size_t at, struct redact_find *ret);
/* May JSON text, as it stands, hold a find once it is unescaped? No means none. */
bool redact_suspects(const struct redact_look *look, struct str json);
/* The name of a member whose value is a secret: password, api_key, ... */
bool redact_secret_name(const struct redact_look *look, struct str name);
/* May the name whose quote stands here be one? Its first four letters say so, the signs between
 * left out. */
bool redact_may_name(struct str json, size_t at);
/* May such a name begin with these two? */
bool redact_may_head(char a, char b);
enum { REDACT_CARD_LEAST = 13, REDACT_CARD_MOST = 19 };
/* So many digits are the number of a card. */
bool redact_card_number(const char *digits, size_t count);
/* The same, where the rule is in force. */
bool redact_is_card(const struct redact_look *look, struct str digits);
