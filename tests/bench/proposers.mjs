// proposers - the embedded search on recorded conversations of real models, with the naive example, no stock plugin to copy
// from, and nobody at the keyboard.
//
// For each failure that could be mended, one model's recordings of it are learned from and those of the others are kept away.
// The candidate that came furthest is then replayed over everything: the kept models' runs with the same failure, and all that
// worked. Beside it stands what the stock plugins do there.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { recorded, recordings } from './faultbank.mjs'
import { Home, harnessFor, workspace } from './loop.mjs'
import { figure, fraction, keep, progress } from './table.mjs'

const SECONDS = Number(process.env.MOULT_SECONDS ?? 60), seed = Number(process.env.MOULT_SEED ?? 1)
const work = workspace(), harness = harnessFor(null, work)
const models = recordings()

function homeOf(name, wanted, options = { harness }) {
    const home = new Home(join(work, name), { seed, ...options })
    for (const model of wanted) home.bring(model, recorded(model))
    return home
}

const everything = homeOf('everything', models), stock = homeOf('stock', models, { stock: true })
const clusters = everything.mine().clusters.filter(cluster => cluster.mendable)
stock.mine()
const originOf = Object.fromEntries(everything.run('sessions').sessions.map(session => [session.id, session.origin]))
const stocked = Object.fromEntries(stock.run('replay').cases.map(it => [it.id, it]))

/** Where a candidate's build is kept, under the name of its plugin. */
function buildOf(home, candidate) {
    const path = join(home.path, 'builds/sha256', `${candidate.build}.so`)
    const folder = join(work, candidate.build.slice(0, 12)), to = join(folder, `${candidate.plugin}.so`)
    mkdirSync(folder, { recursive: true })
    copyFileSync(path, to)
    return to
}

/** What a build does to everything that was recorded: by session, what allowed the change; and how many runs it harms. */
function replayed(home, candidate) {
    const told = everything.run('replay', '--candidate', buildOf(home, candidate))
    return { of: Object.fromEntries(told.cases.map(it => [it.id, it])), harmed: told.totals.failed }
}

const lines = diff => diff.split('\n').filter(line => /^[+-](?![+-])/.test(line)).length
const resolved = (sessions, of) => sessions.filter(id => of[id]?.resolved).length

function row(cluster) {
    const main = cluster.origins.toSorted((a, b) => b.cases - a.cases)[0].name
    const kept = cluster.origins.map(origin => origin.name).filter(name => name !== main)
    const home = homeOf(cluster.id, models.filter(model => !kept.includes(model)))
    home.mine()
    const told = home.evolve(cluster.id, SECONDS, seed), attempt = told.attempts[0]
    const best = told.candidates.find(it => it.state === 'in_review') ?? told.candidates.at(-1) ?? null
    const shown = best && home.show(best.id), after = best?.build ? replayed(home, best) : { of: {}, harmed: 0 }
    const own = cluster.sessions.filter(id => originOf[id] === main), other = cluster.sessions.filter(id => originOf[id] !== main)
    return { cluster: cluster.id, main, attempt, state: best?.state ?? null, why: best?.why ?? attempt?.not_tried ?? attempt?.stop?.why ?? told.stopped,
        lines: shown ? lines(shown.diff) : 0, verdict: shown?.verdict, own: [resolved(own, after.of), own.length],
        other: [resolved(other, after.of), other.length], harmed: after.harmed, stock: [resolved(cluster.sessions, stocked), cluster.sessions.length] }
}

const what = it => it.state === 'in_review' ? 'passes the gate' : it.state ? 'found, refused by the gate' : 'nothing found'
const rows = clusters.map(cluster => {
    const it = row(cluster)
    progress(`${it.cluster} of ${it.main}: ${what(it)}${it.state === 'in_review' ? '' : `: ${it.why}`}`)
    figure(`${it.cluster}: runs mended, own model`, it.own[1] ? it.own[0] / it.own[1] * 100 : 0, '%')
    figure(`${it.cluster}: runs mended, other models`, it.other[1] ? it.other[0] / it.other[1] * 100 : 0, '%')
    return it
})
keep('recorded', ['cluster', 'learned from', 'tried', 's', 'result', 'lines', 'held-in groups', 'held-out groups', 'runs of that model', 'of other models', 'pass to fail', 'stock plugins'],
    rows.map(it => [it.cluster, it.main, it.attempt?.judged ?? 0, (it.attempt?.seconds ?? 0).toFixed(1), what(it), it.lines || '-',
        it.verdict?.held_in ? fraction(it.verdict.held_in.fixed, it.verdict.held_in.groups) : '-',
        it.verdict?.held_out ? fraction(it.verdict.held_out.fixed, it.verdict.held_out.groups) : '-',
        fraction(...it.own), fraction(...it.other), it.state ? it.harmed : '-', fraction(...it.stock)]))
figure('clusters that could be mended', rows.length, 'clusters')
figure('mended: passes the gate', rows.filter(it => it.state === 'in_review').length, 'clusters')
figure('candidates that changed what worked', rows.filter(it => it.state === 'in_review' && it.harmed > 0).length, 'candidates')
