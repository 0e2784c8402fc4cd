#!/usr/bin/env node
// A failure is the same failure however it came into the journal: recorded agents play through the service, which mines
// their sessions by itself; the same sessions, taken out with `moult trace --export` and put into a fresh home as foreign
// traces, give the same clusters, of the same sessions and groups, split the same way. Their standing alone differs.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { deepStrictEqual as same, ok, strictEqual as equal } from 'node:assert'
import { env, makeHome, pause, work } from './crash_home.mjs'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env, traces = `${source}/tests/data/traces`
if (!existsSync(traces)) {
    console.log('SKIPPED: NO tests/data/traces IN THIS CHECKOUT: LIVE AND IMPORTED FAILURES WERE NOT COMPARED')
    process.exit(77)
}
// Two providers' worth of trouble: arguments of a wrong type, repeated calls, and one that limits the rate.
const recordings = ['llama31_8b', 'gpt4o_l0'].map(name => `${traces}/tau_retail_${name}.jsonl.gz`), RUNS = 60
const script = join(work, 'provider.json')
writeFileSync(script, JSON.stringify({ rules: [
    { when: { user_contains: 'exchange', last_role: 'user', messages: 1 }, status: 429, headers: { 'retry-after': '1' } },
    { recorded: recordings },
] }))
const provider = spawn(`${bin}/moult`, ['--json', 'mock-model', script], { env, stdio: ['ignore', 'pipe', 'inherit'] })
process.on('exit', () => provider.kill('SIGKILL'))
const { listening } = JSON.parse(await new Promise(done => createInterface({ input: provider.stdout }).once('line', done)))

// Live: the service mines while nobody asks.
const TOKEN = 'a-token-of-this-home-0001'
const live = makeHome(`${listening}/v1`, {
    listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' } }, evolve: { autonomy: 'observe', settle_seconds: 1 },
})
writeFileSync(join(live.home, 'tokens'), `${TOKEN} shop\n`, { mode: 0o600 })
const service = await live.serve()
const played = JSON.parse(spawnSync('node', [`${source}/examples/traffic/traffic.mjs`, '--base-url', `${service.listening.tcp}/v1`,
    '--key', TOKEN, '--runs', String(RUNS), ...recordings], { env }).stdout)
equal(played.runs, RUNS, JSON.stringify(played))
while (!live.rows("SELECT 1 FROM cluster LIMIT 1").length) await pause(20) // its own round, asked for by nobody
equal(await service.end(), 0)
const unasked = live.rows('SELECT id, signature FROM cluster')

// Before anybody looks at a conversation: what people have seen is held out no longer.
const sessions = live.json('sessions', '--live').sessions
const want = failures(live, id => sessions.findIndex(it => it.id === id))
const splits = live.rows('SELECT grp, split FROM split ORDER BY grp')

// Out, as anybody could take it out: the conversation of each session, with what its client called its group.
const runs = sessions.map(({ id, group }, task_id) => {
    const traj = []
    for (const { kind, data } of live.trace(id))
        if (kind === 'message' || kind === 'replaced') traj[data.place] = data.message
    return { task_id, info: { task: { user_id: group } }, traj }
})
const file = join(work, 'again.jsonl'), tools = join(work, 'tools.json')
writeFileSync(file, runs.map(run => JSON.stringify(run)).join('\n'))
const { toolList } = await import(`${source}/examples/retail-store/tools.mjs`)
writeFileSync(tools, JSON.stringify(toolList.map(({ name, description, inputSchema }) =>
    ({ type: 'function', function: { name, description, parameters: inputSchema } }))))

const fresh = makeHome(`${listening}/v1`)
const imported = fresh.json('import', 'tau-bench', '--tools', tools, file)
same([imported.sessions, imported.skipped_count], [sessions.length, 0], JSON.stringify(imported))

/** What is told of a home's failures, with sessions by number: their ids are made by chance, or of what they hold. Thirty
 *  replies are the limit of tau-bench's own harness, and read so in a trace of that format alone; how slow a worker was is in no
 *  trace but a live one. */
function failures(it, number) {
    const { detectors: { g_step_limit, g_end_other, step_limit, hook_slow, ...detectors }, clusters } = it.json('mine')
    return { ends: g_step_limit.sessions + g_end_other.sessions, detectors, clusters: clusters.filter(({ id }) => id !== 'step_limit' && id !== 'hook_slow')
        .map(({ batch, origins, sessions: list, rank, first_ms, last_ms, ...rest }) =>
            ({ ...rest, batch: Boolean(batch), sessions: list.map(number).sort((a, b) => a - b) })) }
}
const meta = fresh.rows("SELECT lower(hex(id)) id, json_extract(meta, '$.task_id') task FROM session")
const got = failures(fresh, id => meta.find(it => it.id === id).task)
same(got, want)
for (const { id, signature } of unasked) equal(want.clusters.find(it => it.id === id)?.signature, signature)
ok(want.clusters.length >= 3 && want.clusters.some(it => it.mendable), JSON.stringify(want.clusters.map(it => it.id)))
same(fresh.rows('SELECT grp, split FROM split ORDER BY grp'), splits)
same(live.rows('SELECT DISTINCT split FROM split'), [{ split: 0 }])
console.log(`ok: ${sessions.length} sessions, ${want.clusters.map(it => `${it.id} ${it.count}`).join(', ')}`)
process.exit(0)
