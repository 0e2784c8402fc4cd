#!/usr/bin/env node
// Many hosted sessions, one after the other: only so many of those at rest keep their tools up, and each that is spoken to
// again has them again, on the workspace that it had.
import { deepStrictEqual as same, equal, ok } from 'node:assert/strict'
import { below, calls, content, makeHome, model, says, until } from './crash_home.mjs'

const SESSIONS = 6, UP = 2
const upstream = await model(({ messages }) => {
    const { role, content } = messages.at(-1)
    return role === 'user' ? calls([`c${messages.length}`, 'shell', { command: 'echo here >>log; wc -l <log' }]) : says(content.trim())
})
const it = makeHome(upstream.url, { limits: { tool_sessions: UP } })
const service = await it.serve()
const boxes = () => below(service.pid).filter(({ line }) => line.startsWith('init ')).length
const turn = async number => content(await it.ask([{ role: 'user', content: 'go on' }], { 'x-moult-session': `s${number}` }))
for (let i = 0; i < SESSIONS; i++) {
    same(await turn(i), '1')
    await until(() => boxes() <= UP + 1)
}
equal(boxes(), UP + 1)
for (let i = 0; i < SESSIONS; i++) same(await turn(i), '2')
await until(() => boxes() <= UP + 1)
ok(it.json('audit', 'verify').ok)
equal(await service.end(), 0)
console.log(`ok: ${SESSIONS} sessions, the tools of ${UP} of them up beside the last`)
process.exit(0)
