#!/usr/bin/env node
// A service that may go live by itself, and when it does. A hosted agent's model writes a tool call into its text
// instead of making it; with autonomy `auto` the repair is found and gated, and then waits: without a mandate, with one
// for another plugin, for groups that nobody has seen, while all is frozen, after a revocation, under another policy. With
// all of that it goes live behind 29 clean turns of a service, nobody asked, and the next turn is mended; the next repair
// finds the mandate used up. A person takes it back, and the mandate is over for that plugin. A look at groups that are
// not mended is the only one. What somebody else wrote into the journal does not run.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { clock, DAY } from './clock.mjs'
import { cli, env, home, init, json, model, serve, socket, work } from './service_home.mjs'

const bare = '{"name": "list_files", "parameters": {"path": "."}}' // another word, so that no repair of the others mends it
const leak = '<tool_call>\n{"name": "list_files", "arguments": {"path": "."}}\n</tool_call>'
const tagged = ['which files are there?', leak], other = ['which files are here?', leak.replace('arguments', 'parameters')]
const day = clock(env, work)
day.is(DAY / 2) // rounds are counted by the day
const { url } = await model([
    { when: { user_contains: 'bare', last_role: 'user' }, say: bare },
    ...[tagged, other].map(([user, say]) => ({ when: { user, last_role: 'user' }, say })),
    { when: { last_role: 'tool' }, say: 'There is nothing.' },
    { say: 'Fine.' },
])
const evolve = { autonomy: 'auto', settle_seconds: 1, budget: { rounds: 30, seconds: 60 } }
const config = more => ({ tools: { '*': 'allow' }, evolve, canary: { share: 100, turns: 4, seconds: 2 }, ...more })
init(url, config(), '--split-key', '07'.repeat(32))
const configured = JSON.parse(readFileSync(join(home, 'moult.json')))
const configure = more => writeFileSync(join(home, 'moult.json'), JSON.stringify({ ...configured, ...more }))
if ((await json('doctor')).checks.some(it => /^sandbox/.test(it.name) && it.status === 'fail')) {
    console.log('SKIPPED: THIS MACHINE LACKS A LAYER OF THE SANDBOX, SO NOTHING CAN GO LIVE BY ITSELF')
    process.exit(77)
}
let service = await serve()

let sessions = 0
/** A turn: of a session of its own, or of a client's own agent, who brings its history and tools. */
const post = (group, question, headers) => new Promise((done, failed) => {
    const body = JSON.stringify({ model: 'main', ...question })
    Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-moult-group': group })
    request({ socketPath: socket, path: '/v1/chat/completions', method: 'POST', headers }, async answer => {
        let text = ''
        for await (const piece of answer) text += piece
        done(JSON.parse(text).choices?.[0].message.content ?? text)
    }).on('error', failed).end(body)
})
const ask = (content, group) => post(group, { messages: [{ role: 'user', content }] }, { 'x-moult-session': `s${sessions++}` })
const list_files = { type: 'function', function: { name: 'list_files', parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] } } }
const through = (content, group) => post(group, { messages: [{ role: 'user', content }], tools: [list_files] }, {})
async function again() {
    await service.stop()
    service = await serve()
}
/** Customers whose agent fails, and visitors to whom nothing happens. Each is a group. The tool boxes of earlier ones
 * are gone then: they are some descriptors each. */
async function traffic(name, customers, visitors, fails = tagged) {
    await again()
    const [question, answer] = fails
    for (let i = 0; i < customers; i++) equal(await ask(question, `customer ${name} ${i}`), answer)
    for (let i = 0; i < visitors; i++) equal(await ask('hello', `visitor ${name} ${i}`), 'Fine.')
}
const evolving = async () => (await json('status')).evolving
/** Until the status says what is waited for. */
async function until(what, test) {
    for (const end = Date.now() + 240_000; ;) {
        const now = await json('status')
        const found = test(now)
        if (found) return found
        if (Date.now() > end || service.child.exitCode !== null) throw new Error(`${what}: ${JSON.stringify(now.evolving)}`)
        await pause(150)
    }
}
const reason = (wanted, whose) => until(`waits with ${wanted}`, it => it.evolving.state === 'rests' &&
    it.evolving.waiting?.find(one => one.reason === wanted && one.candidate !== whose))
/** A change of the plugin by hand, which the gate passes: the candidate. */
const source = commit => execFileSync('git', ['-C', join(home, 'harness'), 'show', `${commit}:plugins/replies/replies.c`]).toString()
async function proposed(cluster, after) {
    for (const [name, text] of [['a', source('active')], ['b', after]]) {
        mkdirSync(join(work, name, 'plugins/replies'), { recursive: true })
        writeFileSync(join(work, name, 'plugins/replies/replies.c'), text)
    }
    writeFileSync(join(work, 'patch'), spawnSync('git', ['diff', '--no-index', '--no-prefix', 'a', 'b'], { cwd: work }).stdout)
    const made = await json('propose', '--plugin', 'replies', '--patch', join(work, 'patch'), '--why', 'a call in the text is a call', '--cluster', cluster)
    equal(made.state, 'in_review', JSON.stringify(made))
    return made.id
}
const give = (...args) => cli(['--json', 'mandate', 'give', ...args])
async function given(...args) {
    const answer = await give(...args)
    equal(answer.status, 0, answer.stdout + answer.stderr)
    return JSON.parse(answer.stdout).mandates.at(-1)
}
const revoke = async it => equal((await cli(['mandate', 'revoke', it.id.slice(0, 12), '--why', 'enough'])).status, 0)

// What a client's own agent brings is a claim. Its failure is found, the repair passes the gate: and no mandate does.
for (let i = 0; i < 16; i++) equal(await through('bare', `client ${i}`), bare)
for (let i = 0; i < 40; i++) equal(await through('hello', `guest ${i}`), 'Fine.')
const claim = (await reason('no_mandate')).candidate
await given('--plugin', 'history') // for another plugin
await reason('scope')
const early = await given('--plugin', 'replies')
await reason('claims')
await revoke(early)
const waiting = async () => (await json('candidates')).candidates.filter(it => it.state === 'in_review').map(it => it.id)
same(await waiting(), [claim])

// The same of a hosted agent is what happened here: and waits, since the mandate is over.
await traffic('first', 16, 40)
let waits = await reason('revoked', claim)
equal(waits.plugin, 'replies')
const candidate = (await json('candidates', '--id', waits.candidate)).candidates[0]
same(await waiting(), [claim, candidate.id])
match((await cli(['status'])).stdout, /waits +[0-9a-f]{12} of replies: the mandate was revoked/)

// What no mandate can give, and what is none.
for (const [plugin, why] of [['router', /routing/], ['order', /order of hooks/], ['calls', /policy/], ['answers', /safety/], ['nobody', /no plugin nobody/]]) {
    const refused = await give('--plugin', 'replies', '--plugin', plugin)
    same([refused.status, why.test(JSON.parse(refused.stdout).error.message)], [1, true], refused.stdout)
}
equal((await give('--plugin', 'replies', '--days', '91')).status, 2)
equal((await give('--plugin', 'replies', '--admissions', '21')).status, 2)
equal((await give()).status, 2)
equal((await give('--plugin', 'replies', '--key', join(home, 'keys/moult.key'))).status, 1) // no reviewer's
equal((await json('mandate', 'list')).mandates.length, 2)

// One that a person ends again; one for a gate with other rules.
const ended = await given('--plugin', 'replies', '--days', '3')
same([ended.state, ended.by.length > 0, ended.plugins, ended.used, ended.admissions, ended.unattended], ['in force', true, ['replies'], 0, 1, true])
waits = await reason('fresh_groups', claim)
match(waits.says, /0 of 42; of this failure 0 of 7/)
await revoke(ended)
await reason('revoked', claim)
const mandate = await given('--plugin', 'replies')
await reason('fresh_groups', claim)
equal((await cli(['freeze', '--why', 'a holiday'])).status, 0)
await ask('hello', 'visitor f')
await reason('frozen', claim)
match((await cli(['status'])).stdout, /waits +[0-9a-f]{12} of replies: promotions are frozen: moult thaw/)
equal((await cli(['thaw', '--why', 'it is over'])).status, 0)
await ask('hello', 'visitor t')
await reason('fresh_groups', claim)
const policy = JSON.parse(execFileSync('sqlite3', ['-readonly', join(home, 'journal.db'), "SELECT body FROM document WHERE kind = 'policy'"]).toString())
writeFileSync(join(home, 'policy.json'), JSON.stringify({ ...policy, patch_lines_max: 500 }))
configure({ evolve: { ...evolve, policy: 'policy.json' } })
await ask('hello', 'visitor p')
await reason('policy', claim)
equal((await json('mandate')).mandates.find(it => it.id === mandate.id).state, 'policy changed')
const mandates = async () => (await json('doctor')).checks.find(it => it.name === 'home.mandates')
same([(await mandates()).status, /policy changed/.test((await mandates()).detail)], ['warn', true])
configure({})
await ask('hello', 'visitor q')
await reason('fresh_groups', claim)

same([(await mandates()).status, /2 in force/.test((await mandates()).detail)], ['ok', true])

// Fresh groups, three in ten of them held out since there are a hundred; while they come nothing is admitted.
const generation = async () => (await json('status')).generation
equal(await generation(), 0)
await traffic('fresh', 15, 45)
equal(await generation(), 0)
await traffic('more', 15, 50)
equal(await generation(), 0)
await traffic('further', 15, 50)
await until('is a canary', it => it.canary?.candidate === candidate.id)
equal(await generation(), 0)
// Where no service runs it has no live turns, and they are what it waits for.
await service.stop()
const used = await json('mandate', 'use')
same([used.admitted, used.waiting.filter(one => one.candidate === candidate.id).map(one => one.reason)], [null, ['live_turns']], JSON.stringify(used))
service = await serve()
await ask('hello', 'visitor s')
await until('is a canary again', it => it.canary?.candidate === candidate.id)
// It goes live behind clean turns, and no time stands in for them.
await pause(2500) // longer than canary.seconds
equal(await generation(), 0)
for (let turns = 0; await generation() === 0; turns++) {
    await ask('hello', `canary ${turns}`)
    ok(turns < 500, JSON.stringify(await json('status')))
}
await until('rests', it => it.evolving.state === 'rests')
equal(await ask('which files are there?', 'customer last'), 'There is nothing.')

// Everybody can see who let it, and that nobody was asked.
const shown = await json('show', candidate.id.slice(0, 12))
same([shown.state, shown.approval, shown.mandate], ['active', null, mandate.id])
const [entry] = (await json('log')).entries.filter(it => it.generation === 1)
same([entry.kind, entry.candidate, entry.by, entry.mandate], ['promotion', candidate.id, mandate.by, mandate.id])
const trailers = execFileSync('git', ['-C', join(home, 'harness'), 'log', '-1', '--format=%B', 'refs/heads/active']).toString()
match(trailers, new RegExp(`^Mandate: (sha256:)?${mandate.id}`, 'm'))
equal((await json('mandate')).mandates.find(it => it.id === mandate.id).used, 1)
equal((await json('audit', 'verify')).ok, true)
match(execFileSync('node', [join(process.env.MOULT_SRC, 'docs/reference/verify.mjs'), home]).toString(), /^ok .* 2 admissions/)
const audited = (await cli(['audit', 'show'])).stdout
ok(/mandate/.test(audited) && /mandate-end/.test(audited), audited)

// One change was covered. The next repair of that plugin passes the gate, by groups that no look has counted, and waits.
await traffic('late', 24, 36, ['bare', bare])
const hook = 'static moult_action look_at_reply(moult_turn *turn)\n{\n', mended = source('active')
const next = await proposed('leak_bare', mended.replace(hook, `static void add_bare(moult_turn *turn)
{
    const moult_json *value = moult_parse(turn, moult_body(turn), MOULT_STRICT);
    const moult_json *arguments = moult_get(turn, value, moult_str("parameters"));
    moult_text name = moult_text_of(turn, moult_get(turn, value, moult_str("name")));
    if (!moult_fits(turn, moult_schema_of(turn, name, moult_str("")), arguments))
        return;
    moult_call_add(turn, name, arguments);
    moult_body_set(turn, moult_str(""));
}

${hook}    add_bare(turn);
`))
await ask('hello', 'visitor u')
equal((await reason('used_up', claim)).candidate, next)

// A person takes it back: the mandate is over for that plugin until it is given anew.
equal((await cli(['rollback'])).status, 0)
equal(await ask('which files are there?', 'customer after'), leak)
await traffic('again', 16, 20)
equal((await reason('taken_back', claim)).plugin, 'replies')
await given('--plugin', 'replies')
await until('it is given anew', it => it.evolving.state === 'rests' && it.evolving.waiting?.length > 0 &&
    it.evolving.waiting.every(one => ['fresh_groups', 'claims'].includes(one.reason)))

// One look at fresh groups: what was active is proposed again, these fail in another way, and nobody looks for a better
// one today. It has no second look.
configure({ evolve: { ...evolve, budget: { ...evolve.budget, rounds: (await evolving()).rounds_today } } })
await again()
const second = await proposed('leak_tagged', mended)
await traffic('others', 15, 45, other)
await traffic('many', 15, 50, other)
await traffic('crowd', 15, 50, other)
await traffic('throng', 15, 50, other)
match((await reason('looked', claim)).says, /its one look at fresh groups did not pass/)
await traffic('as before', 15, 45)
await until('and no other', it => it.evolving.state === 'rests' && it.evolving.waiting?.find(one => one.candidate === second)?.reason === 'looked')
equal(await generation(), 2)
await service.stop()

// The same home serves again, its admission holds.
service = await serve()
equal(await generation(), 2)
await service.stop()

// What somebody else wrote is not believed: a mandate signed by who is no reviewer, one that has expired, and an
// admission whose mandate is another one.
const db = sql => execFileSync('sqlite3', [join(home, 'journal.db'), sql]).toString()
const hex = text => createHash('sha256').update(text).digest('hex')
const seed = file => Buffer.from(readFileSync(file, 'utf8').trim().split(/\s+/).at(-1), 'base64')
function envelope(file, change) {
    const of = JSON.parse(db(`SELECT body FROM document WHERE kind = 'mandate' AND digest = X'${mandate.id}'`))
    const statement = JSON.parse(Buffer.from(of.payload, 'base64'))
    Object.assign(statement.predicate, change)
    const payload = Buffer.from(JSON.stringify(statement))
    const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed(file)]), format: 'der', type: 'pkcs8' })
    const own = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
    const sig = sign(null, Buffer.concat([Buffer.from(`DSSEv1 ${of.payloadType.length} ${of.payloadType} ${payload.length} `), payload]), key)
    return JSON.stringify({ payload: payload.toString('base64'), payloadType: of.payloadType, signatures: [{ keyid: hex(own), sig: sig.toString('base64') }] })
}
const plant = text => db(`INSERT INTO document VALUES(X'${hex(text)}', 'mandate', '${text}', ${day.wall()})`)
const reviewer = join(work, 'config/moult/reviewer.key'), now = day.wall()
const old = envelope(reviewer, { from_ms: now - 86_400_000, expires_ms: now - 1000 })
const forged = envelope(join(home, 'keys/moult.key'), { admissions: 20 })
plant(old)
plant(forged)
equal((await json('audit', 'verify')).ok, false) // no record speaks of them
const states = Object.fromEntries((await json('mandate')).mandates.map(it => [it.id, it.state]))
same([states[hex(old)], states[hex(forged)]], ['expired', 'forged'])

db(`DROP TRIGGER admission_update; UPDATE admission SET body = replace(body, '${mandate.id}', '${hex(forged)}') WHERE number = 1`)
const body = db('SELECT body FROM admission WHERE number = 1').slice(0, -1)
ok(body.includes(hex(forged)))
db(`UPDATE admission SET digest = X'${hex(body)}' WHERE number = 1`)
const refused = await cli(['serve'])
same([refused.status, /admission 1 may not run: .*no reviewer of this home/.test(refused.stderr)], [1, true], refused.stderr)
console.log('ok: what a mandate covers goes live, and nothing else')
process.exit()
