#!/usr/bin/env node
// What a turn has used of its limits is not forgotten: a client that asks the same again at the limit, a service that
// was started anew in the middle of a tool loop, and a fork of the conversation all go on counting where they stood.
import { match, strictEqual as equal } from 'node:assert'
import { AUTH, PROTOCOLS, ask, model, models, serve } from './gateway_home.mjs'

const TOOLS = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]
const it = await model({
    rules: [{ call: { name: 'look', arguments: {} }, usage: { input: 90, output: 10 } }],
})

/** A tool loop as a client does it: a step of it, or its present request once more. */
function loop(text) {
    const messages = [{ role: 'user', content: text }]
    const once = () => ask(service.port, PROTOCOLS.chat.path, JSON.stringify({ model: 'gpt', messages, tools: TOOLS }), AUTH)
    const step = async () => {
        const said = await once()
        if (said.status !== 200) return said
        const message = JSON.parse(said.body).choices[0].message
        messages.push(message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: `seen ${messages.length}` })
        return said
    }
    return { step, once, messages }
}

let service = await serve('held', models(it.url), { limits: { tokens: 250 } })

const first = loop('go on for ever')
for (let i = 0; i < 3; i++) equal((await first.step()).status, 200, 'within the limit')
for (let i = 0; i < 3; i++) {
    const said = await first.once()
    equal(said.status, 429, `asked again at the limit, ${i}`)
    match(said.body, /limits\.tokens/)
    equal(said.headers['x-should-retry'], 'false', 'asking again does not help')
}
equal(it.asked().length, 3, 'and nobody asked the provider')
first.messages.push({ role: 'user', content: 'something else then' })
equal((await first.step()).status, 200, 'a new message of the user begins anew')

// More conversations than are kept in memory, one beside the other.
const many = Array.from({ length: 140 }, (_, i) => loop(`conversation ${i}`))
for (const want of [200, 200, 200, 429])
    for (const one of many) equal((await one.step()).status, want, 'whether it was read again or not')

const second = loop('begun before the restart')
for (let i = 0; i < 2; i++) equal((await second.step()).status, 200)
service = await service.again()
equal((await second.step()).status, 200, 'of 250 tokens 200 are used')
equal((await second.step()).status, 429, 'a restart in the middle of a turn changes nothing')
await service.stop()
await it.end()
