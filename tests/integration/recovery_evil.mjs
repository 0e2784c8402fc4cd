#!/usr/bin/env node
// A worker that somebody has taken over (tests/tools/evil_worker.c) stands in the place of moult-worker. It forges effects
// of other turns, replays old leases, breaks frames, closes its socket: its own turn ends with an error, and nothing it
// said was done. Turns of the same worker go on in another one, those of another principal notice nothing.
import { linkSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { deepStrictEqual as same, equal, match, ok } from 'node:assert/strict'
import { calls, content, makeHome, model, says, until } from './crash_home.mjs'

const { MOULT_BIN: bin, MOULT_BUILD: build } = process.env, TOKEN = 'the-token-of-somebody-else'
// A program looks for the others where it stands itself, so these are the same files under another name.
const folder = mkdtempSync(join(build, 'tests', 'evil-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const name of readdirSync(bin).filter(name => name.startsWith('moult')))
    linkSync(name === 'moult-worker' ? join(build, 'tests', 'evil_worker') : join(bin, name), join(folder, name))

let open, gate, held
const upstream = await model(async ({ messages }) => {
    const { content } = messages.at(-1)
    if (content === 'a call twice') return calls(['c1', 'shell', { command: 'true # a call once more' }])
    if (/waits/.test(content)) {
        held++
        await gate
    }
    return says(`${content}: answered`)
})
const it = makeHome(upstream.url, { listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' } } }, { from: folder })
writeFileSync(join(it.home, 'tokens'), `${TOKEN} bob\n`, { mode: 0o600 })
const service = await it.serve()
const user = text => [{ role: 'user', content: text }]

/** Somebody else, who has a worker of his own. */
const bob = text => new Promise((done, failed) => {
    const body = JSON.stringify({ model: 'main', messages: user(text) })
    request(`${service.listening.tcp}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, async answer => {
        let text = ''
        for await (const piece of answer) text += piece
        done({ status: answer.statusCode, ...JSON.parse(text) })
    }).on('error', failed).end(body)
})
const attacks = ['another worker\'s turn', 'a neighbour\'s turn', 'an old lease', 'an oversize frame', 'half a frame', 'noise',
    'a closed socket', 'a reply that there is not', 'a tool', 'messages beyond the end']
// The first of them is permitted, the second ends the worker: the turn goes on elsewhere with the answer of the first.
const HARMLESS = 'two at once'
const effects = turn => it.rows(`SELECT kind, step, idx, attempt FROM effect WHERE turn = ${turn} ORDER BY number`)

await it.ask(user('somebody before'))
for (const attack of [...attacks, HARMLESS]) {
    held = 0
    gate = new Promise(done => { open = done })
    const neighbours = [it.ask(user(`one waits for ${attack.length}`)), it.ask(user(`two waits for ${attack.length}`))]
    await until(() => held === 2)
    const others = bob(`bob waits for ${attack.length}`) // his lease is the one before the attack's
    await until(() => held === 3)
    const asked = upstream.asked.length
    const attacked = await it.ask(user(attack))
    if (attack === HARMLESS) {
        equal(content(attacked), `${attack}: answered`)
    } else {
        equal(attacked.status, 502, `${attack}: ${attacked.text}`)
        match(attacked.error.message, /ended twice on this turn/)
    }
    open()
    const answers = await Promise.all([...neighbours, others])
    same(answers.map(content), ['one', 'two', 'bob'].map(who => `${who} waits for ${attack.length}: answered`), attack)
    ok(upstream.asked.length - asked <= (attack === HARMLESS), `${attack}: the provider was asked`)
    for (const { headers } of answers.slice(0, 2)) // what was asked of the provider once is one effect, and then the hand
        same(effects(headers['x-moult-turn']).map(({ kind }) => kind), [1, 2], `${attack}: effects of a neighbour`)
}
const status = await it.status()
same([status.pid, status.turns_open, status.turns_failed], [service.pid, 0, attacks.length])
equal(it.rows('SELECT count(*) n FROM effect WHERE kind = 3')[0].n, 0, 'a tool of a gateway was permitted')

// A hosted session has tools: what its conversation holds as one call is carried out once, whatever step a worker says it is.
const twice = await it.ask(user('a call twice'), { 'x-moult-session': 'hosted' })
same([twice.status, (await it.status()).turns_failed], [502, attacks.length + 1], twice.text)
equal(readFileSync(join(it.home, 'workspaces', 'hosted', 'ran'), 'utf8'), 'ran\n')
equal(it.json('audit', 'verify').ok, true)
equal(await service.end(), 0)
console.log(`ok: ${attacks.length + 1} attacks`)
process.exit(0)
