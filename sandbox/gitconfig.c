/* gitconfig - see gitconfig.h. */
#include "sandbox/gitconfig.h"

#include <string.h>

static int peek(const struct gitconfig *config)
{
    return config->text.size > 0 ? (unsigned char)config->text.at[0] : -1;
}

/* A line's end may be written in two bytes. */
static int take(struct gitconfig *config)
{
    int c = peek(config);
    if (c == '\r' && config->text.size > 1 && config->text.at[1] == '\n') {
        config->text.at++;
        config->text.size--;
        c = '\n';
    }
    if (c >= 0) {
        config->text.at++;
        config->text.size--;
    }
    return c;
}

static void skip_line(struct gitconfig *config)
{
    for (int c = take(config); c >= 0 && c != '\n'; c = take(config))
        continue;
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static bool is_name(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static size_t add(char *at, size_t size, size_t max, int c)
{
    if (size + 1 < max)
        at[size++] = (char)c;
    return size;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static void read_name(struct gitconfig *config, char ret[GITCONFIG_NAME_MAX])
{
    size_t size = 0;
    while (is_name(peek(config)))
        size = add(ret, size, GITCONFIG_NAME_MAX, lower(take(config)));
    ret[size] = 0;
}

/* What stands between the section's name and its bracket says which part of it: any will do. */
static void read_section(struct gitconfig *config)
{
    bool quoted = false;
    read_name(config, config->section);
    for (int c = take(config); c >= 0 && c != '\n' && (quoted || c != ']'); c = take(config)) {
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted)
            take(config);
    }
}

/* The character that a backslash and the next one stand for; 0: none, a line goes on. */
static int unescape(struct gitconfig *config)
{
    int c = take(config);
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case '\n':
    case -1:
        return 0;
    default:
        return c;
    }
}

static void read_value(struct gitconfig *config, struct gitconfig_value *ret)
{
    bool quoted = false;
    size_t size = 0, kept = 0; /* blanks at the end are no part of it */
    for (int c = take(config); c >= 0 && c != '\n'; c = take(config)) {
        bool literal = quoted;
        if (!quoted && (c == '#' || c == ';')) {
            skip_line(config);
            break;
        }
        if (c == '"') {
            quoted = !quoted;
            kept = size;
            continue;
        }
        if (c == '\\') {
            literal = true;
            if ((c = unescape(config)) == 0)
                continue;
        }
        if (size == 0 && !literal && is_blank(c))
            continue;
        ret->cut |= size + 1 >= sizeof ret->value;
        size = add(ret->value, size, sizeof ret->value, c);
        kept = literal || !is_blank(c) ? size : kept;
    }
    ret->value[kept] = 0;
}

bool gitconfig_next(struct gitconfig *config, struct gitconfig_value *ret)
{
    while (config->text.size > 0) {
        int c = peek(config);
        if (is_name(c)) {
            *ret = (struct gitconfig_value){ .cut = false };
            memcpy(ret->section, config->section, sizeof ret->section);
            read_name(config, ret->name);
            while (is_blank(peek(config)))
                take(config);
            if (peek(config) == '=') {
                take(config);
                read_value(config, ret);
            }
            return true;
        }
        take(config);
        if (c == '[')
            read_section(config);
        else if (c == '#' || c == ';')
            skip_line(config);
    }
    return false;
}
