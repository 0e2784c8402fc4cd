#!/usr/bin/env node
// What the service does when nobody looks. The recorded agents of a shop play against a model with too much to do;
// with autonomy `off` that is all, with `observe` the failures are found, with `propose` a patch of the router waits
// for a person, who asked for nothing. Then it rests: the same failures are worked on once, and not more rounds a day
// than moult.json says.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { createInterface } from 'node:readline'
import { DAY, clock } from './clock.mjs'
import { fewGroups } from './policy.mjs'
import { cli, env, home, init, json, serve, work } from './service_home.mjs'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
const recording = `${source}/tests/data/traces/tau_retail_gpt4o_l0.jsonl.gz`
if (!existsSync(recording)) {
    console.log('SKIPPED: NO tests/data/traces IN THIS CHECKOUT: UNATTENDED EVOLUTION WAS NOT JUDGED')
    process.exit(77)
}
clock(env, work).is(DAY / 2) // rounds are counted by the day
const TOKEN = 'a-token-of-this-home-0001'
const provider = spawn(`${bin}/moult`, ['--json', 'mock-model', `${source}/examples/traffic/busy.json`], { env, stdio: ['ignore', 'pipe', 'inherit'] })
process.on('exit', () => provider.kill('SIGKILL'))
const { listening } = JSON.parse(await new Promise(done => createInterface({ input: provider.stdout }).once('line', done)))

const config = evolve => ({
    models: ['busy', 'gpt-4.1'].map(name => ({ name, provider: 'openai', base_url: `${listening}/v1`, model: name, api_key: { file: 'key' } })),
    listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' } },
    evolve: { settle_seconds: 1, policy: 'policy.json', ...evolve },
})
init(listening, config({ autonomy: 'off' }), '--split-key', '07'.repeat(32))
writeFileSync(join(home, 'policy.json'), fewGroups)
writeFileSync(join(home, 'tokens'), `${TOKEN} shop\n`, { mode: 0o600 })

const status = async () => (await json('status')).evolving
const traffic = (service, runs) => JSON.parse(spawnSync('node', [`${source}/examples/traffic/traffic.mjs`, '--base-url', `${service.listening.tcp}/v1`,
    '--key', TOKEN, '--model', 'busy', '--runs', String(runs), recording]).stdout)

/** The same home, served with another word about how much it may do by itself. */
async function under(evolve, run) {
    writeFileSync(join(home, 'moult.json'), JSON.stringify(config(evolve)))
    const service = await serve()
    await run(service)
    await service.stop()
}

/** A turn that the provider knows nothing about ends, and with it what was going on. */
async function turn(service) {
    const answer = await fetch(`${service.listening.tcp}/v1/chat/completions`, { method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Who are you?' }] }) })
    equal(answer.status, 404)
}

/** One more turn, and what the service then did by itself. */
async function after(service) {
    await turn(service)
    while ((await status()).state === 'rests') await pause(5)
    for (;;) {
        const now = await status()
        if (now.state === 'rests') return now
        await pause(50)
    }
}
const batches = async () => (await json('mine')).clusters.filter(it => it.mendable && it.batch).map(it => it.id)
const candidates = async () => (await json('candidates')).candidates

await under({ autonomy: 'off' }, async service => {
    const played = traffic(service, 50)
    ok(played.failed > 10, JSON.stringify(played))
    const now = await status()
    same([now.state, now.last, now.rounds_today], ['rests', 'no round yet', 0])
})
await under({ autonomy: 'observe' }, async service => {
    const now = await after(service)
    match(now.last, /autonomy is observe: nothing is proposed/)
    same([now.rounds_today, await candidates()], [0, []])
    same(await batches(), ['turn_failed_rate_limit'])
})
await under({ autonomy: 'propose', budget: { rounds: 1, seconds: 8 } }, async service => {
    const first = await after(service)
    equal(first.rounds_today, 1, first.last)
    const [candidate] = (await candidates()).filter(it => it.state === 'in_review')
    same([candidate.plugin, candidate.proposer], ['router', 'search'], first.last)
    match((await cli(['status'])).stdout, /1 of 1 rounds today/)

    // The same failures again: there is nothing that was not worked on.
    const again = await after(service)
    match(again.last, /nothing new since the last round/)
    same([again.conversion.proposed, again.conversion.gated, again.conversion.promoted], [1, 1, 0])
    match((await cli(['status'])).stdout, /^mined .* 1 proposed, 1 gated, 0 promoted, 0 held$/m)
    const count = (await candidates()).length
    // New ones, and no round left of today.
    traffic(service, 80)
    const last = await after(service)
    match(last.last, /rounds of today are used up/)
    equal((await candidates()).length, count)

    // A person has the last word, as ever: what runs is what was there.
    equal((await json('log')).entries.length, 1)
    equal(service.child.exitCode, null)
})
console.log('ok: the service evolves while nobody looks, and asks')
process.exit()
