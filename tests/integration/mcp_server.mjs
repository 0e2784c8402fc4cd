#!/usr/bin/env node
// moult as an MCP server, before peers that are written here: on standard input and output, and at /mcp. What is proposed
// enters the pipeline with its client's name on it; nothing there approves; lines that are none, that are too long or come
// too many are refused and the session goes on.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { cli, env, home, json, moult, socket } from './service_home.mjs'
import { CLUSTER, TOKENS, ask, mended, proposal } from './mcp_home.mjs'

const service = await mended()
const rpc = (id, method, params) => ({ jsonrpc: '2.0', ...id === null ? {} : { id }, method, params })
const begin = (name, protocolVersion = '2025-06-18') => rpc(1, 'initialize', { protocolVersion, capabilities: {}, clientInfo: { name, version: '1' } })
const use = (id, name, args) => rpc(id, 'tools/call', { name, arguments: args })
const NAMES = ['harness_failures', 'harness_source', 'harness_propose', 'harness_status']

/** `moult mcp`, spoken to by lines. */
function peer() {
    const child = spawn(moult, ['-C', home, 'mcp'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = [], waiting = [], of = it => Array.isArray(it) ? 'batch' : it.id
    createInterface({ input: child.stdout }).on('line', line => {
        const message = JSON.parse(line)
        const at = waiting.findIndex(it => it.id === of(message))
        if (at < 0) lines.push(message)
        else waiting.splice(at, 1)[0].done(message)
    })
    child.stdin.on('error', () => {})
    const hear = id => new Promise(done => {
        const at = lines.findIndex(it => of(it) === id)
        if (at < 0) waiting.push({ id, done })
        else done(lines.splice(at, 1)[0])
    })
    const say = message => child.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`)
    return { child, hear, say, lines, ended: new Promise(done => child.once('close', done)),
        ask: message => (say(message), hear(message.id)) }
}
const text = message => message.result.content[0].text

// --- lines
const it = peer()
const begun = await it.ask(begin('an editor\u202e --by=hand'))
same([begun.result.protocolVersion, begun.result.serverInfo.name, begun.result.capabilities], ['2025-06-18', 'moult', { tools: {} }])
it.say(rpc(null, 'notifications/initialized'))
same((await it.ask(rpc(2, 'tools/list'))).result.tools.map(tool => tool.name), NAMES)
equal(JSON.parse(text(await it.ask(use(3, 'harness_failures', {})))).failures[0].id, CLUSTER)
match(text(await it.ask(use(4, 'harness_source', { plugin: 'router' }))), /static moult_action handle_error/)
const bad = await it.ask(use(5, 'harness_source', { plugin: '../../keys' }))
same([bad.result.isError, text(bad)], [true, "plugin wants a plugin's name"])
for (const name of ['harness_approve', 'approve', 'harness_promote', 'shell'])
    equal((await it.ask(use(6, name, { id: 'all' }))).error.code, -32602, name)
for (const method of ['resources/list', 'prompts/list', 'logging/setLevel', 'harness/approve', ''])
    equal((await it.ask(rpc(7, method))).error.code, -32601, method)
// Whatever a line is, the next one is read.
for (const line of ['{', '[]', '[{"jsonrpc":"2.0","id":8,"method":"ping"}]', '"\u0007"', '{"jsonrpc":"1.0","id":8,"method":"ping"}',
    `{"jsonrpc":"2.0","id":${JSON.stringify('i'.repeat(300))},"method":"ping"}`, 'x'.repeat(3 << 20), '['.repeat(5000)]) {
    it.say(line)
    ok((await it.hear(null)).error.code <= -32600, line.slice(0, 40))
}
same((await it.ask(rpc('again', 'ping'))).result, {})
// More calls at once than there are places, two of them of one id.
const all = [10, 11, 12, 13, 14, 15, 10].map(id => (it.say(use(id, 'harness_status', {})), it.hear(id)))
const answers = await Promise.all(all)
ok(answers.some(answer => answer.result?.isError && /4 calls are at work/.test(text(answer))), JSON.stringify(answers).slice(0, 400))
ok(answers.some(answer => answer.error?.code === -32600), 'two calls of one id')
// A call that is cancelled has no answer; what comes behind it has.
it.say(use(20, 'harness_status', {}))
it.say(rpc(null, 'notifications/cancelled', { requestId: 20 }))
equal((await it.ask(use(21, 'harness_status', {}))).result.isError, false)
ok(!it.lines.some(line => line.id === 20), 'the cancelled call was answered')

const rejected = JSON.parse(text(await it.ask(use(30, 'harness_propose', { ...proposal('1'), plugin: 'router' }))))
equal(rejected.proposer, 'mcp:an-editor------by-hand')
equal(rejected.state, 'rejected')
// As many proposals as moult.json gives the day; the last of the input is waited for.
it.say(use(31, 'harness_propose', proposal()))
it.child.stdin.end(JSON.stringify(use(32, 'harness_propose', proposal('0'))))
const entered = JSON.parse(text(await it.hear(31)))
same([entered.state, entered.proposer, entered.approval], ['in_review', 'mcp:an-editor------by-hand', null])
match(text(await it.hear(32)), /the proposals of this session are used up/)
equal(await it.ended, 0)
same(it.lines, [])
equal((await json('show', entered.id.slice(0, 12))).proposer, entered.proposer)
equal((await json('candidates', '--id', entered.id)).candidates[0].state, 'in_review')
for (const by of ['mcp:', 'mcp:a b', 'mcp', 'operator', `mcp:${'x'.repeat(41)}`])
    equal((await cli(['propose', '--plugin', 'router', '--patch', '-', '--why', 'x', '--by', by])).status, 2, by)

// Of the version that has them, batches: one list behind all calls of it, in which a cancelled one is not.
const old = peer(), ids = list => list.map(it => it.id).sort()
same((await old.ask(begin('old', '2025-03-26'))).result.protocolVersion, '2025-03-26')
const both = await (old.say([use(2, 'harness_status', {}), rpc(null, 'notifications/initialized'), rpc(3, 'ping'), use(4, 'harness_source', { plugin: 'router' })]), old.hear('batch'))
same(ids(both), [2, 3, 4])
ok(both.every(it => it.result && !it.result.isError), JSON.stringify(both).slice(0, 300))
same((await (old.say([use(5, 'harness_status', {}), rpc(null, 'notifications/cancelled', { requestId: 5 }), rpc(6, 'ping'), begin('again')]), old.hear('batch'))).map(it => it.error?.code ?? it.id), [6, -32600])
old.say([rpc(null, 'notifications/initialized'), { jsonrpc: '2.0', id: 9, result: {} }]) // nothing goes back
same(ids(await (old.say(Array.from({ length: 6 }, (_, i) => use(20 + i, 'harness_status', {}))), old.hear('batch'))), [20, 21, 22, 23, 24, 25])
for (const bad of [[], Array.from({ length: 33 }, (_, i) => rpc(i, 'ping'))]) equal((await (old.say(bad), old.hear(null))).error.code, -32600)
old.child.stdin.end(JSON.stringify([use(30, 'harness_status', {})]))
same(ids(await old.hear('batch')), [30])
same([await old.ended, old.lines], [0, []])

// --- HTTP
const tcp = { host: '127.0.0.1', port: new URL(service.listening.tcp).port }, local = { socketPath: socket }
const bearer = token => ({ authorization: `Bearer ${token}` })
equal((await ask(tcp, '/mcp', { body: begin('x') })).status, 401)
for (const origin of ['http://evil.example', 'null', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'file://'])
    equal((await ask(local, '/mcp', { body: begin('x'), headers: { origin } })).status, 403, origin)
for (const origin of ['http://localhost:3000', 'http://127.0.0.1', 'https://[::1]:1'])
    equal((await ask(local, '/mcp', { body: begin('x'), headers: { origin } })).status, 200, origin)
const first = await ask(tcp, '/mcp', { body: begin('desk', '2025-03-26'), headers: bearer(TOKENS.watch) })
const session = { 'mcp-session-id': first.headers['mcp-session-id'], ...bearer(TOKENS.watch) }
same([first.status, first.json.result.protocolVersion, session['mcp-session-id'].length], [200, '2025-03-26', 32])
const post = (body, headers = session) => ask(tcp, '/mcp', { body, headers })
same((await post(rpc(null, 'notifications/initialized'))).status, 202)
same((await post(rpc(2, 'tools/list'))).json.result.tools.map(tool => tool.name), NAMES)
match(text((await post(use(3, 'harness_source', {}))).json), /"router"/)
same([(await post('{')).status, (await post('[]')).status, (await post(`"${'x'.repeat(2 << 20)}"`)).status], [400, 400, 400])
equal((await post(rpc(4, 'ping'), { ...session, 'mcp-protocol-version': '1999-01-01' })).status, 400)
equal((await post(rpc(4, 'ping'), { ...session, 'mcp-session-id': '0'.repeat(32) })).status, 404)
equal((await post(rpc(4, 'ping'), { ...session, ...bearer(TOKENS.alice) })).status, 404, "another's session")
same((await ask(tcp, '/mcp', { method: 'GET', headers: session })).headers.allow, 'POST, DELETE')
// Who is no operator is offered nothing that evolve.agent_tools does not give.
const alice = (body, more) => post(body, { ...bearer(TOKENS.alice), ...more })
same((await alice(rpc(2, 'tools/list'))).json.result.tools, [])
equal((await alice(use(3, 'harness_source', {}))).json.error.code, -32602)
// A proposal here has its session's name too; the day's rounds are the service's.
const patched = JSON.parse(text((await post(use(5, 'harness_propose', proposal('2')))).json))
equal(patched.proposer, 'mcp:desk')
equal(JSON.parse(text((await post(use(6, 'harness_propose', proposal('3')))).json)).proposer, 'mcp:desk')
match(text((await post(use(7, 'harness_propose', proposal('4')))).json), /the rounds of today are used up/)
// A batch of this session's version: what it asked for in one list, nothing behind what only tells, and none within another version.
const many = await post([use(8, 'harness_source', {}), rpc(null, 'notifications/initialized'), rpc(9, 'ping'), 7, begin('x')])
same([many.status, JSON.parse(many.text).map(it => it.id).sort()], [200, [1, 8, 9, null]])
same((({ status, text }) => [status, text])(await post([rpc(null, 'notifications/initialized'), { jsonrpc: '2.0', id: 1, result: {} }])), [202, ''])
equal((await post([7, 8])).status, 400)
equal((await post(Array.from({ length: 33 }, (_, i) => rpc(i, 'ping')))).status, 400)
const newer = (await ask(tcp, '/mcp', { body: begin('newer'), headers: bearer(TOKENS.watch) })).headers['mcp-session-id']
equal((await post([rpc(1, 'ping')], { ...bearer(TOKENS.watch), 'mcp-session-id': newer })).status, 400)
// Who has no session says which version it speaks, or is one of the old.
equal((await post([rpc(1, 'ping')], bearer(TOKENS.watch))).status, 200)
equal((await post([rpc(1, 'ping')], { ...bearer(TOKENS.watch), 'mcp-protocol-version': '2025-06-18' })).status, 400)
equal((await post([begin('x', '2025-03-26')], bearer(TOKENS.watch))).headers['mcp-session-id'], undefined)
same([(await ask(tcp, '/mcp', { method: 'DELETE', headers: session })).status, (await post(rpc(4, 'ping'))).status], [204, 404])

await service.stop()
console.log('ok: an MCP server for agents of others, and no way to a decision')
process.exit()
