#!/usr/bin/env node
// Tools of a hosted session where the service is out of descriptors: those of sessions at rest are given up and the start
// is tried once more, at whatever point of it there was no room, for a new session and for a turn that goes on after a
// restart. Nobody is sent away while somebody rests.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { equal, notEqual, ok } from 'node:assert/strict'
import { below, calls, content, makeHome, model, says, until } from './crash_home.mjs'

const LIMIT = 1024, TAKEN = 920 // as a shell starts it; of these the service has so many from whoever started it
const RESTING = 3 // sessions: what they give back is enough for a start, and a little more
const ROOMS = [1, 2, 4, 6, 9, 12, 15, 18] // a start takes 19
const LOCK_MS = 9000 // a little less than a resumed turn waits for its workspace

let held = false
const upstream = await model(async ({ messages }) => {
    const { role, content } = messages.at(-1)
    if (role !== 'user') return says(content.trim())
    if (content === 'wait' && !held) {
        held = true
        return new Promise(() => {})
    }
    return calls([`c${messages.length}`, 'shell', { command: 'echo here >>log; wc -l <log' }])
})
const it = makeHome(upstream.url)
let service, resting = []
async function serve() {
    service = await it.serve({}, TAKEN)
    resting = []
    execFileSync('prlimit', ['--pid', `${service.pid}`, `--nofile=${LIMIT}:`])
}
const boxes = () => below(service.pid).filter(({ line }) => line.startsWith('init ')).length
const turn = (session, text = 'go on') => it.ask([{ role: 'user', content: text }], { 'x-moult-session': session })
const free = () => LIMIT - readdirSync(`/proc/${service.pid}/fd`).length

/** Connections that rest take the places, until so many are left. */
async function leave(room) {
    for (let left; (left = free()) !== room;) {
        ok(left > room, `${left} are free`)
        const socket = connect(it.socketPath)
        await new Promise(done => socket.once('connect', done))
        resting.push(socket)
        await until(() => free() < left)
    }
}

async function leave_all() {
    const left = free(), gone = resting.splice(0)
    gone.forEach(socket => socket.destroy())
    await until(() => free() >= left + gone.length)
}

await serve()
ok(free() < LIMIT - TAKEN)
let sessions = 0
/** A session that nobody has spoken to yet; then it rests. */
async function fresh() {
    const said = await turn(`s${sessions++}`)
    equal(said.status, 200, said.text)
    equal(content(said), '1')
}
for (const room of ROOMS) {
    await leave_all()
    while (boxes() < RESTING) await fresh()
    await leave(room)
    await fresh()
    ok(boxes() < RESTING, `${room}: ${boxes()} tool boxes`)
}

// A turn that goes on after a restart: its tools wait for the workspace until there is no room for them.
for (let late = true, number = 0; late; number++) {
    const name = `late-${number}`
    held = false
    turn(name, 'wait')
    await until(() => held)
    await service.end('SIGKILL')
    const lock = spawn('flock', [join(it.home, `run/lock.${name}`), '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(lock.stdout, 'data') // its processes have ended
    const from = Date.now()
    await serve()
    while (boxes() < RESTING) await fresh()
    await leave(ROOMS[0])
    lock.stdin.end()
    late = Date.now() - from > LOCK_MS
    const said = await until(async () => {
        const said = await turn(name)
        return said.status !== 409 && said
    })
    if (!late) equal(content(said), '2', `what was waited for has run too: ${said.text}`)
}
equal(await service.end(), 0)
ok(it.json('audit', 'verify').ok)
console.log('ok: there is room for tools while a session rests')
process.exit(0)
