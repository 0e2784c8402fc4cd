#!/usr/bin/env node
// A hosted agent of a shop: a scripted model, the retail store behind MCP and files of its own, in one conversation;
// what moult.json allows is done, what it denies is not even offered, what it asks for waits for a person. The store's
// own answers and the files of the workspace are the judge.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deepStrictEqual as same, ok, strictEqual as equal } from 'node:assert'
import { cli, home, init, json, model, serve } from './service_home.mjs'

const call = (name, args) => ({ call: { name, arguments: args } })
const order = '#W5918442', reason = 'no longer needed'
const { url, asked } = await model([
    { when: { user_contains: 'look up', last_role: 'user' }, ...call('get_order_details', { order_id: order }) },
    { when: { user_contains: 'look up', result_contains: order }, ...call('write_file', { path: 'notes/order.txt', content: `${order} is pending` }) },
    { when: { user_contains: 'look up', last_role: 'tool' }, say: 'I wrote it down.' },
    { when: { user_contains: 'cancel', last_role: 'user' }, ...call('cancel_pending_order', { order_id: order, reason }) },
    { when: { user_contains: 'cancel', result_contains: '"status"' }, say: 'It is cancelled.' },
    { when: { user_contains: 'cancel', last_role: 'tool' }, say: 'I may not cancel it.' },
    { when: { user_contains: 'note', last_role: 'user' }, ...call('read_file', { path: 'notes/order.txt' }) },
    { when: { user_contains: 'note', last_role: 'tool' }, say: 'It says so.' },
    { when: { user_contains: 'person', last_role: 'user' }, ...call('transfer_to_human_agents', { summary: 'x' }) },
    { say: 'Fine.' },
])
init(url, {
    mcpServers: { store: { command: 'node', args: [join(process.env.MOULT_SRC, 'examples/retail-store/server.mjs')] } },
    tools: { 'get_*': 'allow', write_file: 'allow', cancel_pending_order: 'ask', transfer_to_human_agents: 'deny', shell: 'deny' },
})
const service = await serve()
const run = (...args) => cli(['run', ...args, '--session', 'shop'])
const file = join(home, 'workspaces/shop/notes/order.txt')
const results = () => asked().at(-1).messages.filter(it => it.role === 'tool').map(it => it.content)

// Allowed: the store answers, the file is there.
let got = await run('look up my order')
same([got.status, got.stdout], [0, 'I wrote it down.\n'])
const offered = asked()[0].tools.map(it => it.function.name)
for (const name of ['get_order_details', 'cancel_pending_order', 'write_file', 'read_file']) ok(offered.includes(name), name)
for (const name of ['transfer_to_human_agents', 'shell']) ok(!offered.includes(name), name)
equal(JSON.parse(results()[0]).status, 'pending')
ok(existsSync(file), file)
equal(readFileSync(file, 'utf8'), `${order} is pending`)

// Asked for: a no reaches the agent as the call's result, and the store still has the order; then a yes.
const decided = async (answer, ...args) => {
    let seen
    const id = new Promise(done => { seen = done })
    const going = cli(['run', ...args, '--session', 'shop'], { onError: text => { const it = /allow (\d+-\d+)/.exec(text); if (it) seen(it[1]) } })
    equal((await cli(['permissions', answer, await id])).status, 0)
    return going
}
got = await decided('deny', 'cancel it')
same([got.status, got.stdout], [0, 'I may not cancel it.\n'])
equal((await run('look up my order')).status, 0)
equal(JSON.parse(results().at(-2)).status, 'pending')
got = await decided('allow', 'cancel it')
same([got.status, got.stdout], [0, 'It is cancelled.\n'])
equal(JSON.parse(results().at(-1)).status, 'cancelled')

// Denied: a model that calls it nevertheless is told so, and the turn goes on.
got = await run('get me a person')
equal(got.status, 0)
equal(results().at(-1), 'moult.json denies this tool')

// The conversation is one: the file of the first turn is there in the last, and every turn can be proved.
got = await run('read your note')
same([got.status, got.stdout], [0, 'It says so.\n'])
equal(results().at(-1), `${order} is pending`)
const turns = (await json('trace', 'shop')).entries.filter(it => it.kind === 'turn').map(it => it.seq / 4)
equal(turns.length, 6)
for (const turn of turns) same([turn, (await json('prove', String(turn))).verdict], [turn, 'same'])
await service.stop()
console.log('ok: a hosted agent of a shop')
process.exit()
