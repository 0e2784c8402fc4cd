// A table of docs/reference/gates.md against the one that a story has seen; MOULT_WRITE_DOCS=1 writes it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { equal } from 'node:assert/strict'

const page = join(process.env.MOULT_SRC, 'docs/reference/gates.md')

// The loader's and the compiler's own doings, in the column `made`, are those of glibc 2.36 and gcc 12: compared where
// both are there, and where the story has seen them.
export function same_table(name, head, rows, made, seen = true) {
    const line = cells => `| ${cells.join(' | ')} |`
    const text = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n') + '\n'
    const [from, to] = [`<!-- table: ${name} -->\n`, `<!-- end: ${name} -->`]
    const all = readFileSync(page, 'utf8'), begin = all.indexOf(from) + from.length, end = all.indexOf(to)
    if (process.env.MOULT_WRITE_DOCS)
        return writeFileSync(page, all.slice(0, begin) + text + all.slice(end))
    const reference = seen && /2\.36/.test(execFileSync('ldd', ['--version'], { encoding: 'utf8' })) &&
        /^12\b/.test(execFileSync('gcc', ['-dumpversion'], { encoding: 'utf8' }))
    const cut = table => reference ? table
        : table.split('\n').map(row => row.split(' | ').filter((_, i) => i !== made).join(' | ')).join('\n')
    equal(cut(all.slice(begin, end)), cut(text), `docs/reference/gates.md: table ${name}; MOULT_WRITE_DOCS=1 writes it`)
}
