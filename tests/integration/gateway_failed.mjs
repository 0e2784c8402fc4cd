#!/usr/bin/env node
// A client of OpenAI's protocols cannot say that a tool failed: its results say so in their text. A guard over calls that
// failed twice holds live for them as it does for who marks a result, and for nobody whose tool only repeats itself.
import { join } from 'node:path'
import { deepStrictEqual as same, ok, strictEqual as equal } from 'node:assert'
import { init, json, model, serve, socket } from './service_home.mjs'
import { ask } from './mcp_home.mjs'

const look = { name: 'get_user', arguments: { id: 'ann' } }
const { url, asked } = await model([{ when: { result_contains: 'failed 2 times' }, say: 'It cannot be had.' }, { call: look }])
init(url, {}, '--harness', join(process.env.MOULT_BIN, '../share/moult/stock'))
const service = await serve()
const tool = { name: 'get_user', description: 'one user', parameters: { type: 'object', properties: { id: { type: 'string' } } } }
const args = JSON.stringify(look.arguments)

/** The same call twice, each time answered so, as a client of each protocol tells it; what the client gets back. */
const clients = {
    async chat(result) {
        const messages = [{ role: 'user', content: 'Who is ann?' }, ...[1, 2].flatMap(i => [
            { role: 'assistant', content: null, tool_calls: [{ id: `c${i}`, type: 'function', function: { name: 'get_user', arguments: args } }] },
            { role: 'tool', tool_call_id: `c${i}`, content: result }])]
        const body = { model: 'main', messages, tools: [{ type: 'function', function: tool }] }
        const { message } = (await ask({ socketPath: socket }, '/v1/chat/completions', { body })).json.choices[0]
        return message.content ?? message.tool_calls[0].function.name
    },
    async responses(result) {
        const input = [{ role: 'user', content: 'Who is ann?' }, ...[1, 2].flatMap(i => [
            { type: 'function_call', call_id: `c${i}`, name: 'get_user', arguments: args }, { type: 'function_call_output', call_id: `c${i}`, output: result }])]
        const { output } = (await ask({ socketPath: socket }, '/v1/responses', { body: { model: 'main', input, tools: [{ type: 'function', ...tool }] } })).json
        return output.at(-1).content?.[0].text ?? output.at(-1).name
    },
}
for (const [name, say] of Object.entries(clients)) {
    equal(await say('Error: there is no ann here'), 'It cannot be had.', name)
    equal(await say('ann, as before'), 'get_user', name)
}
ok(asked().length >= 6)

// What was recorded is what the harness saw: run again, each turn asks for the same.
await service.stop()
const { totals } = await json('prove', '--all')
same([totals.turns, totals.different, totals.effects, totals.effects_same], [4, 0, 10, 10])
process.exit()
