/* outline - what a plugin's source consists of, for those who change or describe it.
 *
 * Functions, hooks, points where a statement may stand, names that are in scope there, conditions,
 * literals, rows of const tables: as spans and node indices of syntax.h. Results live in the
 * caller's arena; texts point into the syntax's source. */
#pragma once

#include "patch/syntax.h"

struct outline_name {
    struct str name;
    struct str type; /* as C: "moult_turn *", "const char *[4]", "struct state *"; in the arena */
    enum outline_name_kind {
        OUTLINE_PARAM,
        OUTLINE_LOCAL,
        OUTLINE_CONSTANT,
        OUTLINE_FUNCTION
    } kind;
    uint32_t node; /* the declaration */
};
struct outline_names {
    struct outline_name *at;
    uint32_t count;
};

struct outline_function {
    struct str name;
    uint32_t node, body; /* function_definition, compound_statement */
    struct span span, body_span;
    struct str returns; /* "moult_action" */
    struct outline_names params;
    bool is_static;
};
struct outline_functions {
    struct outline_function *at;
    uint32_t count;
};
struct outline_functions outline_functions(const struct syntax *syntax, struct arena *arena);
/* The function of that name, or NULL. */
const struct outline_function *outline_find(
    const struct outline_functions *functions, struct str name);

/* Byte offset of the comments that stand right above an item of the file, or of the item itself
 * with the word of its export. */
uint32_t outline_with_comments(const struct syntax *syntax, uint32_t node);

/* The exported constant: `const struct moult_plugin moult_plugin = { .hook = function, ... }`. */
struct outline_member {
    struct str name, value; /* "before_tool", "stop_repeats" */
    uint32_t node;          /* the initializer_pair */
    uint32_t value_node;
    const char *hook;                        /* the hook's name if it is one, else NULL */
    const struct outline_function *function; /* of a hook, if the value names one of this file */
};
struct outline_plugin {
    uint32_t node;        /* the declaration, 0 if there is none */
    uint32_t initializer; /* its initializer_list */
    struct outline_member *at;
    uint32_t count;
};
struct outline_plugin outline_plugin(
    const struct syntax *syntax, const struct outline_functions *functions, struct arena *arena);
/* The nine hooks in the order of the turn: "turn_start" ... "turn_end". */
enum { OUTLINE_HOOKS = 9 };
extern const char *const outline_hooks[OUTLINE_HOOKS];
/* What a hook function looks like: "moult_turn *turn" or with ", moult_call *call". NULL: no hook.
 */
const char *outline_hook_params(const char *hook);

/* Where a statement may be put in. */
struct outline_point {
    uint32_t statement; /* the statement before which it stands; 0: at the end of the block */
    uint32_t block;     /* the compound_statement, or the parent of a bare statement */
    uint32_t at;        /* byte offset for the insertion */
    bool bare;          /* an if's or loop's single statement: put braces around it too */
    bool in_loop;
};
struct outline_points {
    struct outline_point *at;
    uint32_t count;
};
struct outline_points outline_points(
    const struct syntax *syntax, const struct outline_function *function, struct arena *arena);
/* Names that a statement at this byte offset could use: constants and functions of the file above
 * it, parameters, locals of the open blocks declared above it (inner ones first, shadowed ones left
 * out). */
struct outline_names outline_scope(
    const struct syntax *syntax, uint32_t offset, struct arena *arena);

struct outline_condition {
    uint32_t node;                 /* the expression, without the parentheses of an if */
    uint32_t statement;            /* if, while, do, for statement, or conditional expression */
    uint32_t then_node, else_node; /* 0: none */
};
struct outline_conditions {
    struct outline_condition *at;
    uint32_t count;
};
struct outline_conditions outline_conditions(
    const struct syntax *syntax, uint32_t within, struct arena *arena);

struct outline_literal {
    uint32_t node;
    enum outline_literal_kind {
        OUTLINE_NUMBER,
        OUTLINE_STRING,
        OUTLINE_CHARACTER,
        OUTLINE_FLAGS
    } kind;
    int64_t number; /* of a number; of the others 0 */
};                  /* FLAGS: a MOULT_ constant, or several joined with | */
struct outline_literals {
    struct outline_literal *at;
    uint32_t count;
};
struct outline_literals outline_literals(
    const struct syntax *syntax, uint32_t within, struct arena *arena);

/* A `static const` array with an initializer, and its rows. */
struct outline_table {
    struct str name, type; /* element type: "struct row", "const char *" */
    uint32_t node, list;   /* declaration, initializer_list */
    uint32_t *rows;        /* node of each row */
    uint32_t rows_count;
};
struct outline_tables {
    struct outline_table *at;
    uint32_t count;
};
struct outline_tables outline_tables(const struct syntax *syntax, struct arena *arena);
