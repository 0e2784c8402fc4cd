// usage: mock_model.mjs MOULT SOURCE WORK
import { deepStrictEqual as same, match, ok, rejects, strictEqual as equal } from 'node:assert'
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'

const [moult, source, work] = process.argv.slice(2)
const run = promisify(execFile)
const running = new Set()
process.on('exit', () => running.forEach(child => child.kill('SIGKILL')))
setTimeout(() => { console.log('FAILED: something waits for ever'); process.exit(1) }, 90000).unref()

/** Starts a model; answers where it listens, its log so far, and how to end it. */
async function model(script, ...more) {
    const file = join(work, `${running.size}-${process.hrtime.bigint()}.json`)
    const log = `${file}.log`
    writeFileSync(file, typeof script === 'string' ? script : JSON.stringify(script))
    const child = spawn(moult, ['--json', 'mock-model', file, '--log', log, ...more],
        { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
    running.add(child)
    const ended = new Promise(done => child.on('exit', (code, signal) => done(code ?? signal)))
    const line = await Promise.race([
        new Promise(done => createInterface({ input: child.stdout }).once('line', done)),
        ended.then(code => { throw new Error(`ended with ${code}`) }),
    ])
    const { listening } = JSON.parse(line)
    const lines = () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean).map(text => JSON.parse(text))
    return {
        url: listening, port: Number(listening.split(':').at(-1)), child, file: log, log: lines,
        async logged(holds) {
            for (;;) {
                const found = lines().find(holds)
                if (found) return found
                await new Promise(done => setTimeout(done, 5))
            }
        },
        async end(signal = 'SIGTERM') {
            child.kill(signal)
            equal(await ended, 0, 'a signal ends it in order')
            running.delete(child)
        },
    }
}

/** Everything that a socket says until it ends. */
function raw(port, text) {
    return new Promise(done => {
        const pieces = []
        const socket = connect(port, '127.0.0.1', () => socket.write(text))
        socket.on('data', piece => pieces.push(piece))
        socket.on('error', () => {})
        socket.on('close', () => done({ text: Buffer.concat(pieces).toString(), pieces: pieces.length }))
    })
}
const post = (path, body, head = 'Connection: close\r\n') =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\n${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const chat = (user, more = {}) => JSON.stringify({ model: 'm', messages: [{ role: 'user', content: user }], ...more })
const streamed = user => chat(user, { stream: true })
const CHAT = '/v1/chat/completions'

const curl = async (...args) => (await run('curl', ['-sS', '--max-time', '20', ...args])).stdout
const events = text => text.split('\n\n').filter(Boolean)
    .map(event => event.split('\n').find(line => line.startsWith('data: '))?.slice(6))
    .filter(data => data !== undefined)

// --- each protocol, as curl and fetch see it
{
    const call = { name: 'get_order', arguments: { order_id: '#W1' } }
    const it = await model(`// comments are allowed
        { "keys": ["sk-test"], "models": ["one", "two"],
          "rules": [{ "when": { "last_role": "tool" }, "say": "It is on its way." },
                    { "say": "Let me look.", "call": ${JSON.stringify(call)} }] }`)
    const auth = ['-H', 'Authorization: Bearer sk-test']
    const ask = async (path, body) => JSON.parse(await curl(...auth, it.url + path, '--json', JSON.stringify(body)))
    const stream = async (path, body) => {
        const answer = await fetch(it.url + path, { method: 'POST',
            headers: { 'x-api-key': 'sk-test', 'content-type': 'application/json' },
            body: JSON.stringify({ ...body, stream: true }) })
        equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
        return answer.text()
    }
    const user = { role: 'user', content: 'Where is my order?' }

    const whole = await ask(CHAT, { model: 'one', messages: [user] })
    equal(whole.choices[0].message.content, 'Let me look.')
    equal(whole.choices[0].finish_reason, 'tool_calls')
    const [made] = whole.choices[0].message.tool_calls
    same([made.function.name, JSON.parse(made.function.arguments)], [call.name, call.arguments])
    const after = await ask(CHAT, { model: 'one', messages:
        [user, whole.choices[0].message, { role: 'tool', tool_call_id: made.id, content: 'shipped' }] })
    equal(after.choices[0].message.content, 'It is on its way.')

    const chunks = events(await stream(CHAT, { model: 'one', messages: [user], stream_options: { include_usage: true } }))
    equal(chunks.pop(), '[DONE]')
    const read = chunks.map(chunk => JSON.parse(chunk))
    const deltas = read.flatMap(chunk => chunk.choices.map(({ delta }) => delta))
    equal(deltas.map(({ content }) => content ?? '').join(''), 'Let me look.')
    equal(deltas.map(({ tool_calls }) => tool_calls?.[0].function.arguments ?? '').join(''), JSON.stringify(call.arguments))
    equal(read.at(-1).usage.total_tokens, read.at(-1).usage.prompt_tokens + read.at(-1).usage.completion_tokens)

    const anthropic = await ask('/v1/messages?beta=true', { model: 'one', max_tokens: 9, messages: [user] })
    same(anthropic.content.map(({ type }) => type), ['text', 'tool_use'])
    same(anthropic.content[1].input, call.arguments)
    equal(anthropic.stop_reason, 'tool_use')
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: anthropic.content[1].id, content: 'x' }] }
    const said = await stream('/v1/messages', { model: 'one', max_tokens: 9, messages:
        [user, { role: 'assistant', content: anthropic.content }, result] })
    same(events(said).map(data => JSON.parse(data).type).filter(type => type !== 'content_block_delta'),
        ['message_start', 'content_block_start', 'ping', 'content_block_stop', 'message_delta', 'message_stop'])
    match(said, /^event: message_start\ndata: /)
    ok((await ask('/v1/messages/count_tokens', { model: 'one', messages: [user] })).input_tokens > 0)

    const response = await ask('/v1/responses', { model: 'one', input: 'Where?' })
    same(response.output.map(({ type }) => type), ['message', 'function_call'])
    const numbered = events(await stream('/v1/responses', { model: 'one', input: [{ role: 'user', content: 'Where?' }] }))
        .map(data => JSON.parse(data))
    same(numbered.map(event => event.sequence_number), numbered.map((_, i) => i))
    same(numbered.at(-1).response.output, response.output.map((item, i) => ({ ...item, ...numbered.at(-1).response.output[i] })))
    equal(numbered.at(-1).type, 'response.completed')

    same(JSON.parse(await curl(...auth, `${it.url}/v1/models`)).data.map(({ id }) => id), ['one', 'two'])
    equal(JSON.parse(await curl(...auth, '-H', 'anthropic-version: 2023-06-01', `${it.url}/v1/models`)).first_id, 'one')
    match(await curl('-i', it.url + CHAT, '--json', chat('a')), /^HTTP\/1\.1 401 .*invalid_api_key/s)
    match(await curl('-i', `${it.url}/v1/messages`, '--json', chat('a')), /^HTTP\/1\.1 401 .*authentication_error/s)

    // The log tells what came, and which kind of credential, but not its value.
    const [first, , last] = [it.log()[0], it.log().at(-2), it.log().at(-1)]
    same(first.credentials, ['bearer'])
    same(first.headers.find(([name]) => name === 'authorization'), ['authorization', '(hidden)'])
    equal(JSON.parse(first.body).messages[0].content, user.content)
    same([last.status, last.rule, last.end], [401, 0, 'whole'])
    ok(!readFileSync(it.file, 'utf8').includes('sk-test'), 'no key in the log')
    await it.end()
}

// --- one recording, in every protocol, streamed or not; what no recording continues is told
{
    const data = join(source, 'tests/data/traces/tau_retail_gpt4o_l0.jsonl.gz')
    const it = await model({ rules: [{ recorded: data }] })
    const [line] = gunzipSync(readFileSync(data)).toString().split('\n')
    const { traj } = JSON.parse(line)
    let replies = 0
    for (const [i, reply] of traj.entries()) {
        if (reply.role !== 'assistant') continue
        const answer = await fetch(it.url + CHAT,
            { method: 'POST', body: JSON.stringify({ model: 'm', messages: traj.slice(0, i) }) })
        const { message } = (await answer.json()).choices[0]
        equal(message.content ?? '', reply.content ?? '')
        same((message.tool_calls ?? []).map(call => [call.id, call.function]),
            (reply.tool_calls ?? []).map(call => [call.id, { name: call.function.name, arguments: call.function.arguments }]))
        replies++
    }
    ok(replies > 5, `${replies} replies`)
    const [system, user] = traj
    const texts = { chat: [system, user], messages: [user] }
    const first = traj.find(({ role }) => role === 'assistant')
    const streams = {
        [CHAT]: { messages: texts.chat }, '/v1/messages': { messages: texts.messages, system: 'another' },
        '/v1/responses': { input: [{ role: 'user', content: [{ type: 'input_text', text: user.content }] }] },
    }
    for (const [path, body] of Object.entries(streams)) {
        const answer = await fetch(it.url + path,
            { method: 'POST', body: JSON.stringify({ model: 'm', stream: true, ...body }) })
        const deltas = events(await answer.text()).filter(data => data !== '[DONE]').map(data => JSON.parse(data))
            .map(event => event.choices?.[0]?.delta?.content ?? event.delta?.text ?? (typeof event.delta === 'string' ? event.delta : ''))
        equal(deltas.join(''), first.content, path)
    }
    const near = await fetch(it.url + CHAT,
        { method: 'POST', body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `${user.content}.` }] }) })
    equal(near.status, 404)
    match((await near.json()).error.message, /no recorded conversation goes on from here/)
    await it.end('SIGINT')
}

// --- each fault, as a raw socket sees it
{
    const faults = {
        close: { close: true }, half: { half: true }, bytes: { cut_bytes: 10 }, events: { cut_events: 2 },
        error: { error_after: 2 }, json: { bad_json: true }, end: { no_end: true }, twice: { duplicate_start: true },
        comments: { comments: true }, crlf: { crlf: true }, hints: { early_hints: true }, slow: { byte_ms: 1 },
        pad: { pad: 170000 }, blanks: { blanks: 3 }, untold: { framing: 'close' }, pieces: { framing: 'chunked' },
        counted: { framing: 'length' }, gzip: { gzip: true }, silent: { silent: true },
    }
    const it = await model({ rules: [
        ...Object.entries(faults).map(([user, fault]) => ({ when: { user }, say: 'abcdefghij', fault })),
        { when: { user: 'html' }, status: 502, headers: { 'Content-Type': 'text/html' }, body: '<html>\n' },
        { when: { user: 'empty' }, status: 500, body: '' },
        { when: { user: 'late' }, status: 429, headers: { 'retry-after': '7' } },
        { when: { user: 'delayed' }, delay_ms: 60, say: 'a' },
        { when: { user: 'paused' }, pause_ms: 20, say: ['a', 'b', 'c'] },
        { when: { user: 'big' }, fill: 100000000 },
        { when: { user: 'nothing' }, status: 204, body: '' },
        { when: { user: 'plain' }, say: 'ok' },
    ] })
    const whole = await raw(it.port, post(CHAT, chat('plain')))
    const body = text => text.slice(text.indexOf('\r\n\r\n') + 4)
    const length = Number(/content-length: (\d+)/.exec(whole.text)[1])
    equal(body(whole.text).length, length)

    equal((await raw(it.port, post(CHAT, chat('close')))).text, '', 'closed before the head')
    const half = (await raw(it.port, post(CHAT, chat('half')))).text
    ok(body(half).length < Number(/content-length: (\d+)/.exec(half)[1]) && body(half).length > 100, 'half of it')
    const cut = (await raw(it.port, post(CHAT, streamed('half')))).text
    ok(!cut.endsWith('0\r\n\r\n'), 'a cut stream has no last chunk')
    equal(body((await raw(it.port, post(CHAT, chat('bytes')))).text).length, 10)
    const inside = (await raw(it.port, post(CHAT, streamed('events')))).text
    equal(inside.match(/data: /g).length, 3)
    ok(!inside.includes('[DONE]') && !/\n\n\r\n$/.test(inside), 'cut in the third event')
    await rejects(curl('-o', '/dev/null', it.url + CHAT, '--json', chat('half')), /\(18\)|transfer closed/, 'curl sees it too')
    await rejects(curl(it.url + CHAT, '--json', chat('close')), /\(52\)|Empty reply/)

    const error = (await raw(it.port, post('/v1/messages', streamed('error')))).text
    match(error, /event: error\ndata: .*overloaded_error.*\n\n\r\n0\r\n\r\n$/)
    ok(!error.includes('message_stop'))
    const bad = body((await raw(it.port, post(CHAT, chat('json')))).text)
    try { JSON.parse(bad); ok(false, 'this is JSON') } catch (cause) { equal(cause.name, 'SyntaxError') }
    const open = (await raw(it.port, post(CHAT, streamed('end')))).text
    ok(open.endsWith('0\r\n\r\n') && !open.includes('[DONE]'), 'a whole stream without its end')
    equal((await raw(it.port, post('/v1/messages', streamed('twice')))).text.match(/event: message_start/g).length, 2)
    match((await raw(it.port, post(CHAT, streamed('comments')))).text, /: keep-alive\n\ndata: /)
    const crlf = body((await raw(it.port, post('/v1/messages', streamed('crlf')))).text)
    equal(crlf.replaceAll('\r\n', '').includes('\n'), false, 'each line ends with CR LF')
    match((await raw(it.port, post(CHAT, chat('hints')))).text, /^HTTP\/1\.1 103 .*\r\n\r\nHTTP\/1\.1 200 /s)
    const slow = await raw(it.port, post(CHAT, chat('slow')))
    ok(slow.pieces > 100, `${slow.pieces} pieces of one byte`)
    equal(JSON.parse(body(slow.text)).choices[0].message.content, 'abcdefghij')
    const padded = await (await fetch(it.url + CHAT, { method: 'POST', body: streamed('pad') })).text()
    ok(padded.split('\n').every(line => line.length > 170000 || !line.startsWith('data: {')), 'lines of 170 KB')
    events(padded).filter(data => data !== '[DONE]').forEach(data => JSON.parse(data))
    match(body((await raw(it.port, post(CHAT, chat('blanks')))).text), /^\n\n\n\{/)
    const untold = (await raw(it.port, post(CHAT, chat('untold'), ''))).text
    ok(!/content-length|transfer-encoding/.test(untold) && /connection: close/.test(untold))
    match((await raw(it.port, post(CHAT, chat('pieces')))).text, /transfer-encoding: chunked\r\n/)
    match((await raw(it.port, post(CHAT, streamed('counted')))).text, /content-length: \d+\r\n.*\[DONE\]\n\n$/s)
    match((await raw(it.port, post(CHAT, streamed('gzip')))).text, /content-encoding: gzip\r\n/)
    match(await curl('--compressed', it.url + CHAT, '--json', streamed('gzip')), /data: \[DONE\]\n\n$/)
    match((await raw(it.port, post(CHAT, chat('html')))).text, /^HTTP\/1\.1 502 .*Content-Type: text\/html\r\n.*<html>\n$/s)
    match((await raw(it.port, post(CHAT, chat('empty')))).text, /^HTTP\/1\.1 500 .*content-length: 0\r\n.*\r\n\r\n$/s)
    match((await raw(it.port, post(CHAT, chat('late')))).text, /^HTTP\/1\.1 429 .*retry-after: 7\r\n/s)
    ok(!/content-length|application\/json\r\n\r\n./.test((await raw(it.port, post(CHAT, chat('nothing')))).text))

    const timed = async text => {
        const from = performance.now()
        await raw(it.port, text)
        return performance.now() - from
    }
    ok(await timed(post(CHAT, chat('delayed'))) >= 55, 'the first byte is late')
    ok(await timed(post(CHAT, streamed('paused'))) >= 90, 'events keep their distance')

    // Silence lasts until the client goes, and is noticed then; others are served meanwhile.
    const said = []
    const socket = connect(it.port, '127.0.0.1', () => socket.write(post(CHAT, chat('silent'), '')))
    socket.on('data', piece => said.push(piece))
    const { request } = await it.logged(line => line.body === chat('silent'))
    equal((await raw(it.port, post(CHAT, chat('plain')))).text, whole.text.replaceAll('_1\r', `_${request + 1}\r`)
        .replace('mock-1"', `mock-${request + 1}"`).replace(/content-length: \d+/, `content-length: ${length + String(request + 1).length - 1}`))
    same(said, [])
    socket.destroy()
    same(await it.logged(line => line.answered === request),
        { answered: request, rule: 19, status: 200, sent: 0, end: 'gone' })

    // A client that stops reading holds the model back; nothing piles up in it.
    const fast = await fetch(it.url + CHAT, { method: 'POST', body: streamed('big') })
    let size = 0
    for await (const piece of fast.body) size += piece.length
    ok(size > 100000000)
    const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${it.child.pid}/status`, 'utf8'))[1])
    const sanitized = readFileSync(moult).includes('__asan_init') // keeps what was freed
    ok(sanitized || peak < 60000, `${peak} KiB resident`)

    // What is no HTTP is refused, and the connection with it.
    const refused = async (text, status) =>
        match((await raw(it.port, text)).text, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 40))
    await refused('hello\r\n\r\n', 400)
    await refused('GET / HTTP/2.0\r\n\r\n', 400)
    await refused('POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 400)
    await refused('POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n', 413)
    await refused('POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n', 400)
    await refused('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', 400)
    await refused('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n', 413)
    await refused('POST / HTTP/1.1\r\n: a\r\n\r\n', 400)
    await refused(`GET / HTTP/1.1\r\na: ${'b'.repeat(70000)}\r\n\r\n`, 413)
    await refused('GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n', 404)

    // Bodies come in chunks, behind a question, and on one connection one behind the other.
    const size16 = chat('plain').length.toString(16)
    match((await raw(it.port, `POST ${CHAT} HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n` +
        `${size16};x=y\r\n${chat('plain')}\r\n0\r\ntrailer: x\r\n\r\n`)).text, /"content":"ok"/)
    match(await curl('-i', '-H', 'Expect: 100-continue', it.url + CHAT, '--json', chat('plain')), /^HTTP\/1\.1 100 Continue/)
    const both = (await raw(it.port, post(CHAT, chat('plain'), '') + post(CHAT, streamed('plain')))).text
    equal(both.match(/HTTP\/1\.1 200 OK/g).length, 2)
    ok((await raw(it.port, `POST ${CHAT} HTTP/1.0\r\nContent-Length: ${streamed('plain').length}\r\n\r\n${streamed('plain')}`))
        .text.endsWith('data: [DONE]\n\n'), 'HTTP/1.0 is answered to the end of the connection')
    await it.end()
}

// --- where it listens
{
    const path = join(work, 'mock.sock')
    const it = await model({ rules: [{ say: 'ok' }] }, '--listen', `unix:${path}`)
    equal(it.url, `unix:${path}`)
    equal(statSync(path).mode & 0o777, 0o600)
    match(await curl('--unix-socket', path, `http://moult${CHAT}`, '--json', chat('a')), /"content":"ok"/)
    await it.end()
    ok(!existsSync(path), 'its socket is gone')

    // For who starts one of its own: told by descriptor, gone with the parent.
    const file = join(work, 'own.json')
    writeFileSync(file, '{"rules":[]}')
    const shell = spawn('bash', ['-c', `"${moult}" --json mock-model "${file}" --listen "unix:${path}" ` +
        '--ready-fd 3 --with-parent >/dev/null & echo $!; read -r', 'bash'],
    { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] })
    running.add(shell)
    const [own, ready] = await Promise.all([shell.stdout, shell.stdio[3]].map(input =>
        new Promise(done => createInterface({ input }).once('line', done))))
    same(JSON.parse(ready), { listening: `unix:${path}` })
    const alive = () => existsSync(`/proc/${own}`) && !/State:\s+Z/.test(readFileSync(`/proc/${own}/status`, 'utf8'))
    ok(alive())
    shell.kill('SIGKILL')
    while (alive()) await new Promise(done => setTimeout(done, 5))
    ok(!existsSync(path), 'it ended in order')

    const refused = async (args, code, says) => {
        const { code: got, stderr } = await run(moult, ['mock-model', ...args], { timeout: 20000 }).catch(cause => cause)
        equal(got, code, `${args}: ${stderr}`)
        match(stderr, says)
    }
    const script = join(work, 'script.json'), plain = join(work, 'plain')
    writeFileSync(script, '{"rules":[]}')
    writeFileSync(plain, 'a file')
    await refused([script, '--listen', '0.0.0.0:0'], 2, /loopback only/)
    await refused([script, '--listen', 'nowhere'], 2, /no address/)
    await refused([script, '--listen', `unix:${'a'.repeat(120)}`], 2, /107 bytes/)
    await refused([script, '--listen', `unix:${plain}`], 1, /address already in use/)
    equal(readFileSync(plain, 'utf8'), 'a file', 'only a socket is taken away')
    await refused([script, '--log', work], 1, /open the log/)
    await refused([], 2, /wants a script/)
    await refused([join(work, 'none.json')], 1, /none\.json/)
    writeFileSync(script, '{"rules":[\n{"say":"a","fault":{"slow":1}}]}')
    await refused([script], 1, /unknown key "slow".*script\.json:2: \$\.rules\[0\]\.fault\.slow/s)
}

// --- the examples are scripts, and the page shows one of them
{
    const folder = join(source, 'examples/scripts')
    for (const name of readdirSync(folder))
        await (await model(readFileSync(join(folder, name), 'utf8'))).end()
    const shown = /```json\n(.*?)```/s.exec(readFileSync(join(source, 'docs/reference/script.md'), 'utf8'))[1]
    equal(shown, readFileSync(join(folder, 'refund.json'), 'utf8'))
    const it = await model(readFileSync(join(folder, 'outage.json'), 'utf8'))
    const ask = async model => (await fetch(it.url + CHAT, { method: 'POST',
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }) })).status
    const got = []
    for (const name of ['primary', 'backup', 'primary', 'primary', 'primary']) got.push(await ask(name))
    same(got, [429, 200, 429, 529, 200])
    await it.end()
}

// --- the schema, the page and the tables of the program name the same keys
{
    const text = readFileSync(join(source, 'runtime/mock/script.c'), 'utf8')
    const page = readFileSync(join(source, 'docs/reference/script.md'), 'utf8')
    const schema = JSON.parse(readFileSync(join(source, 'docs/schemas/script.schema.json'), 'utf8'))
    for (const [table, node] of Object.entries({ script: schema, ...schema.$defs })) {
        if (!node.properties) continue
        const rows = new RegExp(`${table}_keys\\[\\] = \\{(.*?)\\n\\};`, 's').exec(text)[1]
        const keys = [...rows.matchAll(/\{ "(\w+)",/g)].map(([, key]) => key).sort()
        same(Object.keys(node.properties).sort(), keys, table)
        keys.forEach(key => ok(page.includes(`\`${key}\``), `the page has no ${key}`))
    }
}
console.log('ok')
