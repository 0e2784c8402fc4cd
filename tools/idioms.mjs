#!/usr/bin/env node
// idioms - which words of the SDK stand together in the stock plugins: a word that looks (a verb without an effect, a flag
// of one) and a word that acts (a verb that edits, a decision), in one plugin. Writes evolver/propose/idioms.inc.
//
//     node tools/idioms.mjs          writes the table
//     node tools/idioms.mjs --check  says whether it is up to date
//
// Nothing else of a plugin is kept: no constant, no order, no hook.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const table = join(root, 'evolver/propose/idioms.inc'), stock = join(root, 'plugins/stock')
const read = path => readFileSync(path, 'utf8')
const plain = source => source.replace(/\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"/g, ' ')
const sorted = set => [...new Set(set)].sort()

const verbs = [...read(join(root, 'plugins/sdk/verbs.h')).matchAll(/^V\([^,]+, (\w+), \(.*?\), \(.*?\), "[^"]*", (PURE|EDIT)/gm)]
const flags = sorted([...read(join(root, 'evolver/propose/vocabulary.c')).matchAll(/^ +\{ "\w+", +"(MOULT_\w+)", +"[^"]*", +FLAG_/gm)].map(row => row[1]))
const decisions = ['MOULT_DENY', 'MOULT_FINISH', 'MOULT_RETRY']
const of = purity => verbs.filter(row => row[2] === purity).map(row => row[1])

/** The words of one plugin that look, and those that act. */
function words(source) {
    const has = word => new RegExp(`\\b${word}\\b`).test(source)
    return { looks: [...of('PURE').filter(name => has(`moult_${name}`)), ...flags.filter(has)],
        acts: [...of('EDIT').filter(name => has(`moult_${name}`)), ...decisions.filter(has)] }
}

const sources = readdirSync(stock).sort().filter(name => name !== 'pipeline').map(name => plain(read(join(stock, name, `${name}.c`))))
const pairs = sorted(sources.flatMap(source => { const { looks, acts } = words(source)
    return looks.flatMap(look => acts.map(act => `    { "${look}", "${act}" },`)) }))
const text = `/* Made by tools/idioms.mjs from plugins/stock: do not edit. */\n${pairs.join('\n')}\n`

if (process.argv[2] !== '--check') writeFileSync(table, text)
else if (read(table) !== text) {
    console.error('evolver/propose/idioms.inc is not what plugins/stock says: node tools/idioms.mjs')
    process.exit(1)
}
