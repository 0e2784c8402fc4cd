// scripted - the way of a model and of a command, from the evidence to the gate, measured with what needs neither: a scripted
// model behind the real protocol, and a plain script. Both know the stock plugin's edit by heart (scripted.json, and the patches of
// tests/data/proposers), so a row says what tools, refusals, feedback, budget and gate make of it, and nothing of anybody's skill.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from './loop.mjs'
import { Measuring, cells, columns, cost, costs, start, what } from './measure.mjs'
import { figure, keep, progress } from './table.mjs'

const seed = Number(process.env.MOULT_SEED ?? 1), only = process.env.MOULT_FAULTS?.split(',') ?? []
const edits = JSON.parse(readFileSync(join(import.meta.dirname, 'scripted.json'), 'utf8'))
const work = workspace(), call = (name, args = {}) => ({ name, arguments: args })

const attempt = (cluster, changes) => call('try_candidate', { plugin: edits[cluster].plugin, changes, hypothesis: 'as the stock plugin does',
    blamed: [edits[cluster].blamed], fixes: [0], risks: [], risk_steps: [], falsified_by: 'a group that stays' })
const finish = call('finish', { why: 'mended' })
/** Reads, then tries; where a try is refused or does not hold, the next one. */
const script = (cluster, model, tries) => [
    { when: { model, times: 1 }, call: [call('read_outline', { plugin: edits[cluster].plugin }), call('read_case', { case: 0 })] },
    { when: { model, result_contains: 'It holds, and is kept' }, call: finish },
    ...tries.map(changes => ({ when: { model, times: 1 }, call: attempt(cluster, changes) })),
    { when: { model }, call: call('finish', { why: 'no try is left' }) }]
const rules = Object.entries(edits).flatMap(([cluster, it]) => [
    ...script(cluster, `once-${cluster}`, [it.good]), ...script(cluster, `told-${cluster}`, [it.wrong, it.good])])
writeFileSync(join(work, 'model.json'), JSON.stringify({ strict: true, rules }))
writeFileSync(join(work, 'key'), 'a-key\n', { mode: 0o600 })
const model = await start('--json', 'mock-model', join(work, 'model.json'))

const data = join(work, 'data')
mkdirSync(data)
for (const cluster of Object.keys(edits)) copyFileSync(join(process.env.MOULT_SRC, `tests/data/proposers/${cluster}.patch`), join(data, `${cluster}.patch`))
const configFor = cluster => ({ evolve: {},
    models: ['once', 'told'].map(name => ({ name, provider: 'openai', base_url: `${model.listening}/v1`, model: `${name}-${cluster}`,
        api_key: { file: join(work, 'key') }, usd_per_million: { input: 1, output: 4 } })),
    proposers: { script: { command: ['/usr/bin/sh', '-c', `git apply ${data}/${cluster}.patch && echo as the stock plugin does`], mounts: ['/usr/bin', data], seconds: 60 } } })

// Of clusters and of ways: all, or those that --only names.
const ways = { once: ['a scripted model, at once', 'llm:once'], told: ['a scripted model, after feedback', 'llm:told'],
    script: ['a plain script as command', 'command:script'] }
const some = (all, of) => all.filter(it => !all.some(it => only.includes(of(it))) || only.includes(of(it)))
const measuring = new Measuring(work, { seconds: 60, seed }), rows = []
for (const cluster of some(measuring.clusters.filter(it => edits[it.id]), it => it.id))
    for (const [name, proposer] of some(Object.keys(ways), it => it).map(it => ways[it])) {
        const it = await measuring.row(cluster, proposer, configFor(cluster.id))
        if (!it.state) throw new Error(`${it.cluster}, ${name}: the edit that is known by heart became no candidate: ${it.why}`)
        rows.push([name, it])
        progress(`${it.cluster}, ${name}: ${what(it)}${it.state === 'in_review' ? '' : `: ${it.why}`}`)
        figure(`${it.cluster}, ${name}: runs mended`, it.own[0] / it.own[1] * 100, '%')
        figure(`${it.cluster}, ${name}: tries`, it.attempt.tries, 'tries')
    }
keep('scripted', ['who', ...columns, ...costs], rows.map(([name, it]) => [name, ...cells(it), ...cost(it)]))
figure('rows', rows.length, 'rows')
figure('passes the gate', rows.filter(([, it]) => it.state === 'in_review').length, 'rows')
await model.stop()
process.exit()
