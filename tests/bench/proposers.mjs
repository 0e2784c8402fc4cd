// proposers - a proposer on recorded conversations of real models, with the naive example, no stock plugin to copy from
// (unless MOULT_STOCK says so), and nobody at the keyboard: the embedded search, or with MOULT_PROPOSER another, whose model or program MOULT_CONFIG has (a
// moult.json, of which `models`, `proposers` and `evolve.llm` count).
import { readFileSync } from 'node:fs'
import { copying, workspace } from './loop.mjs'
import { Measuring, cells, columns, cost, costs, what } from './measure.mjs'
import { certificates, figure, keep, progress } from './table.mjs'

const { MOULT_PROPOSER: proposer = 'search', MOULT_CONFIG: file, MOULT_FAULTS: only } = process.env
const seconds = Number(process.env.MOULT_SECONDS ?? (proposer === 'search' ? 60 : 600)), seed = Number(process.env.MOULT_SEED ?? 1)

function configured() {
    if (proposer === 'search') return null
    if (!file) throw new Error(`--proposer ${proposer} wants --config FILE: a moult.json that has it`)
    const { models, proposers, evolve } = JSON.parse(readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, ''))
    return { ...models && { models }, ...proposers && { proposers }, evolve: evolve?.llm ? { llm: evolve.llm } : {} }
}

const config = configured(), measuring = new Measuring(workspace(), { seconds, seed })
const rows = []
for (const cluster of measuring.clusters.filter(it => !only || only.split(',').includes(it.id))) {
    const it = await measuring.row(cluster, proposer, config)
    rows.push(it)
    progress(`${it.cluster} of ${it.main}: ${what(it)}${it.state === 'in_review' ? '' : `: ${it.why}`}`)
    figure(`${it.cluster}: runs mended, own model`, it.own[1] ? it.own[0] / it.own[1] * 100 : 0, '%')
    figure(`${it.cluster}: runs mended, other models`, it.other[1] ? it.other[0] / it.other[1] * 100 : 0, '%')
}
if (copying.length > 0) keep(`${proposer === 'search' ? 'recorded' : proposer}-stock`, [...columns, 'copied', 'copied and refused'], rows.map(it => [...cells(it), it.copied, it.refused]))
else if (proposer === 'search') keep('recorded', columns, rows.map(cells))
else keep(proposer, [...columns, ...costs], rows.map(it => [...cells(it), ...cost(it)]))
figure('clusters that could be mended', rows.length, 'clusters')
figure('mended: passes the gate', rows.filter(it => it.state === 'in_review').length, 'clusters')
figure('candidates that changed what worked', rows.filter(it => it.state === 'in_review' && it.harmed > 0).length, 'candidates')
certificates(rows)
process.exit() // a service's pipe may still be open
