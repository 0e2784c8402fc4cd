#!/usr/bin/env node
// The service, its workers and its tool boxes, killed at random points of hosted turns whose tool appends to a file.
// The file is the judge: nothing that was acknowledged is lost, no call runs twice, and what nobody can know is told
// to the agent as such. MOULT_KILLS says how many points, MOULT_SEED which; no more are tried than a minute has room
// for, and how many were is printed.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { below, calls, content, makeHome, model, pause, sanitized, says, until } from './crash_home.mjs'

const kills = Number(process.env.MOULT_KILLS ?? (sanitized ? 80 : 200)), seed = Number(process.env.MOULT_SEED ?? 1)
const SESSIONS = 3, CALLS = 3
let dice = seed
const random = below => {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0
    return Math.floor(dice / 2 ** 32 * below)
}

// The model is a function of the conversation: each user message is worked off by so many calls, one a step. What it is
// shown is kept: the result of a call never changes from one request to the next.
const shown = new Map(), wrong = []
function look(messages) {
    for (const { role, tool_call_id, content } of messages.filter(it => it.role === 'tool')) {
        const before = shown.get(tool_call_id)
        if (before !== undefined && before !== content) wrong.push(`${tool_call_id}: first ${before}, then ${content}`)
        if (!tool_call_id) wrong.push(`a ${role} message of no call`)
        shown.set(tool_call_id, content)
    }
    const results = messages.filter(it => it.role === 'tool').map(it => it.tool_call_id)
    const wanted = messages.flatMap(it => it.tool_calls?.map(call => call.id) ?? [])
    if (results.join() !== wanted.join()) wrong.push(`calls ${wanted}, and results ${results}`)
}
const upstream = await model(({ messages }) => {
    look(messages)
    const from = messages.findLastIndex(it => it.role === 'user'), done = messages.length - from >> 1
    const turn = messages[from].content
    return done < CALLS ? calls([`${turn}.${done}`, 'shell', { command: `sleep 0.01; echo ${turn}.${done} >> out; sleep 0.01` }]) : says(`${turn} is done`)
})

const it = makeHome(upstream.url)
let service = await it.serve(), starts = 1
const acknowledged = []
let refused = 0, ended = 0

/** One client: the next turn when the one before was answered; asks until the session is at rest again. */
async function client(number, more) {
    const session = `s${number}`
    for (let turn = 0; more(); turn++) {
        const text = `${session}-${turn}`
        const answer = await it.ask([{ role: 'user', content: text }], { 'x-moult-session': session })
        if (answer.status === 200) {
            equal(content(answer), `${text} is done`)
            acknowledged.push(text)
        } else if (answer.lost) {
            await until(() => !broken)
        } else if (!/a turn of this session is in work/.test(answer.text)) {
            match(answer.text, /ended twice on this turn|ended before it was ready|ended by signal 9/)
            ended++ // two of the kills met the same turn, or one its start
        } else { // the turn before it still goes on, without its client
            refused++
            turn--
            await pause(20)
        }
    }
}
let broken = false, over = false, left = kills
const began = Date.now(), MINUTE = 60000

const victims = {
    async broker() {
        broken = true
        await service.end('SIGKILL')
        service = await it.serve()
        starts++
        broken = false
    },
    worker: () => one(({ name }) => name === 'moult-worker'),
    tools: () => one(({ line }) => line.startsWith('init ')),
    shell: () => one(({ name }) => name === 'bash'),
}
function one(which) {
    const list = below(service.pid).filter(which)
    try {
        return list.length > 0 && process.kill(list[random(list.length)].pid, 'SIGKILL')
    } catch { return false } // it ended by itself
}
const struck = { broker: 0, worker: 0, tools: 0, shell: 0 }
async function killer() {
    const order = ['broker', 'worker', 'tools', 'shell']
    while (left > 0 && Date.now() - began < MINUTE) {
        await pause(random(150))
        const kind = order[random(order.length)]
        if (await victims[kind]() === false) continue
        struck[kind]++
        left--
    }
    over = true
}
await Promise.all([killer(), ...Array.from({ length: SESSIONS }, (_, i) => client(i, () => !over))])

// Everything that was open comes to its end by itself.
await until(async () => (await it.status()).turns_open === 0)
equal(await service.end(), 0)
console.log(`${kills - left} of ${kills} kills (seed ${seed}) in ${((Date.now() - began) / 1000).toFixed(1)} s: ${JSON.stringify(struck)}; ` +
    `${acknowledged.length} turns acknowledged, ${ended} ended with an error, ${refused} asked too early`)

// What the tool did, by the file alone.
const ran = new Map()
for (let i = 0; i < SESSIONS; i++) {
    const file = join(it.home, 'workspaces', `s${i}`, 'out')
    if (!existsSync(file)) continue
    for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) ran.set(line, (ran.get(line) ?? 0) + 1)
}
same(wrong, [])
same([...ran].filter(([, count]) => count !== 1), [], 'a call ran twice')
let unknown = 0
for (const [call, said] of shown) {
    if (/unknown|not known/.test(said)) unknown++
    else if (/not carried out/.test(said)) ok(!ran.has(call), `${call} was said not to be carried out`)
    else if (!/signal|exit code [1-9]/.test(said)) ok(ran.has(call), `${call} was said to be done: ${said}`)
}
for (const call of ran.keys()) ok(shown.has(call), `${call} ran, and the agent was never told`)
for (const turn of acknowledged)
    for (let i = 0; i < CALLS; i++) ok(shown.has(`${turn}.${i}`), `${turn} was acknowledged without its call ${i}`)

// And the journal has what was acknowledged.
service = await it.serve()
for (let i = 0; i < SESSIONS; i++) {
    const texts = new Set(it.trace(`s${i}`).filter(({ kind }) => kind === 'message').map(({ data }) => data.message.content))
    for (const turn of acknowledged.filter(turn => turn.startsWith(`s${i}-`)))
        ok(texts.has(turn) && texts.has(`${turn} is done`), `${turn} was acknowledged and is not in the journal`)
}
equal(it.json('audit', 'verify').ok, true)
await service.end()
console.log(`ok: ${ran.size} calls ran once, ${unknown} of unknown outcome were told as such, ${starts} starts`)
