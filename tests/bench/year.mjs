// year - a harness that is left alone for a year. Recorded conversations and faults played into recorded ones stream
// through a home as traffic, twelve months of them; it begins with the naive example, and nobody is at the keyboard but a
// policy that approves what passed the gate. Each generation is judged on customers whose conversations the home never gets.
//
// Beside it: the naive example for ever, the stock plugins for ever, and an A/A arm, a home with the same traffic that proposes
// and gates alike and promotes nothing. The same seed gives the same lineage.
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { befall, faults, modeOf, recorded, recordings, solved } from './faultbank.mjs'
import { Home, harnessFor, workspace, writeCases } from './loop.mjs'
import { figure, keep, progress } from './table.mjs'
import { draw } from './year_svg.mjs'

const seed = Number(process.env.MOULT_SEED ?? 1), MONTHS = Number(process.env.MOULT_MONTHS ?? 12)
const MINUTES = Number(process.env.MOULT_MINUTES ?? 14), SECONDS = 60, GROUPS = 6, GROWTH = 1.5
const SEASON = Math.min(2, MONTHS)
const FAULTY = ['tau_retail_gpt41_l0', 'tau_retail_gpt4o_l0'], began = Date.now()
const work = workspace(), harness = harnessFor(null, work)

const number = (...parts) => parseInt(createHash('sha256').update([seed, ...parts].join('\0')).digest('hex').slice(0, 12), 16)
/** As the recording says it, or the first one that it names. */
const customer = run => run.info?.task?.user_id ?? JSON.stringify(run).match(/\b[a-z]+_[a-z]+_\d{4}\b/)?.[0] ?? `task ${run.task_id}`
const kept = run => number('kept', customer(run)) % 5 === 0 // its customer is never in the traffic

// --- the traffic

/** One harness, one list of two models: what needs another is not of this home. */
const befallen = faults().filter(fault => !fault.harness && fault.error?.models !== 1)

/** A fault is there for a season. Those of one class follow one another, in an order of the seed's: a model has one dialect at a time. */
function begins(fault) {
    const mates = befallen.filter(it => it.class === fault.class).toSorted((a, b) => number('begins', a.id) - number('begins', b.id))
    return Math.round((MONTHS - SEASON) * mates.indexOf(fault) / Math.max(1, mates.length - 1))
}

function conversations() {
    const plain = recordings().flatMap(model => recorded(model).map((run, i) => ({ run, key: `${model} ${i}`, fault: null })))
    const faulty = befallen.flatMap(fault => FAULTY.flatMap(model => solved(model).map((run, i) => ({ run, key: `${fault.id} ${model} ${i}`, fault })))
        .filter(it => number('faulty', it.key) % 2 === 0))
    return [...plain.map(it => ({ ...it, month: number('month', it.key) % MONTHS })), ...faulty.flatMap(it => {
        const made = befall(it.fault, it.run, it.key)
        return made ? [{ ...it, ...made, month: begins(it.fault) + number('month', it.key) % SEASON }] : []
    })]
}
const all = conversations(), traffic = all.filter(it => !kept(it.run)), held = all.filter(it => kept(it.run))
const month = n => traffic.filter(it => it.month === n)

// --- how a harness does on the customers that were kept away

const judge = new Home(join(work, 'judge'), { harness, seed })
judge.bring('held', held.filter(it => !it.fault).map(it => it.run))
const failing = new Set(judge.mine().clusters.filter(cluster => cluster.mendable).flatMap(cluster => cluster.sessions))
const files = Object.fromEntries(['step', 'episode'].map(mode => [mode, writeCases(join(work, 'bank', mode),
    held.filter(it => it.fault && modeOf(it.fault) === mode).map((it, i) => ({ ...it.case, id: `${it.case.id}-${i}` })))]))

/** Failed: a failure that could be mended and is not, a case of the bank that does not pass, or a run that was harmed. */
function judged(folder) {
    const told = judge.run('replay', '--builds', folder)
    const recordedFailed = told.cases.filter(it => it.verdict !== 'pass' || failing.has(it.id) && !it.resolved).length
    const passed = Object.entries(files).reduce((sum, [mode, list]) => sum + judge.passed(list, mode, null, folder), 0)
    const faulty = Object.values(files).flat().length
    return { failed: recordedFailed + faulty - passed, harmed: told.totals.failed, all: told.cases.length + faulty }
}

function buildsOf(home, name) {
    const folder = join(work, 'builds', name)
    mkdirSync(folder, { recursive: true })
    for (const it of home.run('plugins').plugins) copyFileSync(join(home.path, 'builds/sha256', `${it.build}.so`), join(folder, `${it.name}.so`))
    return folder
}

// --- a home that is left alone

class Arm {
    constructor(name, promotes) {
        Object.assign(this, { name, promotes, home: new Home(join(work, name), { harness, seed }), tried: {}, lineage: [], points: [] })
        this.look(0)
    }
    look(at) { this.points.push({ month: at, generation: this.lineage.length, ...judged(buildsOf(this.home, `${this.name}-${at}`)) }) }

    /** A cluster is tried when six held-in groups have it, and again when it has half as many cases more. Looks are dear. */
    due(cluster) { return cluster.mendable && cluster.held_in_groups >= GROUPS && cluster.count >= GROWTH * (this.tried[cluster.id] ?? 0) }

    live(n, traffic) {
        this.home.bring(`month-${n}`, traffic.map(it => it.run))
        for (const cluster of this.home.mine().clusters.filter(it => this.due(it))) {
            this.tried[cluster.id] = cluster.count
            const told = this.home.evolve(cluster.id, SECONDS, seed)
            const passed = told.candidates.find(it => it.state === 'in_review')
            progress(`${this.name}, month ${n + 1}, ${cluster.id}: ${passed ? 'passed' : told.candidates.at(-1)?.why?.slice(0, 120) ?? 'nothing found'}`)
            if (!passed || !this.promotes) continue
            this.home.approve(passed.id)
            this.lineage.push(`${n + 1} ${cluster.id} ${passed.plugin} ${passed.build}`)
        }
        this.look(n + 1)
    }
    digest() { return createHash('sha256').update(this.lineage.join('\n')).digest('hex') }
}

const year = new Arm('year', true), same = new Arm('a-a', false)
const stock = judged(buildsOf(new Home(join(work, 'stock'), { stock: true, seed }), 'stock'))
progress(`${traffic.length} conversations to come; ${held.length} of ${new Set(held.map(it => customer(it.run))).size} other customers to judge by`)
for (let n = 0; n < MONTHS; n++) {
    if (Date.now() - began > MINUTES * 60000) { // between months, so that what there is of the lineage is the same
        progress(`${MINUTES} minutes are over: it ends after month ${n}`)
        break
    }
    for (const arm of [year, same]) arm.live(n, month(n))
    progress(`month ${n + 1}: ${year.points.at(-1).failed} of ${held.length} fail, generation ${year.lineage.length}; a/a ${same.points.at(-1).failed}`)
}
const rate = point => point.failed / point.all * 100
const lines = { naive: year.points.map(() => rate(year.points[0])), 'a/a': same.points.map(rate), stock: year.points.map(() => rate(stock)), year: year.points.map(rate) }
const svg = draw({ lines, generations: year.points.map(it => it.generation), seed, traffic: traffic.length, judged: year.points[0].all })
if (process.env.MOULT_SVG) writeFileSync(process.env.MOULT_SVG, svg)
keep('lineage', ['month', 'cluster', 'plugin', 'build'], year.lineage.map(it => it.split(' ')).map(([at, cluster, plugin, build]) => [at, cluster, plugin, build.slice(0, 12)]))
progress(`lineage ${year.digest()}`)
figure('fails: naive', lines.naive[0], '%')
figure('fails: stock plugins', lines.stock[0], '%')
figure('fails: after the year', lines.year.at(-1), '%')
figure('fails: a/a arm, after the year', lines['a/a'].at(-1), '%')
figure('generations', year.lineage.length, 'promotions')
figure('runs harmed by the last generation', year.points.at(-1).harmed, 'runs')
figure('lineage, first 32 bits of its digest', parseInt(year.digest().slice(0, 8), 16), 'digest')
