#!/usr/bin/env node
// What an operator finds in the night when no generation can be fallen back to. The only one of a home ends turns: they
// end with an error, the others go on, and the service says that it is degraded. Every one is quarantined: the service
// starts all the same, refuses turns, says so, and what is then promoted or gone back to runs at once.
import { execFileSync, spawnSync } from 'node:child_process'
import { request } from 'node:http'
import { join } from 'node:path'
import { deepStrictEqual as same, equal, match, ok } from 'node:assert/strict'
import { calls, candidate, content, env, harness, makeHome, mined, model, says } from './crash_home.mjs'

const upstream = await model(({ messages }) => {
    const { role, content } = messages.at(-1)
    return role === 'user' && /boom/.test(content) ? calls(['call', 'boom', {}]) : says(`${content} is answered`)
})
const tools = ['boom', 'look'].map(name => ({ type: 'function', function: { name, parameters: { type: 'object' } } }))
const user = text => [{ role: 'user', content: text }]

const get = (it, path) => new Promise((done, failed) => request({ socketPath: it.socketPath, path, agent: false }, async answer => {
    let text = ''
    for await (const piece of answer) text += piece
    done({ status: answer.statusCode, text })
}).on('error', failed).end())

/** What each place says where an operator looks. */
async function looks(it) {
    const said = JSON.parse(spawnSync(it.moult, ['-C', it.home, '--json', 'doctor'], { env }).stdout)
    return {
        ready: await get(it, '/readyz'), status: (await it.status()).degraded, text: it.text('status'),
        metric: /^moult_degraded (\d)$/m.exec((await get(it, '/metrics')).text)[1],
        doctor: said.checks.find(({ name }) => name === 'home.service'),
    }
}
async function all_is_well(it, generation) {
    const well = await looks(it)
    same(well.ready, { status: 200, text: 'ready\n' })
    equal(well.status, undefined)
    equal(well.metric, '0')
    same([well.doctor.status, well.doctor.detail], ['ok', `serves generation ${generation}`])
    equal(content(await it.ask(user('hello'), {}, { tools })), 'hello is answered')
}

// A lone generation that ends turns. It is not quarantined: most turns come through it.
const crashes = '    if (call->name.size == 4 && call->name.at[0] == 98)\n        state->turn /= call->name.size - 4;\n'
const lone = makeHome(upstream.url, {}, { harness: harness(crashes) })
let service = await lone.serve()
await all_is_well(lone, 0)
for (const turns of ['1 turn', '2 turns']) {
    const ended = await lone.ask(user('boom'), {}, { tools })
    same([ended.status, ended.error.code], [502, 'peer'])
    match(ended.error.message, /the harness ended twice on this turn/)
    const now = await looks(lone)
    same(now.ready, { status: 200, text: 'ready\ndegraded: turns fail; moult doctor says why\n' })
    match(now.status, new RegExp(`generation 0 ended ${turns} \\(crashed: it died of signal \\d\\), and there is none before it`))
    match(now.text, /^degraded +generation 0 ended/m)
    equal(now.metric, '1')
    equal(now.doctor.status, 'warn')
    match(now.doctor.detail, /generation 0 ended/)
    match(now.doctor.fix, /promote a repair/)
    equal(content(await lone.ask(user('hello'), {}, { tools })), 'hello is answered')
}
same(lone.rows('SELECT * FROM quarantine'), [])
equal(service.log().match(/there is none to go back to/g).length, 1)
equal(await service.end(), 0)

// Every generation is quarantined.
const it = makeHome(upstream.url)
mined(it)
const repair = candidate(it, 'one that may run')
/** The service ends, what it ran is quarantined, and it is started again. */
async function quarantined() {
    const { generation_digest: bad } = await it.status()
    equal(await service.end(), 0)
    execFileSync('sqlite3', [join(it.home, 'journal.db'), `INSERT INTO quarantine VALUES(x'${bad}', 'it fell', 1)`])
    service = await it.serve()
    equal(service.generation, null)
    match(service.log(), /no turn can be served: every generation of this home is quarantined/)
    const now = await looks(it)
    equal(now.ready.status, 503)
    match(now.ready.text, /^degraded: every generation is quarantined; moult doctor/)
    match(now.status, /every generation of this home is quarantined/)
    match(now.text, /^degraded +every generation/m)
    ok(!/^generation /m.test(now.text))
    equal(now.metric, '1')
    equal(now.doctor.status, 'fail')
    match(now.doctor.fix, /moult rollback --to COMMIT .*promoted/)
    const refused = await it.ask(user('hello'), {}, { tools })
    same([refused.status, refused.error.code], [503, 'lacks'])
    match(refused.error.message, /every generation of this home is quarantined; moult log says why/)
    equal(it.json('audit', 'verify').ok, true)
}
service = await it.serve()
await quarantined()
const stuck = it.tries('rollback')
same([stuck.status, stuck.said.error.code], [1, 'missing'])
match(stuck.said.error.message, /nothing .* is older than what is active/)
it.json('promote', repair)
await all_is_well(it, 1)

// Both: who goes back says that it may run all the same.
await quarantined()
it.json('rollback')
await all_is_well(it, 2)
equal(await service.end('SIGKILL'), 'SIGKILL')
service = await it.serve()
await all_is_well(it, 2)
equal(await service.end(), 0)
console.log('ok: no generation to go back to is said, and is no end')
process.exit(0)
