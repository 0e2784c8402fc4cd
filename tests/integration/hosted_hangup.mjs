#!/usr/bin/env node
// A client that hangs up while the tools of its new session still start: its turn is begun all the same, and answered; who
// asks meanwhile hears that it is in work. And a service that ends in that moment ends well.
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { equal, match, ok } from 'node:assert/strict'
import { below, makeHome, model, says, until } from './crash_home.mjs'

const upstream = await model(({ messages }) => says(`heard: ${messages.at(-1).content}`))
// It comes up when somebody lets it.
const late = { command: 'sh', timeouts_ms: { start: 120000, call: 60000 },
    args: ['-c', 'until [ -e go ]; do sleep 0.02; done; exec node "$0" words', `${process.env.MOULT_SRC}/tests/tools/evil_mcp.mjs`] }
const it = makeHome(upstream.url, { mcpServers: { late } })
let service = await it.serve()

/** Asks, and goes as soon as its tools are on their way. */
async function hangUp(name) {
    const asked = request({ socketPath: it.socketPath, method: 'POST', path: '/v1/chat/completions',
        headers: { 'x-moult-session': name, 'x-moult-group': 'those', 'content-type': 'application/json' } })
    asked.on('error', () => {})
    asked.end(JSON.stringify({ model: 'main', messages: [{ role: 'user', content: `I am ${name}` }] }))
    await until(() => below(service.pid).some(({ line }) => line.includes('until [ -e go ]')))
    asked.destroy()
    await until(() => it.status()) // one round of the loop behind it
}

await hangUp('first')
const other = await it.ask([{ role: 'user', content: 'and I?' }], { 'x-moult-session': 'first' })
equal(other.status, 409)
writeFileSync(join(it.home, 'workspaces/first/go'), '')
const end = "SELECT e.how, s.grp FROM turn_end e JOIN turn t ON t.number = e.turn JOIN session s ON s.number = t.session"
await until(() => it.rows(end).length === 1)
equal(it.rows(end)[0].grp, 'those')
const trace = it.trace('first')
match(JSON.stringify(trace.find(({ kind, data }) => kind === 'effect' && data.effect === 'hand')), /heard: I am first/)
ok(trace.some(({ kind }) => kind === 'end'))

await hangUp('second')
equal(await service.end(), 0)
console.log('ok: a turn that nobody waited for was answered')
process.exit(0)
