// ablation - what the search's fixes are made of: for each fault of the bank that it mends, the same search once more without
// each word of the fix. `moult evolve` does that by itself; here it is a table.
import { join } from 'node:path'
import { befall, faults, solved } from './faultbank.mjs'
import { Home, harnessFor, workspace } from './loop.mjs'
import { figure, keep, progress } from './table.mjs'

const SECONDS = 20, HOME = 'tau_retail_gpt41_l0', OTHERS = ['tau_retail_gpt4o_l0', 'tau_retail_tc_0623']
const seed = Number(process.env.MOULT_SEED ?? 1)
const only = process.env.MOULT_FAULTS?.split(',')
const work = workspace(), runsOf = Object.fromEntries([HOME, ...OTHERS].map(name => [name, solved(name)]))

/** As `faults` does it, but every candidate is searched for again without each of its words. */
function madeOf(fault) {
    const home = new Home(join(work, fault.id, 'home'), { harness: harnessFor(fault, join(work, fault.id)), seed })
    home.bring('faulty', runsOf[HOME].map(run => befall(fault, run, HOME)).filter(Boolean).map(it => it.run))
    for (const model of OTHERS) home.bring(model, runsOf[model])
    return home.mine().clusters.filter(cluster => cluster.mendable).flatMap(cluster => {
        const told = home.run('evolve', '--cluster', cluster.id, '--proposer', 'search', '--budget', String(SECONDS), '--seed', String(seed))
        const best = told.candidates.find(it => it.state === 'in_review') ?? told.candidates.at(-1)
        return best ? [{ cluster: cluster.id, words: told.attempts[0].stop.ingredients, made: home.show(best.id).made_of }] : []
    })
}

const code = words => words.map(word => `\`${word}\``).join(', ')

/** What the other fix has that the first has not. */
function instead(row, words) {
    if (!row.found) return 'nothing'
    const more = row.ingredients.filter(word => !words.includes(word))
    return `${more.length > 0 ? `with ${code(more)}` : 'the same with less'}: ${row.groups} groups`
}

/** Words that lead to the same stand in one row. */
function rowsOf(fault, { cluster, words, made }) {
    const by = new Map()
    for (const row of made?.rows ?? []) by.set(instead(row, words), [...by.get(instead(row, words)) ?? [], row.without])
    return [...by].map(([found, without], i) => i ? ['', '', code(without), found] : [fault.id, `\`${cluster}\`, ${made.groups} groups`, code(without), found])
}

const rows = faults().filter(it => !only || only.includes(it.id)).flatMap(fault => {
    const told = madeOf(fault)
    const made = told.flatMap(it => rowsOf(fault, it))
    progress(`${fault.id}: ${made.length} rows`)
    figure(`${fault.id}: words without which nothing is found`, told.flatMap(it => it.made?.rows ?? []).filter(it => !it.found).length, 'words')
    return made
})
keep('ablation', ['fault', 'cluster', 'without', 'found'], rows)
figure('rows', rows.length, 'rows')
