#!/usr/bin/env node
// A gateway's client that never heard its answer asks with the same bytes again, and gets the journaled answer: after
// it hung up, and after kill -9. The provider is not asked twice. An equal request whose answer did arrive, or is
// being read, is another one. What was under way when the service was killed is ended, and waits for nobody.
import { deepStrictEqual as same, ok, strictEqual as equal } from 'node:assert'
import { calls, content, harness, makeHome, model, says, until } from './crash_home.mjs'

const LONG = 2 << 20 // more than any socket takes unread
const upstream = await model(({ messages }, number) => {
    const text = messages.at(-1).content
    if (/silent/.test(text)) return () => {}
    if (/tool/.test(text)) return calls([`call-${number}`, 'look', { at: 'x'.repeat(LONG) }])
    return says(`${number}: ${'x'.repeat(LONG)}`)
})
// Its plugins may do more than look: an answer is whole, and journaled, before a byte of it leaves.
const it = makeHome(upstream.url, {}, { harness: harness('') })
let service = await it.serve()
const user = text => [{ role: 'user', content: text }]
const handed = number => until(() => it.rows(`SELECT count(*) n FROM effect e JOIN turn_end t ON t.turn = e.turn
    WHERE e.kind = 2`)[0].n === number || it.rows('SELECT count(*) n FROM effect WHERE kind = 2')[0].n === number)

/** Asks and never reads; the answer is journaled when this returns. */
async function lose(messages, number, more = {}) {
    const client = it.open(messages, {}, { ...more, reads: false })
    await client.begun
    await handed(number)
    return client
}
/** How often the provider was asked meanwhile. */
async function counting(what) {
    const before = upstream.asked.length, said = await what()
    return [said, upstream.asked.length - before]
}

// Hung up.
let hands = 0
let client = await lose(user('one'), ++hands)
const [other, twice] = await counting(() => it.ask(user('one')))
equal(twice, 1, 'who reads has lost nothing: an equal request is another one')
ok(content(other).startsWith('2: '))
hands++
client.hangUp()
client = await lose(user('two'), ++hands)
client.hangUp()
await until(async () => (await it.status()).turns_open === 0)
const [again, none] = await counting(() => it.ask(user('two')))
same([again.status, none, content(again).slice(0, 3)], [200, 0, '3: '])
equal(content(again).length, LONG + 3)
const [anew, once] = await counting(() => it.ask(user('two')))
same([once, content(anew).slice(0, 3)], [1, '4: '], 'an answer that arrived is not kept')
hands++

// Killed with the answer on its way; a stream, and calls. The conversation goes on from what was given again.
for (const stream of [false, true]) {
    client = await lose(user(`tool ${stream}`), ++hands, { stream })
    await service.end('SIGKILL')
    service = await it.serve()
    const [given, asked] = await counting(() => it.ask(user(`tool ${stream}`), {}, { stream }))
    equal(asked, 0)
    const call = stream ? /"id":"(call-\d+)"/.exec(given.text)[1] : given.choices[0].message.tool_calls[0].id
    ok(given.text.length > LONG)
    if (stream) ok(given.text.trimEnd().endsWith('data: [DONE]'))
    const message = calls([call, 'look', { at: 'x'.repeat(LONG) }])
    const [next, more] = await counting(() => it.ask([...user(`tool ${stream}`), message,
        { role: 'tool', tool_call_id: call, content: 'seen' }]))
    same([next.status, more], [200, 1])
    hands++
    const { session } = it.rows(`SELECT t.session FROM turn t WHERE t.number = ${next.headers['x-moult-turn']}`)[0]
    equal(it.rows(`SELECT count(*) n FROM turn WHERE session = ${session}`)[0].n, 1, 'the turn that asked goes on')
}

// In a protocol that the provider does not speak: written anew from what was journaled.
const messages = { path: '/v1/messages', max_tokens: 99 }
client = it.open(user('four'), {}, { ...messages, reads: false })
await client.begun
await handed(++hands)
client.hangUp()
await until(async () => (await it.status()).turns_open === 0)
const [translated, translations] = await counting(() => it.ask(user('four'), {}, messages))
same([translated.status, translations, translated.type], [200, 0, 'message'])
equal(translated.content[0].text.length, LONG + `${upstream.asked.length}: `.length)

// Another request: one byte more, other parameters, somebody else's protocol.
client = await lose(user('three'), ++hands)
client.hangUp()
await until(async () => (await it.status()).turns_open === 0)
for (const [messages, more] of [[user('three '), {}], [user('three'), { temperature: 0 }], [user('three'), { stream: true }]]) {
    const [, asked] = await counting(() => it.ask(messages, {}, more))
    equal(asked, 1)
    hands++
}

// Killed before there was an answer.
it.open(user('silent'))
await until(() => upstream.asked.at(-1).messages.at(-1).content === 'silent')
await service.end('SIGKILL')
service = await it.serve()
// Nobody waits for that row: it comes to the disk with the next group.
await until(() => it.rows('SELECT why FROM turn_end ORDER BY number DESC LIMIT 1')[0].why === 'the service ended before the answer')
equal(it.rows('SELECT count(*) n FROM turn t WHERE NOT EXISTS (SELECT 1 FROM turn_end e WHERE e.turn = t.number)')[0].n, 0)
equal(await service.end(), 0)
console.log(`ok: ${hands} answers`)
process.exit(0)
