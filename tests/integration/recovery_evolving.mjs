#!/usr/bin/env node
// The evolver, killed at random points of the rounds that a service begins by itself, and the service killed in the middle
// of one. What was begun is taken up again or counts as lost: each round that began is in the journal, a restart gives
// none back (the next day does), nothing half-done stays, and in the end one repair waits for a person. MOULT_SEED says
// which points.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { deepStrictEqual as same, equal, match, ok } from 'node:assert/strict'
import { DAY, clock } from './clock.mjs'
import { fewGroups } from './policy.mjs'
import { below, env, makeHome, pause, until, work } from './crash_home.mjs'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
const recording = `${source}/tests/data/traces/tau_retail_gpt4o_l0.jsonl.gz`
if (!existsSync(recording)) {
    console.log('SKIPPED: NO tests/data/traces IN THIS CHECKOUT: NO ROUND OF THE EVOLVER WAS KILLED')
    process.exit(77)
}
const seed = Number(process.env.MOULT_SEED ?? 1)
let dice = seed
const random = below => {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0
    return Math.floor(dice / 2 ** 32 * below)
}
const { is } = clock(env, work)
is(DAY / 2)
const provider = spawn(`${bin}/moult`, ['--json', 'mock-model', `${source}/examples/traffic/busy.json`], { env, stdio: ['ignore', 'pipe', 'inherit'] })
process.on('exit', () => provider.kill('SIGKILL'))
const { listening } = JSON.parse(await new Promise(done => createInterface({ input: provider.stdout }).once('line', done)))

const TOKEN = 'a-token-of-this-home-0001'
const config = evolve => ({
    models: ['busy', 'gpt-4.1'].map(name => ({ name, provider: 'openai', base_url: `${listening}/v1`, model: name, api_key: { file: 'key' } })),
    listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' } }, evolve: { settle_seconds: 1, policy: 'policy.json', ...evolve },
})
const it = makeHome(listening, config({ autonomy: 'off' }))
writeFileSync(join(it.home, 'policy.json'), fewGroups)
const settings = evolve => writeFileSync(join(it.home, 'moult.json'), JSON.stringify(config(evolve)))
writeFileSync(join(it.home, 'tokens'), `${TOKEN} shop\n`, { mode: 0o600 })
const evolving = async () => (await it.status()).evolving
const candidates = () => it.json('candidates').candidates
const rounds = () => it.rows("SELECT json_extract(body, '$.round') round, json_extract(body, '$.by') by, json_extract(body, '$.why') why"
    + " FROM audit WHERE kind = 'round' ORDER BY number")
const begun = () => rounds().filter(({ round }) => round === 'begins').length
/** Processes that work for this home, whoever started them. */
const workers_of_home = () => readdirSync('/proc').filter(name => /^\d+$/.test(name)).filter(pid => {
    try {
        return /moult-(evolve|trial|propose|patch)/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
            && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(env.XDG_CONFIG_HOME)
    } catch { return false } // it has ended meanwhile
})
const at_work = service => below(service.pid).filter(({ line }) => /moult-(evolve|trial)/.test(line.split(' ')[0]))

// Failures that can be mended.
let service = await it.serve()
const played = JSON.parse(spawnSync('node', [`${source}/examples/traffic/traffic.mjs`, '--base-url', `${service.listening.tcp}/v1`,
    '--key', TOKEN, '--model', 'busy', '--runs', '50', recording]).stdout)
ok(played.failed > 10, JSON.stringify(played))
equal(await service.end(), 0)

/** A turn that the provider knows nothing about: what it ends with makes the evolver look again. */
const turn = async () => equal((await it.ask([{ role: 'user', content: 'Who are you?' }], {}, { model: 'gpt-4.1' })).status, 404)
const MOST_MS = 1500
const done = () => candidates().some(({ state }) => state === 'in_review')
/** It works; a turn comes first where it rests. */
const working = () => until(async () => {
    const { state } = await evolving()
    if (state === 'rests') await turn()
    return state === 'works' || state === 'mines'
})

// The evolver: whoever of it works at that moment. After three in a row a turn has to come first.
settings({ autonomy: 'propose', budget: { rounds: 20, seconds: 8 } })
service = await it.serve()
await turn()
const struck = {}
for (let kills = 0; kills < 4 && !done();) {
    await working()
    await pause(random(MOST_MS))
    const list = at_work(service)
    if (list.length === 0) continue
    const victim = list[random(list.length)]
    try { process.kill(victim.pid, 'SIGKILL') } catch { continue }
    struck[victim.name] = (struck[victim.name] ?? 0) + 1
    kills++
}
equal((await it.status()).pid, service.pid)

// The service, in the middle: its evolver goes with it, and the next start goes on without a turn.
let with_service = 0
for (; with_service < 2 && !done(); with_service++) {
    await working()
    await pause(random(MOST_MS))
    const before = begun()
    await service.end('SIGKILL')
    await until(() => workers_of_home().length === 0)
    const cut = rounds().at(-1).round === 'begins'
    service = await it.serve()
    let now, in_journal
    do {
        in_journal = begun()
        now = await evolving()
    } while (in_journal !== begun())
    equal(now.rounds_today, in_journal, 'a restart gives no round back')
    ok(now.rounds_today >= before)
    if (cut) ok(now.state !== 'rests' || now.last !== 'no round yet', `it is taken up again: ${JSON.stringify(now)}`)
}

// Left alone it comes to its end.
while (!done()) {
    await working()
    await until(async () => (await evolving()).state === 'rests')
}
await until(async () => (await evolving()).state === 'rests')
const [waits, ...more] = candidates().filter(({ state }) => state === 'in_review')
same([waits.plugin, waits.proposer, more], ['router', 'search', []])
for (const { state } of candidates()) ok(['in_review', 'rejected', 'superseded'].includes(state), state)
equal((await evolving()).rounds_today, begun())
const list = rounds()
equal(list.filter(({ round }) => round === 'ends').length, list.length / 2, JSON.stringify(list))
ok(list.some(({ why }) => why === 'it was killed' || why === 'it was cut off with the service'), JSON.stringify(list))
ok(list.every(({ by }) => by === 'service'))
equal(it.json('audit', 'verify').ok, true)
match(it.text('audit', 'show'), /round +.*begins by service/)
equal(execFileSync('git', ['-C', join(it.home, 'harness'), 'status', '--porcelain']).toString(), '')
execFileSync('git', ['-C', join(it.home, 'harness'), 'fsck', '--strict'], { stdio: 'ignore' })
equal((await it.status()).generation, 0)

// A budget of as many rounds as there were is used up, also for the service that comes next.
equal(await service.end(), 0)
settings({ autonomy: 'propose', budget: { rounds: begun() } })
service = await it.serve()
same([(await evolving()).rounds_today, (await evolving()).rounds_a_day], [begun(), begun()])
equal(await service.end(), 0)

// It is there again with the next day, while nothing happens.
is(DAY - 3)
service = await it.serve()
await until(async () => (await evolving()).rounds_today === 0)
equal(await service.end(), 0)
await until(() => workers_of_home().length === 0)
console.log(`ok: ${begun()} rounds (seed ${seed}), killed ${JSON.stringify(struck)}, and ${with_service} times with the service`)
process.exit(0)
