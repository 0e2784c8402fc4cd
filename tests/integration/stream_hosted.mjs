#!/usr/bin/env node
// Text leaves while it is made: the provider says its next word only when the client has heard the one before, so
// that the order of events proves it. Where something breaks behind the first word, the answer ends in an error of the
// protocol and in a broken transfer, and no second answer is ever spliced on. The journal says what had left.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deepStrictEqual as same, match, ok, rejects, strictEqual as equal } from 'node:assert'
import { below, calls, content, env, makeHome, says, until, work } from './crash_home.mjs'
import { CLIENTS, opened, provider } from './stream_home.mjs'

const up = await provider()
const naive = join(process.env.MOULT_SRC, 'examples/naive-harness'), promise = '    .traits = MOULT_ONLY_LOOKS,\n'

/** The naive harness with other text in some of its plugins. */
function harness(changes) {
    const to = mkdtempSync(join(work, 'harness-'))
    cpSync(naive, to, { recursive: true })
    for (const [name, change] of Object.entries(changes)) {
        const file = join(to, `plugins/${name}/${name}.c`), text = readFileSync(file, 'utf8'), changed = change(text)
        if (changed === text) throw new Error(`${name}: nothing changed`)
        writeFileSync(file, changed)
    }
    return to
}
const refuses = text => text.replace('    state->turn = 0;', `    if (moult_text_is(turn, moult_body(turn), MOULT_HAS, moult_str("forbidden"))) {
        moult_explain(turn, "not in this house");
        return MOULT_DENY;
    }
    state->turn = 0;`)
const home = changes => makeHome(`${up.url}/v1`, { models: [
    { name: 'main', provider: 'openai', base_url: `${up.url}/v1`, model: 'm', api_key: { file: 'key' } },
    { name: 'claude', provider: 'anthropic', base_url: up.url, model: 'm', api_key: { file: 'key' } },
] }, { harness: harness(changes) })

/** A stream that a client of that protocol opens; heard(text) waits until just that was said. */
const listener = at => (name, text, { session, model = 'main', ...more } = {}) => {
    const { path, ask, ...reads } = CLIENTS[name]
    const stream = at.open(undefined, session ? { 'x-moult-session': session } : {}, { path, model, stream: true, ...ask(text), ...more })
    opened(`${name}: ${text}`, stream)
    const heard = want => until(() => {
        const said = reads.said(stream.text())
        if (!want.startsWith(said)) throw new Error(`${name}: said ${JSON.stringify(said)}, not ${JSON.stringify(want)}`)
        return said === want
    })
    const turn = async () => Number((await stream.begun).headers['x-moult-turn'])
    return { ...stream, heard, turn, ...Object.fromEntries(Object.entries(reads).map(([key, read]) => [key, () => read(stream.text())])) }
}
const it = home({ calls: refuses })
const listen = listener(it), names = Object.keys(CLIENTS)
let service = await it.serve()
const rows = id => it.json('trace', id).entries
const ending = id => until(() => rows(id).findLast(row => row.kind === 'end')?.data)
const last = id => rows(id).findLast(row => row.kind === 'effect' && row.data.effect === 'hand').data.asked.message.content
const run = (verb, ...args) => {
    const child = spawn(it.moult, ['-C', it.home, verb, ...args], { env: { ...env, TERM: 'dumb' }, stdio: ['pipe', 'pipe', 'pipe'] })
    let out = '', err = ''
    child.stdout.setEncoding('utf8').on('data', text => { out += text })
    child.stderr.setEncoding('utf8').on('data', text => { err += text })
    return { child, prints: want => until(() => out === want), out: () => out, err: () => err, ended: new Promise(done => child.once('exit', done)) }
}

// Hosted, three protocols: each word is with the client before the model says the next.
for (const name of names) {
    const client = listen(name, 'hi', { session: `said-${name}` })
    const model = await up.says('One ')
    equal(model.body.stream, true)
    await client.heard('One ')
    await model.say('zwei dr\u00e9i \u{1f600} ')
    await client.heard('One zwei dr\u00e9i \u{1f600} ')
    await model.say('four.')
    model.end()
    await client.ended
    same([client.said(), client.over(), client.failed()], ['One zwei dr\u00e9i \u{1f600} four.', true, undefined], name)
    equal(last(`said-${name}`), 'One zwei dr\u00e9i \u{1f600} four.')
}

// Two steps: the text of the first is there before its tool is carried out, a blank line between. The answer that the
// journal has, and that who asks for no stream gets, is the last reply's.
for (const name of names) {
    const client = listen(name, 'look', { session: `steps-${name}` })
    let model = await up.says('Let me ', 'look.')
    await client.heard('Let me look.')
    await model.call('c1', 'list_files', {})
    model.end()
    model = await up.says('It ')
    await client.heard('Let me look.\n\nIt ')
    await model.say('is empty.')
    model.end()
    await client.ended
    same([client.said(), client.calls(), client.over(), last(`steps-${name}`)], ['Let me look.\n\nIt is empty.', [], true, 'It is empty.'], name)
    const other = it.ask([{ role: 'user', content: 'look' }], { 'x-moult-session': `whole-${name}` })
    ;(await up.next()).whole({ ...says('Let me look.'), tool_calls: [{ id: 'c2', type: 'function', function: { name: 'list_files', arguments: '{}' } }] })
    model = await up.next()
    equal(model.body.stream, undefined)
    model.whole(says('It is empty.'))
    equal(content(await other), 'It is empty.')
}

// What a hosted answer has cost is what all its steps have, in a stream and whole, whatever the provider speaks.
for (const model of ['main', 'claude'])
    for (const name of names)
        for (const stream of [true, false]) {
            const { path, ask, cost } = CLIENTS[name]
            const client = it.open(undefined, { 'x-moult-session': 'costs' }, { path, model, stream, ...ask('look') })
            for (const [call, usage] of [[['c1', 'list_files', {}], [10, 3]], [null, [20, 4]]]) {
                const up_to = await up.next()
                if (stream) {
                    await up_to.begin()
                    if (call) await up_to.call(...call)
                    else await up_to.say('It is empty.')
                    up_to.end(usage)
                } else up_to.whole({ ...says('So.'), ...(call && calls(call)) }, usage)
            }
            same(cost(await client.ended), [30, 7], `${name} by ${model}, ${stream ? 'a stream' : 'whole'}`)
        }

// A gateway client of another protocol than the provider: text as it comes, calls at the end; the turn goes on.
for (const [name, model] of [['messages', 'main'], ['responses', 'claude'], ['chat', 'claude']]) {
    const tool = { type: 'object', properties: {} }
    const tools = { messages: [{ name: 'look', input_schema: tool }], chat: [{ type: 'function', function: { name: 'look', parameters: tool } }],
        responses: [{ type: 'function', name: 'look', parameters: tool }] }[name]
    const client = listen(name, `across ${name}`, { model, tools })
    const says = await up.says('I ')
    equal(says.body.stream, true)
    await client.heard('I ')
    await says.say('look.')
    await client.heard('I look.')
    await says.call('c1', 'look', {})
    same(client.calls(), [])
    says.end()
    await client.ended
    same([client.said(), client.calls(), client.over()], ['I look.', ['look'], true], name)
}

// What breaks behind the first word: an error in the stream, nothing asked again, nothing said behind it; the journal
// says how much had left. Before the first word the router's retry is nobody's business.
for (const name of names) {
    const client = listen(name, 'break', { session: `cut-${name}` })
    const model = await up.says('Half ')
    await client.heard('Half ')
    up.quiet(name)
    model.cut()
    await rejects(client.ended, name)
    same([client.said(), client.over()], ['Half ', false], name)
    match(client.failed(), /a part of the answer is with the client/)
    match((await ending(`cut-${name}`)).why, /5 bytes of its text had left/)
    up.quiet()
}
{
    const client = listen('chat', 'early', { session: 'early' })
    ;(await up.next()).cut()
    const model = await up.says('Second.')
    model.end()
    await client.ended
    same([client.said(), client.over()], ['Second.', true])
}

// The worker is killed behind the first word: the same text goes on elsewhere, once.
const worker = () => until(() => below(service.pid).find(one => one.line.includes('moult-worker') && one.name !== 'moult-broker'))
for (const name of names) {
    const client = listen(name, 'die', { session: `die-${name}` })
    let model = await up.says('Say ')
    await client.heard('Say ')
    const { pid } = await worker()
    process.kill(pid, 'SIGKILL')
    await model.say('it ')
    await client.heard('Say it ')
    await model.call('c1', 'list_files', {})
    model.end()
    model = await up.says('once.')
    model.end()
    await client.ended
    same([client.said(), client.over()], ['Say it \n\nonce.', true], name)
    ok((await worker()).pid !== pid, 'another worker')
}

// Who stops reading holds the provider back, over moult, and gets everything when it reads on. Who hangs up instead: a
// gateway's turn ends, and its provider hears it; a hosted one goes on, and the provider with it.
const PIECE = 'y'.repeat(64 << 10)
async function unread(session, pieces) {
    const { path, ask } = CLIENTS.messages
    const client = it.open(undefined, session ? { 'x-moult-session': session } : {}, { path, model: 'main', stream: true, reads: false, ...ask('much') })
    const model = await up.says('x'), state = { client, model, poured: 0 }
    state.pouring = (async () => {
        for (; state.poured < pieces; state.poured++)
            if (!model.pour(PIECE)) await model.drained()
        model.end()
    })()
    state.answer = await client.begun
    await until(async () => { // the service has answered others meanwhile, and taken nothing of this one
        const before = state.poured
        for (let i = 0; i < 50; i++) await it.status()
        return state.poured === before
    })
    return state
}
for (const session of ['slow', undefined]) {
    const { answer, pouring } = await unread(session, 40)
    let text = ''
    answer.setEncoding('utf8')
    for await (const piece of answer) text += piece
    await pouring
    const said = CLIENTS.messages.said(text)
    same([said.length, said.slice(0, 2), CLIENTS.messages.over(text)], [1 + 40 * PIECE.length, 'xy', true])
}
for (const session of ['left', undefined]) {
    const state = await unread(session, 480) // 30 MiB: more than sockets hold, less than a reply may have
    ok(state.poured < 480, 'all was taken from the provider')
    state.client.hangUp()
    equal(await state.model.gone, session !== undefined)
    if (session) match((await ending(session)).why, /malformed/)
}

// The broker is killed behind the first word: the transfer is broken, and the journal knows that words may have left.
{
    const client = listen('messages', 'killed')
    const model = await up.says('Gone ')
    await client.heard('Gone ')
    const session = it.json('sessions', '--live').sessions.find(one => JSON.stringify(rows(one.id)).includes('"killed"'))
    await service.end('SIGKILL')
    await rejects(client.ended)
    equal(client.over(), false)
    equal(await model.gone, false)
    service = await it.serve()
    const asked = rows(session.id).find(row => row.data.effect === 'model').data.asked
    same([asked.leaves, (await ending(session.id)).how], [true, 'failed'])
}

// `moult run` and `moult chat` print as it comes. A second request into a session in work is told to wait.
{
    const one = run('run', 'hi', '--session', 'run')
    const model = await up.says('Print ')
    await one.prints('Print ')
    const busy = await it.ask([{ role: 'user', content: 'me too' }], { 'x-moult-session': 'run' })
    same([busy.status, busy.headers['retry-after']], [409, '1'])
    await model.say('\u{1f600} this.')
    model.end()
    same([await one.ended, one.out()], [0, 'Print \u{1f600} this.\n'])
    const chat = run('chat', '--session', 'chat')
    chat.child.stdin.write('hi\n')
    const words = await up.says('A ')
    await chat.prints('A ')
    await words.say('line.')
    words.end()
    await chat.prints('A line.\n')
    chat.child.stdin.end()
    equal(await chat.ended, 0)
}

// Refused by a hook: the reason is the answer, it ends as a filter's does, and `moult run` says so.
{
    const refused = run('run', 'forbidden', '--session', 'refused')
    same([await refused.ended, refused.out()], [1, 'not in this house\n'])
    match(refused.err(), /the turn was refused/)
    const json = it.tries('run', 'forbidden', '--session', 'refused')
    equal(json.status, 1)
    match(json.said.error.message, /the turn was refused: not in this house/)
    const plain = await it.ask([{ role: 'user', content: 'forbidden' }], { 'x-moult-session': 'refused' })
    same([plain.choices[0].finish_reason, content(plain)], ['content_filter', 'not in this house'])
}
await service.end()
console.log('ok: text leaves while it is made')
process.exit()
