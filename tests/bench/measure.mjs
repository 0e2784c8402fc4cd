// measure - one proposer on one cluster of recorded conversations, as a row of a table. Imported, never run.
//
// For each failure that could be mended, one model's recordings of it are learned from and those of the others are kept away.
// The candidate that came furthest is then replayed over everything: the kept models' runs with the same failure, and all that
// worked. Beside it stands what the stock plugins do there.
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { recorded, recordings } from './faultbank.mjs'
import { Home, copying, harnessFor } from './loop.mjs'
import { fraction } from './table.mjs'

const lines = diff => diff.split('\n').filter(line => /^[+-](?![+-])/.test(line)).length
const resolved = (sessions, of) => sessions.filter(id => of[id]?.resolved).length
export const what = it => it.state === 'in_review' ? 'passes the gate' : it.state ? 'found, refused by the gate' : 'nothing found'

/** A program of moult's that says on its first line, in JSON, where it listens; stop() ends it. */
export async function start(...args) {
    const child = spawn(join(process.env.MOULT_BIN, 'moult'), args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const kill = () => child.kill('SIGKILL'), ended = new Promise(done => child.once('exit', done))
    process.on('exit', kill)
    const line = await Promise.race([new Promise(done => createInterface({ input: child.stdout }).once('line', done)),
        ended.then(code => { throw new Error(`moult ${args.join(' ')} ended with ${code}`) })])
    return { ...JSON.parse(line), async stop() { child.kill('SIGTERM'); await ended; process.off('exit', kill) } }
}

/** What moult.json of a home gets besides: the members of `config`. */
function configure(home, config) {
    const path = join(home.path, 'moult.json')
    const old = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8').replace(/^\s*\/\/.*$/gm, '')) : {}
    writeFileSync(path, JSON.stringify({ ...old, ...config, evolve: { ...old.evolve, ...config.evolve, autonomy: 'off' } }), { mode: 0o600 })
}

export class Measuring {
    constructor(work, { seconds, seed, models = recordings() }) {
        Object.assign(this, { work, seconds, seed, models, harness: harnessFor(null, work) })
        this.everything = this.home('everything', models)
        this.clusters = this.everything.mine().clusters.filter(cluster => cluster.mendable)
        this.originOf = Object.fromEntries(this.everything.run('sessions').sessions.map(session => [session.id, session.origin]))
    }
    home(name, wanted, options = { harness: this.harness }) {
        const home = new Home(join(this.work, name), { seed: this.seed, ...options })
        for (const model of wanted) home.bring(model, recorded(model))
        return home
    }
    /** What the stock plugins do, by session. */
    get stocked() {
        if (!this.stock) {
            const home = this.home('stock', this.models, { stock: true })
            home.mine()
            this.stock = Object.fromEntries(home.run('replay').cases.map(it => [it.id, it]))
        }
        return this.stock
    }
    /** A new home that learns of a cluster, mined. */
    learning(cluster, name) {
        const main = cluster.origins.toSorted((a, b) => b.cases - a.cases)[0].name
        const kept = cluster.origins.map(origin => origin.name).filter(name => name !== main)
        const home = this.home(`${cluster.id}-${name}`, this.models.filter(model => !kept.includes(model)))
        home.mine()
        return { home, main }
    }
    /** What a candidate's build does to everything that was recorded: by session, what allowed the change; and how many runs it harms. */
    replayed(home, candidate) {
        const folder = join(this.work, candidate.build.slice(0, 12)), to = join(folder, `${candidate.plugin}.so`)
        mkdirSync(folder, { recursive: true })
        copyFileSync(join(home.path, 'builds/sha256', `${candidate.build}.so`), to)
        const told = this.everything.run('replay', '--candidate', to)
        return { of: Object.fromEntries(told.cases.map(it => [it.id, it])), harmed: told.totals.failed }
    }
    /** proposer: as --proposer names it; config: what it needs in moult.json, and then a service. */
    async row(cluster, proposer = 'search', config = null) {
        const { home, main } = this.learning(cluster, proposer.replaceAll(/\W/g, '-'))
        if (config) configure(home, config)
        const service = config && await start('-C', home.path, '--json', 'serve')
        const told = home.evolve(cluster.id, this.seconds, this.seed, copying, proposer), attempt = told.attempts[0]
        const best = told.candidates.find(it => it.state === 'in_review') ?? told.candidates.at(-1) ?? null
        const shown = best && home.show(best.id), after = best?.build ? this.replayed(home, best) : { of: {}, harmed: 0 }
        await service?.stop()
        const own = cluster.sessions.filter(id => this.originOf[id] === main), other = cluster.sessions.filter(id => this.originOf[id] !== main)
        return { cluster: cluster.id, main, attempt, state: best?.state ?? null, why: best?.why ?? attempt?.not_tried ?? attempt?.stop?.why ?? told.stopped,
            lines: shown ? lines(shown.diff) : 0, patch: shown?.patch ?? null, copied: copied(shown), refused: refused(home, told.candidates), verdict: shown?.verdict, own: [resolved(own, after.of), own.length],
            other: [resolved(other, after.of), other.length], harmed: after.harmed, stock: [resolved(cluster.sessions, this.stocked), cluster.sessions.length],
            asked: attempt?.stop?.asked ?? (attempt?.stop?.requests === undefined ? null : attempt.stop) }
    }
}

export const columns = ['cluster', 'learned from', 'tried', 's', 'result', 'lines', 'held-in groups', 'held-out groups', 'runs of that model', 'of other models', 'pass to fail', 'stock plugins']
export const cells = it => [it.cluster, it.main, it.attempt?.judged || it.attempt?.tries || it.attempt?.proposals || 0, (it.attempt?.seconds ?? 0).toFixed(1), what(it), it.lines || '-',
    it.verdict?.held_in ? fraction(it.verdict.held_in.fixed, it.verdict.held_in.groups) : '-',
    it.verdict?.held_out ? fraction(it.verdict.held_out.fixed, it.verdict.held_out.groups) : '-',
    fraction(...it.own), fraction(...it.other), it.state ? it.harmed : '-', fraction(...it.stock)]

/** Where copying was allowed: what of the candidate was copied; and of what the gate refused, with the rule that did. */
export const copied = shown => grafts(shown?.ingredients).join(', ') || '-'
export const refused = (home, candidates) => candidates.filter(it => it.state === 'rejected').map(it => home.show(it.id))
    .flatMap(it => grafts(it.ingredients).map(name => `${name}: ${it.why.split(': ').slice(1).find(part => /^[a-z_]+$/.test(part)) ?? it.why}`)).join(', ') || '-'
const grafts = (made = []) => made.filter(it => it.startsWith('graft:')).map(it => it.slice('graft:'.length))

/** What it cost, for who asks a model. */
export const costs = ['requests', 'tokens', 'usd']
export const cost = it => it.asked ? [it.asked.requests, it.asked.tokens, it.asked.usd.toFixed(4)] : ['-', '-', '-']
