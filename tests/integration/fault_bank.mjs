#!/usr/bin/env node
// The bank of faults: each fault can befall recorded conversations, breaks the naive example wherever it does, and is mended
// where a stock plugin is there for its class. Nothing in the programs knows a fault by its name.
import { strict as assert } from 'node:assert'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { befall, faults, modeOf, solved } from '../bench/faultbank.mjs'
import { Home, harnessFor, workspace, writeCases } from '../bench/loop.mjs'

const RUNS = 8, src = process.env.MOULT_SRC
const mended = new Set(['guard-before-rewriter', 'leak-in-a-fence', 'leak-tagged', 'list-as-python', 'orphaned-result', 'overloaded-with-a-spare',
    'oversize-result', 'rate-limit-with-a-pause', 'rate-limit-with-a-spare', 'third-failure'])
const known = ['moult_fault', 'id', 'class', 'words', 'where', 'reply', 'answer', 'want', 'error', 'repeat', 'shown', 'harness']
const all = faults(), work = workspace()

const files = folder => readdirSync(folder, { withFileTypes: true }).flatMap(it =>
    it.isDirectory() ? files(join(folder, it.name)) : /\.(c|h|md|scm)$/.test(it.name) ? [join(folder, it.name)] : [])
const sources = ['evolver', 'trials', 'plugins', 'runtime'].flatMap(name => files(join(src, name))).map(path => readFileSync(path, 'utf8')).join('\n')
assert(all.length >= 12)
for (const fault of all) {
    assert.deepEqual(Object.keys(fault).filter(key => !known.includes(key)), [], fault.id)
    assert(['call', 'answer', 'stopped'].includes(fault.want), fault.id)
    assert(!sources.includes(`"${fault.id}"`), `${fault.id} is known to the programs`)
}

const naive = new Home(join(work, 'naive'), { harness: harnessFor(null, work) }), stock = new Home(join(work, 'stock'), { stock: true })
const runs = solved('tau_retail_gpt41_l0'), cases = { step: [], episode: [] }
for (const fault of all) {
    const made = runs.map(run => befall(fault, run, 'bank')).filter(Boolean).slice(0, RUNS)
    assert.equal(made.length, RUNS, fault.id)
    assert.deepEqual(befall(fault, runs.find(run => befall(fault, run, 'bank')), 'bank'), made[0], `${fault.id}: the same each time`)
    for (const it of made) cases[modeOf(fault)].push({ fault: fault.id, it: it.case })
}
for (const [mode, list] of Object.entries(cases))
    for (let i = 0; i < list.length; i += 40) {
        const part = list.slice(i, i + 40), paths = writeCases(join(work, mode), part.map(({ it }) => it))
        for (const [home, passes] of [[naive, () => false], [stock, fault => mended.has(fault)]])
            home.run('replay', '--mode', mode, ...paths).cases.forEach((told, n) => assert.equal(told.verdict === 'pass', passes(part[n].fault), `${told.id}: ${told.why}`))
    }
console.log(`ok: ${all.length} faults, ${cases.step.length + cases.episode.length} cases`)
