#!/usr/bin/env node
// More principals than there are descriptors for their workers: who rests makes room for who comes, and nobody is
// sent away for good. At its start the service takes as many descriptors as it may have at all.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { match, ok, strictEqual as equal } from 'node:assert'
import { PROTOCOLS, ask, model, models, serve } from './gateway_home.mjs'

const PRINCIPALS = 40
const STRANGERS = 1100, IDLE_MS = 60000 // more than a listener's connections; how long one may ask nothing
const it = await model({ rules: [{ when: { user: 'wait' }, say: 'Waited.', delay_ms: 20000 }, { say: 'Fine.' }] })
let service = await serve('passing', models(it.url))
const names = Array.from({ length: PRINCIPALS }, (_, i) => `number-${i}`)
writeFileSync(join(service.home, 'tokens'), names.map(name => `the-token-of-${name} ${name}\n`).join(''), { mode: 0o600 })

// As a shell starts it: its soft limit is low.
const limits = pid => /^Max open files\s+(\w+)\s+(\w+)/m.exec(readFileSync(`/proc/${pid}/limits`)).slice(1)
const hard = limits('self')[1]
execFileSync('prlimit', ['--pid', `${process.pid}`, '--nofile=1000:'])
service = await service.again()
execFileSync('prlimit', ['--pid', `${process.pid}`, `--nofile=${hard}:`])
const [soft, most] = limits(service.child.pid)
equal(soft, most, 'the soft limit is raised to the hard one')

const held = () => execFileSync('ls', [`/proc/${service.child.pid}/fd`]).toString().trim().split('\n').length
const of = (name, text = 'hello') => ask(service.port, PROTOCOLS.chat.path, JSON.stringify(PROTOCOLS.chat.body(text, { model: 'gpt' })),
    { authorization: `Bearer the-token-of-${name}` })
equal((await of(names[0])).status, 200)

// Strangers who ask nothing take every connection of the listener: they have to go for who asks, long before their minute
// is over.
{
    const began = Date.now(), idle = Array.from({ length: STRANGERS }, () => connect(service.port, '127.0.0.1').on('error', () => {}))
    await Promise.all(idle.map(socket => new Promise(done => socket.once('connect', done))))
    for (let i = 0; i < 3; i++) equal((await of(names[i])).status, 200)
    ok(Date.now() - began < IDLE_MS / 2, `it took ${Date.now() - began} ms`)
    idle.forEach(socket => socket.destroy())
}

// Connections that rest take the places, up to the limit of a shell.
const LIMIT = 1024, LEFT = 80
execFileSync('prlimit', ['--pid', `${service.child.pid}`, `--nofile=${LIMIT}:${LIMIT}`])
const resting = []
while (held() < LIMIT - LEFT) {
    const socket = connect(service.port, '127.0.0.1')
    socket.on('error', () => {})
    await new Promise(done => socket.once('connect', done))
    resting.push(socket)
    if (resting.length % 32 === 0) equal((await of(names[0])).status, 200)
}
for (const turn of [1, 2])
    for (const name of names) {
        const said = await of(name)
        equal(said.status, 200, `${name}, time ${turn}: ${said.body}`)
    }
ok(service.json('status').workers.length < PRINCIPALS, 'so they are not all there')

// Where all are at work there is no room: that is told as such, and the client knows to come again.
const said = await Promise.race(names.map(name => of(name, 'wait')))
equal(said.status, 503, said.body)
equal(said.headers['retry-after'], '1')
match(said.body, /open files/)
service.child.kill('SIGKILL')
console.log(`ok: ${PRINCIPALS} principals, and room for some of them`)
process.exit(0)
