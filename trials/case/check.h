/* check - does a case say one thing, and can it be run at all? Inside this folder only.
 *
 * What is found here would show later as a case that passes for a wrong reason, or as one that
 * never ends: a rule that no call can reach, a script that answers with itself, two graders that no
 * run can satisfy. root is the case's document, for the paths. */
#pragma once

#include "trials/case/case.h"

int case_check(
    const struct trial_case *of, const struct json *root, struct arena *arena, struct err *err);

/* Its parts. */
int check_tools(const struct trial_case *of, const struct json *root, struct err *err);
int check_model(
    const struct trial_case *of, const struct json *root, struct arena *arena, struct err *err);
int check_faults(const struct trial_case *of, const struct json *root, struct err *err);
int check_grades(
    const struct trial_case *of, const struct json *root, struct arena *arena, struct err *err);

/* root.NAME[i]; root where there is no such thing. */
const struct json *check_at(const struct json *root, const char *name, uint32_t i);
/* The first text of a list that stands in it twice, or count. */
uint32_t check_twice(const struct str *texts, uint32_t count);
bool check_among(const struct str *texts, uint32_t count, struct str text);
/* What is wrong with its words, or NULL. */
const char *check_command(const struct case_command *command);
/* A path below a folder: relative, no "..", no empty part. */
bool check_inside(struct str path);
