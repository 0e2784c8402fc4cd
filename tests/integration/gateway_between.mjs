#!/usr/bin/env node
// A client of one protocol, a provider of another: what is asked for goes along in the other's words, or the request
// fails by name, or the client is told what was left out.
import { deepStrictEqual as same, match, strictEqual as equal } from 'node:assert'
import { AUTH, PROTOCOLS, ask, model, models, serve } from './gateway_home.mjs'

const upstream = await model({ models: ['m'], rules: [{ when: { user_contains: 'call' }, say: 'Well.', call: { name: 'look', arguments: { id: 1 } } },
    { say: ['Hello', ' there', '.'] }] })
const [openai, claude] = models(upstream.url, { model: 'm' })
const home = await serve('passing', [openai, claude, { ...claude, name: 'lenient', drop: ['logit_bias'] },
    { ...openai, name: 'next', api: 'responses' }])
const says = async (protocol, to, text, more, headers) => {
    const { path, body } = PROTOCOLS[protocol]
    const got = await ask(home.port, path, JSON.stringify({ ...body(text, more), model: to }), { ...AUTH, ...headers })
    return { ...got, json: JSON.parse(got.body), dropped: got.headers['x-moult-dropped'] }
}
const sent = () => JSON.parse(upstream.last().body)
const schema = { type: 'object', properties: { a: { type: 'integer' } } }
const look = { name: 'look', description: 'looks', parameters: schema }
const tools = { chat: [{ type: 'function', function: look }], messages: [{ name: 'look', description: 'looks', input_schema: schema }] }

{ // up to Anthropic
    const got = await says('chat', 'claude', 'call', { temperature: 0.5, top_p: 0.25, stop: 'END', user: 'u1', seed: 7, tools: tools.chat,
        tool_choice: { type: 'function', function: { name: 'look' } }, parallel_tool_calls: false, reasoning_effort: 'low',
        response_format: { type: 'json_schema', json_schema: { name: 'a', schema } }, max_completion_tokens: 55 })
    equal(got.status, 200, got.body)
    equal(got.dropped, 'seed')
    same([got.json.choices[0].message.content, got.json.choices[0].message.tool_calls[0].function.name], ['Well.', 'look'])
    equal(got.json.usage.total_tokens > 0, true, 'what it cost')
    const { messages, model: name, ...asked } = sent()
    same(asked, { max_tokens: 55, tools: tools.messages, temperature: 0.5, top_p: 0.25, stop_sequences: ['END'],
        tool_choice: { type: 'tool', name: 'look', disable_parallel_tool_use: true },
        output_config: { format: { type: 'json_schema', schema }, effort: 'low' }, metadata: { user_id: 'u1' } })
}
{ // and up to OpenAI
    const got = await says('messages', 'gpt', 'call', { temperature: 1, stop_sequences: ['a', 'b'], tools: tools.messages,
        tool_choice: { type: 'any', disable_parallel_tool_use: true }, metadata: { user_id: 'u1' }, thinking: { type: 'enabled', budget_tokens: 1024 } })
    equal(got.status, 200, got.body)
    equal(got.dropped, 'thinking')
    same(got.json.content.map(it => it.type), ['text', 'tool_use'])
    const { messages, model: name, ...asked } = sent()
    same(asked, { tools: tools.chat, max_completion_tokens: 99, temperature: 1, stop: ['a', 'b'], tool_choice: 'required',
        parallel_tool_calls: false, user: 'u1' })
}
{ // what cannot be said is refused, with its name and what to do, before anybody is asked
    const before = upstream.asked().length
    for (const [protocol, to, more, name] of [
        ['chat', 'claude', { logit_bias: { 1: 2 } }, 'logit_bias'], ['chat', 'claude', { response_format: { type: 'json_object' } }, 'response_format'],
        ['chat', 'claude', { temperature: 1.5 }, 'temperature'], ['chat', 'claude', { n: 2 }, 'n'], ['chat', 'claude', { of_tomorrow: 1 }, 'of_tomorrow'],
        ['responses', 'claude', { previous_response_id: 'resp_1' }, 'previous_response_id'], ['messages', 'gpt', { top_k: 3 }, 'top_k']]) {
        const got = await says(protocol, to, 'hi', more)
        equal(got.status, 400, `${name}: ${got.body}`)
        match(got.json.error.message, new RegExp(`\\b${name} .*models\\[\\]\\.drop`))
    }
    equal(upstream.asked().length, before)
    const got = await says('chat', 'lenient', 'hi', { logit_bias: { 1: 2 } })
    same([got.status, got.dropped, 'logit_bias' in sent()], [200, 'logit_bias', false])
}
{ // one protocol: the bytes of the client, whatever they say
    const got = await says('chat', 'gpt', 'hi', { logit_bias: { 1: 2 }, of_tomorrow: 1 })
    same([got.status, got.dropped, sent().of_tomorrow], [200, undefined, 1])
}
{ // hosted, to a provider of the client's own protocol and of another
    const session = { 'x-moult-session': 'asks' }
    const got = await says('chat', 'gpt', 'hi', { temperature: 0.5, stop: 'END', seed: 7 }, session)
    equal(got.status, 200, got.body)
    same([sent().temperature, sent().stop, sent().seed, got.dropped], [0.5, 'END', 7, undefined])
    const other = await says('chat', 'claude', 'hi', { temperature: 0.5, stop: 'END', seed: 7 }, session)
    same([other.status, sent().temperature, sent().stop_sequences, other.dropped], [200, 0.5, ['END'], 'seed'])
    equal((await says('chat', 'gpt', 'hi', { n: 2 }, session)).status, 400)
}
await home.stop()
await upstream.end()
console.log('ok: between')
