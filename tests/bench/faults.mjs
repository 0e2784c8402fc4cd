// faults - the embedded search on the bank of faults: what it mends of failures that its author had not seen, and what not.
//
// Each fault is played into solved conversations of one model, which are brought into a new home of the naive example
// beside untouched solved conversations of two others. What the miner finds mendable is evolved; the candidate is judged by
// the cases of the bank, by those of another model's conversations, and by all that was recorded. No fault is treated by name.
import { join } from 'node:path'
import { befall, faults, modeOf, solved } from './faultbank.mjs'
import { Home, copying, harnessFor, workspace, writeCases } from './loop.mjs'
import { copied, refused } from './measure.mjs'
import { certificates, figure, fraction, keep, progress } from './table.mjs'

const SECONDS = 20, HOME = 'tau_retail_gpt41_l0', OTHERS = ['tau_retail_gpt4o_l0', 'tau_retail_tc_0623']
const seed = Number(process.env.MOULT_SEED ?? 1)
const only = process.env.MOULT_FAULTS?.split(',')
const work = workspace(), runsOf = Object.fromEntries([HOME, ...OTHERS].map(name => [name, solved(name)]))
const stock = new Home(join(work, 'stock'), { stock: true })

function played(fault, model) {
    const made = runsOf[model].map(run => befall(fault, run, model)).filter(Boolean)
    return { runs: made.map(it => it.run), files: writeCases(join(work, fault.id, model), made.map(it => it.case)) }
}

/** The attempts on all clusters that the miner calls mendable, and the candidate that came furthest. */
function search(home) {
    const mined = home.mine(), clusters = mined.clusters.filter(cluster => cluster.mendable)
    const told = clusters.map(cluster => home.evolve(cluster.id, SECONDS, seed, copying))
    const candidates = told.flatMap(it => it.candidates)
    return { candidates, seen: Object.entries(mined.detectors).filter(([, it]) => it.occurrences > 0).map(([id]) => id),
        clusters: clusters.map(it => it.id), attempts: told.flatMap(it => it.attempts),
        best: candidates.find(it => it.state === 'in_review') ?? candidates.at(-1) ?? null }
}

const sum = (attempts, key) => attempts.reduce((total, it) => total + (it[key] ?? 0), 0)
const lines = diff => diff.split('\n').filter(line => /^[+-](?![+-])/.test(line)).length

function row(fault) {
    const own = played(fault, HOME), other = played(fault, OTHERS[0])
    const home = new Home(join(work, fault.id, 'home'), { harness: harnessFor(fault, join(work, fault.id)), seed })
    home.bring('faulty', own.runs)
    for (const model of OTHERS) home.bring(model, runsOf[model])
    const found = search(home), best = found.best, mode = modeOf(fault), shown = best && home.show(best.id)
    const passes = files => best?.build ? home.passed(files, mode, best.id) : 0
    return { fault, cases: own.files.length, others: other.files.length, clusters: found.clusters, state: best?.state ?? null,
        why: best?.why ?? null, plugin: best?.plugin, judged: sum(found.attempts, 'judged'), seconds: sum(found.attempts, 'seconds'),
        lines: shown ? lines(shown.diff) : 0, patch: shown?.patch ?? null, copied: copied(shown), refused: refused(home, found.candidates), verdict: shown?.verdict ?? null, own: passes(own.files), other: passes(other.files),
        broken: best?.build ? home.broken(best.id) : 0, before: home.passed(own.files, mode), stock: stock.passed(own.files, mode) }
}

const what = it => it.state === 'in_review' ? 'passes the gate' : it.state ? 'found, refused by the gate'
    : it.clusters.length > 0 ? 'nothing found' : 'nothing to propose for'
const rows = []
for (const fault of faults().filter(it => !only || only.includes(it.id))) {
    const it = row(fault)
    rows.push(it)
    progress(`${rows.length} ${fault.id}: ${it.own} of ${it.cases}, ${what(it)}${it.why ? `: ${it.why.slice(0, 200)}` : ''}`)
    if (it.before > 0) throw new Error(`${fault.id}: ${it.before} cases pass without a repair`)
    figure(`${fault.id}: cases mended`, it.cases ? it.own / it.cases * 100 : 0, '%')
}
const columns = ['fault', 'cluster', 'tried', 's', 'result', 'lines', 'held-in groups', 'held-out groups', 'cases', 'of another model', 'pass to fail', 'stock plugins']
const cells = it => [it.fault.id, it.clusters.join(', ') || 'none', it.judged, it.seconds.toFixed(1), what(it), it.lines || '-',
    it.verdict?.held_in ? fraction(it.verdict.held_in.fixed, it.verdict.held_in.groups) : '-',
    it.verdict?.held_out ? fraction(it.verdict.held_out.fixed, it.verdict.held_out.groups) : '-',
    fraction(it.own, it.cases), fraction(it.other, it.others), it.state ? it.broken : '-', fraction(it.stock, it.cases)]
if (copying.length > 0) keep('faults-stock', [...columns, 'copied', 'copied and refused'], rows.map(it => [...cells(it), it.copied, it.refused]))
else keep('faults', columns, rows.map(cells))
figure('faults in the bank', rows.length, 'faults')
certificates(rows)
figure('mended: passes the gate', rows.filter(it => it.state === 'in_review').length, 'faults')
figure('candidates that changed what worked', rows.filter(it => it.state === 'in_review' && it.broken > 0).length, 'candidates')
