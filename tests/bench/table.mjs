// table - what a benchmark of proposers prints: progress on standard error, a figure a row for moult-bench, and the rows
// as a table in Markdown where MOULT_TABLE names a file. Imported, never run.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

export const progress = text => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
export const fraction = (part, all) => all > 0 ? `${part} of ${all}` : '-'

/** Puts the table between its two marks in the file, or at its end. */
export function keep(name, columns, rows) {
    const file = process.env.MOULT_TABLE
    if (!file) return
    const line = cells => `| ${cells.map(cell => String(cell ?? '-').replaceAll('|', '\\|')).join(' | ')} |`
    const table = [`<!-- table: ${name} -->`, line(columns), line(columns.map(() => '---')), ...rows.map(line), `<!-- end: ${name} -->`].join('\n')
    const old = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const from = old.indexOf(`<!-- table: ${name} -->`), end = `<!-- end: ${name} -->`, to = old.indexOf(end)
    writeFileSync(file, from >= 0 && to > from ? old.slice(0, from) + table + old.slice(to + end.length) : `${old}${table}\n`)
}

/** A line of figures, as moult-bench reads it. */
export const figure = (name, value, unit, aim = 0) => console.log([name, value, unit, aim].join('\t'))

/** How many of the patches in rows carry a certificate, and why the others carry none. */
export function certificates(rows) {
    const patched = rows.filter(it => it.patch), without = patched.filter(it => !it.patch.certificate)
    for (const it of without) progress(`no certificate: ${it.cluster ?? it.fault.id}: ${it.patch.uncertified}`)
    figure('patches', patched.length, 'patches')
    figure('patches with a certificate', patched.length - without.length, 'patches')
}
