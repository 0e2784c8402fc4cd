#!/usr/bin/env node
// A hosted session's tools as a person meets them: files, the shell and an MCP server on one workspace, what moult.json
// denies, principals and sessions apart, and a service that is killed while a command runs. The files of the workspace
// are the judge: what was acknowledged is there, and once.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { match, ok, strictEqual as equal } from 'node:assert'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
const moult = `${bin}/moult`
const work = mkdtempSync(join(tmpdir(), 'hosted-tools-'))
const home = join(work, 'home'), socket = join(home, 'run/moult.sock')
const env = { ...process.env, XDG_CONFIG_HOME: join(work, 'config') }
const children = []
process.on('exit', () => { children.forEach(child => child.kill('SIGKILL')); rmSync(work, { recursive: true, force: true }) })

/** A program that says on its first line that it listens. */
async function start(...args) {
    const child = spawn(moult, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const line = await new Promise((done, failed) => {
        createInterface({ input: child.stdout }).once('line', done)
        child.once('exit', code => failed(new Error(`moult ${args.join(' ')} ended with ${code}`)))
    })
    return { child, line }
}

const ask = (session, content) => new Promise((done, failed) => {
    const body = JSON.stringify({ model: 'main', messages: [{ role: 'user', content }] })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-moult-session': session }
    request({ socketPath: socket, path: '/v1/chat/completions', method: 'POST', headers }, async answer => {
        let all = ''
        for await (const piece of answer) all += piece
        done({ status: answer.statusCode, text: JSON.parse(all).choices?.[0].message.content ?? all })
    }).on('error', failed).end(body)
})

const file = (session, name) => join(home, 'workspaces', session, name)
const lines = path => existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []
const shell = command => ({ name: 'shell', arguments: { command } })
const when = (user, last_role, more = {}) => ({ user, last_role, ...more })

const script = join(work, 'script.json')
writeFileSync(script, JSON.stringify({
    models: ['main'], strict: true,
    rules: [
        { when: when('count', 'user'), call: [shell('echo one >>log; wc -l <log'), { name: 'calculate', arguments: { expression: '6 * 7' } },
            { name: 'read_file', arguments: { path: 'log' } }] },
        { when: when('count', 'tool', { result_contains: '42' }), say: 'Counted.' },
        { when: when('offered', 'user', { tool: 'edit_file' }), say: 'Too much.' },
        { when: when('offered', 'user', { tool: 'shell' }), say: 'As it should be.' },
        { when: when('denied', 'user'), call: { name: 'edit_file', arguments: { path: 'log', old: 'one', new: 'two' } } },
        { when: when('denied', 'tool'), say: 'It was not done.' },
        { when: when('slow', 'user'), call: shell('echo begun >>slow; sleep 1000; echo ended >>slow') },
        { when: when('slow', 'tool', { result_contains: 'not known' }), say: 'I cannot know.' },
        { when: when('after', 'user'), call: shell('cat slow; ls') },
        { when: when('after', 'tool', { result_contains: 'begun' }), say: 'Still there.' },
        { say: 'Nothing fits.' },
    ],
}))
const { line } = await start('--json', 'mock-model', script)
execFileSync(moult, ['init', home, '--harness', `${source}/examples/naive-harness`], { env })
writeFileSync(join(home, 'key'), 'a-key\n', { mode: 0o600 })
writeFileSync(join(home, 'moult.json'), JSON.stringify({
    models: [{ name: 'main', provider: 'openai', base_url: `${JSON.parse(line).listening}/v1`, model: 'main', api_key: { file: 'key' } }],
    mcpServers: { store: { command: 'node', args: [`${source}/examples/retail-store/server.mjs`] } },
    tools: { shell: 'allow', calculate: 'allow', edit_file: 'deny' },
    evolve: { autonomy: 'off' },
}))
const service = await start('-C', home, 'serve')

// Each acknowledged answer stands for one line in the file, and sessions do not see each other's.
for (let turn = 1; turn <= 3; turn++) {
    equal((await ask("first", "count")).text, 'Counted.')
    equal(lines(file('first', 'log')).length, turn)
}
await Promise.all(['a', 'b', 'c', 'd'].map(async name => equal((await ask(name, 'count')).text, 'Counted.')))
for (const name of ['a', 'b', 'c', 'd'])
    equal(lines(file(name, 'log')).length, 1)
equal((await ask('first', 'offered')).text, 'As it should be.')
equal((await ask('first', 'denied')).text, 'It was not done.')
match(readFileSync(file('first', 'log'), 'utf8'), /^one\n/)

// Killed while the command runs: it is not run again, and the agent is told that nobody knows.
const cut = ask('first', 'slow').then(() => 'answered', () => 'cut')
while (lines(file('first', 'slow')).length === 0) await pause(5)
const gone = new Promise(done => service.child.once('exit', done)) // its lock of the home as well
service.child.kill('SIGKILL')
equal(await cut, 'cut')
await gone
await start('-C', home, 'serve')
const said = () => execFileSync(moult, ['-C', home, 'trace', 'first', '--export'], { env }).toString()
while (!said().includes('I cannot know.')) await pause(20)
const settled = async text => { // the words of a turn are rows before the turn has ended
    for (;;) {
        const { status, text: answer } = await ask('first', text)
        if (status !== 409) return answer
        await pause(5)
    }
}
equal(await settled('after'), 'Still there.')
equal(lines(file('first', 'slow')).join(), 'begun')
ok(!said().includes('Nothing fits.'))
console.log('ok: tools of hosted sessions')
process.exit()
