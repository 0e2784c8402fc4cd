/* option - a command line from a table. */
#include "base/option.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* The parse of one command line: where it stands and where arguments go. */
struct line {
    const struct option *table;
    char **argv;
    int argc, next;
    const char **args;
    int args_max, args_count;
};

static bool takes_value(const struct option *option)
{
    return option->kind != OPTION_FLAG;
}

static const struct option *find_name(const struct option *table, struct str name)
{
    for (; table->name; table++)
        if (str_equal(str_of(table->name), name))
            return table;
    return NULL;
}

static const struct option *find_letter(const struct option *table, char letter)
{
    for (; table->name; table++)
        if (table->letter && table->letter == letter)
            return table;
    return NULL;
}

static int unknown(const char *word, struct err *err)
{
    err_set(err, ERR_USAGE, "unknown option %s", word);
    return err_hint(err, "--help lists the options");
}

static int set_number(const struct option *option, const char *value, struct err *err)
{
    uint64_t number = 0;
    const char *p = value;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
            return err_set(err, ERR_USAGE, "%s: %s is too large", option->name, value);
    if (p == value || *p)
        return err_set(err, ERR_USAGE, "%s wants a number, not \"%s\"", option->name, value);
    *(uint64_t *)option->to = number;
    return 0;
}

static int set_list(const struct option *option, const char *value, struct err *err)
{
    struct option_list *list = option->to;
    if (list->count == COUNT_OF(list->at))
        return err_set(err, ERR_USAGE, "%s more than %zu times", option->name, COUNT_OF(list->at));
    list->at[list->count++] = value;
    return 0;
}

static int set(const struct option *option, const char *value, struct err *err)
{
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->to = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)option->to = value;
        return 0;
    case OPTION_NUMBER:
        return set_number(option, value, err);
    case OPTION_LIST:
        return set_list(option, value, err);
    }
    return err_set(err, ERR_DEFECT, "option %s has kind %d", option->name, (int)option->kind);
}

/* value: what stood in the same word, or NULL. */
static int take(struct line *line, const struct option *option, const char *value, struct err *err)
{
    if (!takes_value(option)) {
        if (value)
            return err_set(err, ERR_USAGE, "%s takes no value", option->name);
    } else if (!value) {
        if (line->next == line->argc)
            return err_set(err, ERR_USAGE, "%s wants %s behind it", option->name,
                option->value ? option->value : "a value");
        value = line->argv[line->next++];
    }
    return set(option, value, err);
}

static int take_option(struct line *line, const char *word, struct err *err)
{
    const struct option *option;
    const char *value = NULL;
    if (word[1] == '-') {
        value = strchr(word, '=');
        option = find_name(
            line->table, (struct str){ word, value ? (size_t)(value - word) : strlen(word) });
        value = value ? value + 1 : NULL;
    } else {
        option = find_letter(line->table, word[1]);
        value = word[2] ? word + 2 : NULL;
    }
    return option ? take(line, option, value, err) : unknown(word, err);
}

static int take_arg(struct line *line, const char *word, struct err *err)
{
    if (line->args_count == line->args_max)
        return err_set(err, ERR_USAGE, "\"%s\" is one argument too many", word);
    line->args[line->args_count++] = word;
    return 0;
}

int option_parse(const struct option *table, int argc, char **argv, bool stop_at_arg,
    const char **args, int args_max, bool *ret_help, struct err *err)
{
    struct line line = {
        .table = table, .argv = argv, .argc = argc, .next = 1, .args = args, .args_max = args_max
    };
    bool ended = false, help = false;
    while (line.next < argc) {
        const char *word = argv[line.next++];
        bool is_option = !ended && word[0] == '-' && word[1];
        int rc = 0;
        if (is_option && strcmp(word, "--") == 0)
            ended = true;
        else if (is_option && strcmp(word, "--help") == 0)
            help = true;
        else if (is_option)
            rc = take_option(&line, word, err);
        else
            rc = take_arg(&line, word, err);
        if (rc < 0)
            return rc;
        ended = ended || (stop_at_arg && !is_option);
    }
    if (ret_help)
        *ret_help = help;
    return line.args_count;
}

static int label(char *out, size_t size, const struct option *option)
{
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    return snprintf(out, size, "%s%s%s%s", letter, option->name, takes_value(option) ? " " : "",
        !takes_value(option) ? ""
        : option->value      ? option->value
                             : "VALUE");
}

int option_span(const char *name, const char *value, uint64_t *ret_ms, struct err *err)
{
    static const struct unit {
        char letter;
        uint64_t ms;
    } units[] = { { 'd', 86400000 }, { 'h', 3600000 }, { 'm', 60000 }, { 's', 1000 } };
    enum { DAYS_MAX = 3650 };
    const uint64_t max_ms = DAYS_MAX * units[0].ms;
    uint64_t number = 0;
    const char *p = value;
    for (; *p >= '0' && *p <= '9' && number <= max_ms; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    for (size_t i = 0; p > value && i < COUNT_OF(units); i++)
        if (p[0] == units[i].letter && !p[1] && number <= max_ms / units[i].ms) {
            *ret_ms = number * units[i].ms;
            return 0;
        }
    return err_set(
        err, ERR_USAGE, "%s wants days, hours, minutes or seconds: 7d, 12h, 30m, 45s", name);
}

void option_help(const char *usage, const char *about, const struct option *table)
{
    static const struct option help = { .name = "--help", .help = "say this" };
    char text[128];
    int width = label(text, sizeof(text), &help);
    for (const struct option *option = table; option->name; option++) {
        int n = label(text, sizeof(text), option);
        width = n > width ? n : width;
    }
    printf("usage: %s\n%s%s\n", usage, about ? about : "", about ? "\n" : "");
    for (const struct option *option = table; option->name; option++) {
        label(text, sizeof(text), option);
        printf("  %-*s  %s\n", width, text, option->help);
    }
    label(text, sizeof(text), &help);
    printf("  %-*s  %s\n", width, text, help.help);
}
