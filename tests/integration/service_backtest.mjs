#!/usr/bin/env node
// moult backtest: what a candidate would have done to the service's own traffic. A patch that denies a repeated call
// changes the sessions with such a call, at that step, and no other; nothing of it is carried out.
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { deepStrictEqual as same, match, strictEqual as equal } from 'node:assert'
import { cli, home, init, json, model, serve } from './service_home.mjs'

const read = { name: 'list_files', arguments: { path: '.' } }
const { url, asked } = await model([
    { when: { user: 'twice', messages: 1 }, call: read },
    { when: { user: 'twice', messages: 3 }, call: read },
    { when: { user: 'once', messages: 1 }, call: read },
    { say: 'Fine.' },
])
init(url, {})
const service = await serve()
for (const [session, text] of [['a', 'hello'], ['b', 'once'], ['c', 'twice']])
    equal((await cli(['run', text, '--session', session])).status, 0)
const requests = asked().length
const patch = join(process.env.MOULT_SRC, 'examples/patches/stop-at-first-repeat.patch')
match(readFileSync(patch, 'utf8'), /plugins\/calls\/calls.c/)
const { id } = await json('propose', '--plugin', 'calls', '--patch', patch, '--why', 'a repeat is useless')

const sessions = (await json('sessions', '--live')).sessions
const got = await json('backtest', id)
same([got.status, got.candidate], [0, id])
same(got.changed.map(it => [it.session, it.step, it.was, it.is]), [[sessions.find(it => it.name === 'c').id, 1, 'handed', 'asked']])
same(got.groups.map(it => [it.tool, it.was, it.is, it.count, it.resolved]), [['list_files', 'called', 'denied', 1, 1]])
same([got.groups[0].example.session, got.groups[0].example.step], [got.changed[0].session, 1])
match(got.groups[0].example.was, /^handed; list_files \{/)
match(got.groups[0].example.is, /^asked; denied list_files \{/)
const { sessions: count, turns, changed, abnormal, sealed, unread } = got.totals
same([count + sealed, turns + sealed, changed, abnormal, unread], [3, 3, 1, 0, 0])
equal(asked().length, requests)
match((await cli(['backtest', id.slice(0, 8), '--since', '1h'])).stdout, /step 1: handed, then: asked; it resolves repeat\n\n +1  list_files: called, then: denied; 1 resolved\n +such as .{12}, step 1\n +was  handed.*\n +is   asked.*it would have changed 1, /s)

for (const [args, status, code] of [
    [['backtest'], 2, 'usage'],
    [['backtest', 'abcdef0123'], 1, 'missing'],
    [['backtest', id, '--since', 'yesterday'], 2, 'usage'],
    [['backtest', id, '--since', '-1d'], 2, 'usage'],
    [['backtest', id, '--since', '99999999999999999d'], 2, 'usage'],
]) {
    const it = await json(...args)
    same([args, it.status, it.error?.code], [args, status, code])
}
const none = await json('backtest', id, '--since', '0m')
same([none.status, none.totals.sessions], [3, 0])
await service.stop()
console.log('ok: backtest')
process.exit()
