#!/usr/bin/env node
// A build that ends or hangs its worker on one message. Without an earlier generation that message's own turn ends with
// an error, and its neighbours in the same worker go on. With one, the turn comes through on that, and the new
// generation is quarantined: journaled, kept over a restart, seen in the log. Nobody else notices. A worker that sleeps
// while it owes an answer is ended as well.
import { deepStrictEqual as same, equal, match, ok } from 'node:assert/strict'
import { below, calls, candidate, content, harness, makeHome, mined, model, says, until } from './crash_home.mjs'

// Without a branch that no case runs, and no number that is always zero: these would keep it from the gate (docs/why/0042).
const CRASHES = '    volatile uint32_t share = 1000000000u / (call->name.size * 1000 + call->name.at[0] - 4098);\n    (void)share;\n'
const each = name => `for (moult_it ${name} = { 0 }; moult_each(turn, call->args, &${name});)\n`
const LOOPS = `    volatile uint32_t seen = 0;\n    ${each('a')}    ${each('b')}    ${each('c')}    seen++;\n`
const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, i]))

// "boom" in a message makes the model call a tool of that name; others wait at the gate until it is open.
let open, gate = Promise.resolve(), held = 0
const close = () => { held = 0; gate = new Promise(done => { open = done }) }
const upstream = await model(async ({ messages }) => {
    const { role, content } = messages.at(-1)
    if (role === 'user' && /boom/.test(content)) return calls([`call-${messages.length}`, 'boom', many])
    if (/waits/.test(content)) {
        held++
        await gate
    }
    return says(`${content} is answered`)
})
const tools = ['boom', 'look'].map(name => ({ type: 'function', function: { name, parameters: { type: 'object' } } }))
const user = text => [{ role: 'user', content: text }]
const digests = (it, turn) => it.rows(`SELECT lower(hex(generation)) g FROM effect WHERE turn = ${turn} ORDER BY number`).map(({ g }) => g)

/** Neighbours in the same worker, and the poison among them. */
async function among(it) {
    close()
    const neighbours = Array.from({ length: 8 }, (_, i) => it.ask(user(`${i} waits`), {}, { tools }))
    await until(() => held === neighbours.length)
    const poison = await it.ask(user('boom'), {}, { tools })
    const held_on = held
    open()
    const answers = await Promise.all(neighbours)
    equal(held_on, neighbours.length, 'a neighbour asked its model once')
    same(answers.map(content), answers.map((_, i) => `${i} waits is answered`))
    return poison
}

for (const [name, defect] of [['crashes', CRASHES], ['hangs', LOOPS]]) {
    const it = makeHome(upstream.url)
    mined(it)
    const bad = candidate(it, `one that ${name}`, defect)
    let service = await it.serve()
    const good = (await it.status()).generation_digest

    // No canary was waited for: the defect is met by everybody's turns.
    it.json('promote', bad)
    const worse = (await it.status()).generation_digest
    const came = await among(it)
    equal(came.status, 200, came.text)
    equal(came.choices[0].message.tool_calls[0].function.name, 'boom')
    const after = await it.status()
    same([after.generation, after.generation_digest, after.pid], [0, good, service.pid])
    const on = digests(it, came.headers['x-moult-turn'])
    ok(on.includes(worse) && on.at(-1) === good, 'it was retried on the generation before')

    // Journaled, in the audit chain, seen by a person.
    const [row] = it.rows('SELECT lower(hex(generation)) g, why FROM quarantine')
    equal(row.g, worse)
    match(row.why, name === 'hangs' ? /hung/ : /crashed/)
    match(it.text('audit', 'show'), /quarantine/)
    match(it.text('log'), /quarantine/)
    equal(it.json('audit', 'verify').ok, true)
    match(service.log(), /is quarantined/)

    // Over a restart, also one by force.
    await service.end('SIGKILL')
    service = await it.serve()
    equal(service.generation, 0)
    equal((await it.ask(user('boom'), {}, { tools })).status, 200)
    equal(await service.end(), 0)
}

// The first generation of a home has none before it: the turn ends, and says so; the service goes on.
const it = makeHome(upstream.url, {}, { harness: harness(CRASHES) })
const service = await it.serve()
for (let i = 0; i < 2; i++) {
    const ended = await among(it)
    same([ended.status, ended.error.code], [502, 'peer'])
    match(ended.error.message, /ended twice on this turn/)
}
equal(content(await it.ask(user('hello'), {}, { tools })), 'hello is answered')
same(it.rows('SELECT * FROM quarantine'), [])
same([(await it.status()).generation, (await it.status()).turns_failed], [0, 2])
equal(await service.end(), 0)

// A worker that was stopped owes its answer and uses no processor: it is ended, and its turn goes on in another one.
const still = makeHome(upstream.url, { limits: { hook_sleep_ms: 300 } })
const serves = await still.serve()
close()
const stopped = still.ask(user('one waits'))
await until(() => held === 1)
const [{ pid }] = below(serves.pid).filter(({ name }) => name === 'moult-worker')
process.kill(pid, 'SIGSTOP')
open()
equal(content(await stopped), 'one waits is answered')
match(serves.log(), /a worker of generation 0 ended: it slept for/)
equal(held, 1, 'its model was asked once')
equal(await serves.end(), 0)
console.log('ok: one that crashes, one that hangs, one that stands alone, one that sleeps')
process.exit(0)
