/* page - see page.h. */
#include "promote/page.h"

#include "base/markup.h"
#include "base/mem.h"

#include <string.h>

enum { SHORT_MAX = 600, TEXT_MAX = 20000, DIFF_LINES_MAX = 5000 };

/* The sheet is the page's only source of anything: style-src allows what stands here, nothing else
 * is loaded. Colours come in pairs for light and dark. */
#define PAGE_POLICY                                                                                \
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
static const char sheet[] =
    ":root{color-scheme:light dark;--line:#8885;--soft:#8881;--good:#176b2c;--bad:#a3211b;"
    "--mild:#7a5200}\n"
    "@media(prefers-color-scheme:dark){:root{--good:#7fd492;--bad:#ff9a92;--mild:#e9c46a}}\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:78rem;margin:auto;padding:1rem}\n"
    "h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}"
    "\n"
    "h3{font-size:1rem;margin:0 0 .5rem;overflow-wrap:anywhere}a{color:inherit}\n"
    "nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:1rem 0}\n"
    "pre{font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:"
    ".3rem 0;padding:.5rem;background:var(--soft);border-radius:.3rem}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px "
    "solid var(--line);overflow-wrap:anywhere}\n"
    "th[scope=row]{width:9rem}td.pass,td.fail,td.inconclusive{white-space:nowrap}\n"
    "article{border:1px solid var(--line);border-radius:.4rem;padding:.75rem;margin:.75rem 0}\n"
    ".sides{display:grid;grid-template-columns:1fr 1fr;gap:1rem;margin-top:.75rem}\n"
    ".sides>div{min-width:0;border-top:3px solid var(--line);padding-top:.5rem}\n"
    "@media(max-width:44rem){.sides{grid-template-columns:1fr}body{padding:.6rem}"
    "article{padding:.5rem}}\n"
    ".pass,.add{color:var(--good)}.fail,.cut{color:var(--bad)}.inconclusive{color:var(--mild)}\n"
    ".who{font-size:.85rem;opacity:.75;margin:.4rem 0 0}\n"
    ".diff span{display:block}summary{cursor:pointer}\n";

void page_begin(struct buf *out, struct str title)
{
    buf_text(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"" PAGE_POLICY "\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    markup_text(out, title);
    buf_format(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", sheet);
}

void page_heading(struct buf *out, const char *name, const char *title)
{
    buf_format(out, "<h2 id=\"%s\">%s</h2>\n", name, title);
}

void page_link(struct buf *out, const char *name, const char *text)
{
    buf_format(out, "<a href=\"#%s\">%s</a>\n", name, text);
}

void page_end(struct buf *out)
{
    buf_text(out, "</body>\n</html>\n");
}

/* Not inside a character. */
static struct str cut(struct str text, size_t max)
{
    if (text.size <= max)
        return text;
    while (max > 0 && ((unsigned char)text.at[max] & 0xC0) == 0x80)
        max--;
    return (struct str){ text.at, max };
}

static void pre(struct buf *out, const char *class, struct str text)
{
    const struct str shown = cut(text, TEXT_MAX);
    buf_format(out, "<pre class=\"%s\">", class);
    markup_lines(out, shown);
    buf_text(out, "</pre>\n");
    if (shown.size < text.size)
        buf_format(
            out, "<p class=\"who\">%zu bytes more are not shown</p>\n", text.size - shown.size);
}

void page_pre(struct buf *out, const char *class, struct str text)
{
    if (text.size <= SHORT_MAX) {
        pre(out, class, text);
        return;
    }
    buf_text(out, "<details><summary>");
    const char *line = memchr(text.at, '\n', text.size);
    const struct str first = { text.at, line ? (size_t)(line - text.at) : text.size };
    markup_text(out, cut(first, SHORT_MAX / 4));
    buf_format(out, " &hellip; (%zu bytes)</summary>\n", text.size);
    pre(out, class, text);
    buf_text(out, "</details>\n");
}

static const char *line_class(struct str line)
{
    char first = line.size ? line.at[0] : ' ';
    return first == '+' ? "add" : first == '-' ? "cut" : "";
}

void page_diff(struct buf *out, struct str diff)
{
    unsigned lines = 0;
    buf_text(out, "<pre class=\"diff\">");
    while (diff.size > 0 && lines++ < DIFF_LINES_MAX) {
        const char *end = memchr(diff.at, '\n', diff.size);
        size_t size = end ? (size_t)(end - diff.at) : diff.size;
        const struct str line = { diff.at, size };
        buf_format(out, "<span class=\"%s\">", line_class(line));
        markup_lines(out, size ? line : STR(" "));
        buf_text(out, "</span>");
        size += end != NULL;
        diff = (struct str){ diff.at + size, diff.size - size };
    }
    buf_text(out, "</pre>\n");
    if (diff.size > 0)
        buf_format(out, "<p class=\"who\">%zu bytes more are not shown</p>\n", diff.size);
}
