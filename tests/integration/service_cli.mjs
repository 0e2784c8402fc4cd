#!/usr/bin/env node
// The commands that speak with the running service: status, run, chat, permissions; without one, with one, with a
// model that fails, with nobody there to say yes, and with ^C.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { cli, env, home, init, json, model, moult, serve, socket } from './service_home.mjs'

const { url, asked } = await model([
    { when: { user: 'which' }, say: 'main answers.' },
    { when: { user: 'fail' }, status: 400, error: { message: 'no such thing here' } },
    { when: { user: 'wait' }, fault: { silent: true } },
    { when: { last_role: 'user', user_contains: 'shell' }, call: { name: 'shell', arguments: { command: 'echo done >proof; cat proof' } } },
    { when: { last_role: 'tool', user_contains: 'slow' }, fault: { silent: true } },
    { when: { result_contains: 'done' }, say: ['It is ', 'done.'] },
    { when: { last_role: 'tool' }, say: 'I was not allowed to.' },
    { when: { user: 'steer' }, say: '\u001b[31mred' },
    { say: 'Fine.' },
])
init(url, { tools: { shell: 'ask' } })

// Nobody there: each says what to do.
for (const args of [['status'], ['run', 'hello'], ['chat'], ['permissions']]) {
    const { status, error } = await json(...args)
    same([status, error.code, error.hint], [1, 'state', 'start one: moult serve'])
}
const service = await serve()

// One turn; a new session unless one is named; text or JSON; from standard input.
let got = await cli(['run', 'hello'])
same([got.status, got.stdout], [0, 'Fine.\n'])
match(got.stderr, /^session run-\d{8}-\d{6}-[0-9a-f]{8}\n$/)
got = await json('run', '-', '--session', 'mine')
same([got.status, got.error.code], [2, 'usage'])
got = await cli(['--json', 'run', '-', '--session', 'mine'], { input: 'hello\nthere\n' })
const said = JSON.parse(got.stdout)
same([said.session, said.text, typeof said.turn], ['mine', 'Fine.', 'number'])
equal(asked().at(-1).messages.at(-1).content, 'hello\nthere\n')
await cli(['run', 'again', '--session', 'mine'])
equal(asked().at(-1).messages.filter(it => it.role === 'user').length, 2)
got = await cli(['run', 'which', '--model', 'other'])
equal(asked().at(-1).model, 'other')

// What is refused, and how.
for (const [args, status, code] of [
    [['run', 'x', '--model', 'nobody'], 1, 'missing'],
    [['run', 'x', '--session', 'a/b'], 1, 'input'],
    [['run', 'x', '--session', 'a\nb: c'], 1, 'input'],
    [['run'], 2, 'usage'],
    [['run', 'a', 'b'], 2, 'usage'],
    [['run', 'fail'], 1, 'input'],
    [['permissions', 'allow'], 2, 'usage'],
    [['permissions', 'maybe', '1-2'], 2, 'usage'],
    [['permissions', 'allow', '../1'], 2, 'usage'],
    [['permissions', 'allow', '1-2'], 1, 'missing'],
]) {
    const it = await json(...args)
    same([args, it.status, it.error?.code], [args, status, code])
}
match((await cli(['run', 'fail'])).stderr, /no such thing here/)

// A question: nobody at a terminal, so it waits for another command.
async function question(answer) {
    let put
    const seen = new Promise(done => { put = done })
    const going = cli(['run', 'use the shell'], { onError: text => { const id = /allow (\d+-\d+)/.exec(text); if (id) put(id[1]) } })
    const id = await seen
    const { permissions } = await json('permissions')
    same(permissions.map(it => it.id), [id])
    match(permissions[0].question, /shell/)
    match((await cli(['permissions'])).stdout, /echo done >proof/)
    same(await json('permissions', answer, id), { status: 0, id, allowed: answer === 'allow' })
    return going
}
same(await question('allow').then(it => [it.status, it.stdout]), [0, 'It is done.\n'])
same(await question('deny').then(it => [it.status, it.stdout]), [0, 'I was not allowed to.\n'])
equal((await cli(['permissions'])).stdout, 'nothing waits for a person\n')

// A conversation without a terminal: questions are answered no, a turn that fails does not end it.
got = await cli(['chat', '--session', 'talk'], { input: 'hello\n\nfail\nuse the shell\n' })
same([got.status, got.stdout], [0, 'Fine.\nI was not allowed to.\n'])
match(got.stderr, /^session talk\nmoult: .*no such thing here/)
got = await cli(['--json', 'chat', '--session', 'talk'], { input: 'hello\nfail\n' })
const lines = got.stdout.trim().split('\n').map(line => JSON.parse(line))
same([got.status, lines[0].text, lines[1].error.code], [1, 'Fine.', 'input'])

// ^C and a time limit end the turn itself, not only the wait for it; the session goes on behind it.
got = await cli(['run', 'wait', '--session', 'limit', '--timeout', '1'])
equal(got.status, 1)
match(got.stderr, /no answer within 1 s/)
equal((await json('status')).turns_open, 0)
same(await cli(['run', 'hello', '--session', 'limit']).then(it => [it.status, it.stdout]), [0, 'Fine.\n'])
got = await cli(['run', 'the slow shell', '--session', 'stopped'], { onError: (told, child) => / waits: /.test(told) && child.kill('SIGINT') })
equal(got.status, 1)
match(got.stderr, /cancelled/)
equal((await json('status')).turns_open, 0)
same((await json('permissions')).permissions, [])
same(await cli(['run', 'hello', '--session', 'stopped']).then(it => [it.status, it.stdout, it.stderr]), [0, 'Fine.\n', ''])

// What is not there cannot be cancelled.
const post = path => new Promise((done, failed) => request({ socketPath: socket, path, method: 'POST' }, answer => {
    answer.resume().on('end', () => done(answer.statusCode))
}).on('error', failed).end())
for (const path of ['/api/sessions/nobody/cancel', '/api/sessions/stopped/cancel', '/api/sessions//cancel', '/api/sessions/cancel', '/api/sessions/stopped'])
    same([path, await post(path)], [path, 404])

// At a terminal: a question is put there, ^C ends what is in work and not the conversation, ^D ends that. What would
// steer the terminal is shown, not done.
if (spawnSync('script', ['--version']).error) {
    console.log('no terminal was tried: no script(1)')
} else {
    const child = spawn('script', ['-qec', `exec '${moult}' -C '${home}' chat`, '/dev/null'], { env })
    let told = ''
    child.stdout.on('data', data => { told += data })
    const after = async (what, input) => {
        while (!told.includes(what)) await once(child.stdout, 'data')
        told = told.slice(told.indexOf(what) + what.length)
        child.stdin.write(input)
    }
    const ended = once(child, 'exit')
    await after('> ', 'use the shell\n')
    await after('allow? [y/N] ', 'y\n')
    await after('It is done.\r\n> ', 'steer\n')
    await after('\\x1b[31mred\r\n> ', 'the slow shell\n')
    await after('allow? [y/N] ', '\x03')
    await after('moult: cancelled\r\n> ', 'hello\n')
    await after('Fine.\r\n> ', '\x04')
    equal((await ended)[0], 0)
}

// What runs.
const status = await json('status')
equal(status.generation, 0)
equal(status.candidates, 0)
equal(status.workers.length, 1)
for (const key of ['pid', 'generation', 'turns', 'rss']) ok(key in status.workers[0], key)
ok(status.sessions >= 6 && status.uptime_s >= 0 && status.turns_failed >= 4)
match((await cli(['status'])).stdout, /^generation +0\ncandidates +0 wait for review\n.*WORKER .* local\n$/s)

await service.stop()
equal((await cli(['run', 'hello'])).status, 1)
console.log('ok: status, run, chat and permissions')
process.exit() // the model would run on
