#!/usr/bin/env node
// The driver, killed while its candidate has a share of the live turns: nobody watches that any more, so the service
// leaves it. What the candidate had begun goes on with what is active, to its end; the same command brings the promotion
// to its end. A service that is killed in the same moment comes back without the candidate.
import { spawn } from 'node:child_process'
import { deepStrictEqual as same, equal, match, ok } from 'node:assert/strict'
import { calls, candidate, content, env, makeHome, mined, model, says, until } from './crash_home.mjs'

let open, gate, held = 0
const close = () => { held = 0; gate = new Promise(done => { open = done }) }
const upstream = await model(async ({ messages }) => {
    const { role, content } = messages.at(-1)
    if (role === 'tool') return says(`told: ${content}`)
    if (!/held/.test(content)) return says(`${content} is answered`)
    held++
    await gate
    return /works/.test(content) ? calls([`c-${messages.length}`, 'shell', { command: 'echo once >> out; cat out' }]) : says(`${content} is answered`)
})
const it = makeHome(upstream.url, { canary: { share: 100, turns: 40, seconds: 600 } })
mined(it)
const id = candidate(it, 'strings that denote lists')
const user = text => [{ role: 'user', content: text }]
const ran = turn => it.rows(`SELECT lower(hex(generation)) g FROM effect WHERE turn = ${turn} ORDER BY number`).map(({ g }) => g)
const canary = async () => (await it.status()).canary
let service = await it.serve()
const active = (await it.status()).generation_digest

/** A promotion under way: live turns are begun until the candidate has some of them at their model. */
async function promoting() {
    const child = spawn(it.moult, ['-C', it.home, '--json', 'promote', id], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', piece => { said += piece })
    const ended = new Promise(done => child.once('exit', (code, signal) => done({ code, signal, said })))
    await until(async () => { // a shadow wants steps to look at, the share comes behind it
        equal(content(await it.ask(user('hello'))), 'hello is answered')
        return (await canary())?.share > 0
    })
    return { child, ended }
}

/** Two turns in the candidate's hands; then `cut`. Both have one answer, and end on what is active. */
async function cut_off(end) {
    const { child, ended } = await promoting()
    close()
    const name = `s${upstream.asked.length}`
    const { turns: had } = await canary()
    const turns = [it.ask(user('held one')), it.ask(user('held, and works'), { 'x-moult-session': name })]
    await until(() => held === 2)
    equal((await canary()).turns, had + 2)
    await end(child)
    await ended
    await until(async () => !(await canary()))
    equal((await it.status()).generation_digest, active)
    const fresh = await it.ask(user('fresh'))
    equal(content(fresh), 'fresh is answered')
    same([...new Set(ran(fresh.headers['x-moult-turn']))], [active], 'new turns begin on what is active')
    return { turns, name }
}

for (let time = 0; time < 2; time++) {
    const { turns, name } = await cut_off(child => child.kill('SIGKILL'))
    match(service.log(), /candidate [0-9a-f]{12} is left: its promotion ended before it did/)
    const asked = upstream.asked.length
    open()
    const [one, works] = await Promise.all(turns)
    equal(content(one), 'held one is answered')
    equal(content(works), 'told: once\n')
    equal(upstream.asked.length, asked + 1, 'no model was asked twice')
    const on = ran(works.headers['x-moult-turn'])
    ok(on[0] !== active && on.at(-1) === active, `it began with the candidate and ended with what is active: ${on}`)
    equal(it.trace(name).filter(({ kind, data }) => kind === 'effect' && data.effect === 'tool').length, 1)
    equal(it.json('show', id).state, 'canary')
    equal((await it.status()).pid, service.pid)
}

// The service in the same moment.
const { turns } = await cut_off(async child => {
    await service.end('SIGKILL')
    child.kill('SIGKILL')
    service = await it.serve()
})
open()
for (const { lost } of await Promise.all(turns)) ok(lost)
await until(async () => (await it.status()).turns_open === 0)

// The same command, and this time it is let be.
const { ended } = await promoting()
for (let i = 0; await canary(); i++) equal(content(await it.ask(user(`turn ${i}`))), `turn ${i} is answered`)
const { code, said } = await ended
equal(code, 0, said)
const after = await it.status()
same([after.generation, after.canary, after.turns_open], [1, undefined, 0])
equal(it.json('show', id).state, 'active')
equal(it.json('audit', 'verify').ok, true)
equal(await service.end(), 0)
console.log('ok: a candidate whose promotion was cut off is left, and promoted later')
process.exit(0)
