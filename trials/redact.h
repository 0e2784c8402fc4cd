/* redact - secrets and addresses of persons are cut out of foreign texts before anything is stored.
 *
 * What is cut is replaced by its rule and a number, `[email 1]`: the same text has the same number
 * throughout a session, so that two calls which were equal still are, and nothing of the text is
 * left. A text that no rule hits keeps its bytes. Rules are a table (redact_rules.c); the operator
 * turns them off and adds own ones (moult.json, `redact`). All of it takes time in proportion to
 * the text, whatever the text is. */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "wire/config.h"

struct redact;
/* config may be NULL: all rules, no own ones. It is copied. */
struct redact *redact_new(const struct config_redact *config);
void redact_free(struct redact *redact);
void redact_freep(struct redact **redact);

/* A session begins: numbers start at 1. */
void redact_begin(struct redact *redact);
/* One JSON document, which stays one: strings, names of members and whole numbers in it, and JSON
 * that is the text of a string (the arguments of a call). Returns `text` itself, or a copy in the
 * arena. */
struct str redact_json(struct redact *redact, struct str text, struct arena *arena);
/* The same for text that is none. */
struct str redact_text(struct redact *redact, struct str text, struct arena *arena);
/* A name by which sessions are told apart or counted together (a customer's address): what a rule
 * hits becomes the rule's word and a keyed digest, equal in all sessions of the home. */
struct str redact_name(struct redact *redact, struct str key, struct str text, struct arena *arena);

/* So many were cut since redact_new: of all rules, and of rule `index` in the order of the table,
 * whose word *ret_word is (own rules first). redact_rules() of them. */
uint64_t redact_total(const struct redact *redact);
unsigned redact_rules(const struct redact *redact);
uint64_t redact_count(const struct redact *redact, unsigned index, struct str *ret_word);
