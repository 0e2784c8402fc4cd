#!/usr/bin/env node
// Text leaves while it is made: the provider says its next word only when the client has heard the one before, so
// that the order of events proves it. Where something breaks behind the first word, the answer ends in an error of the
// protocol and in a broken transfer, and no second answer is ever spliced on. The journal says what had left.
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { content, makeHome, until } from './crash_home.mjs'
import { CLIENTS, provider } from './stream_home.mjs'

const up = await provider()
const config = { tools: { '*': 'allow' } }
const it = makeHome(`${up.url}/v1`, {
    models: [{ name: 'main', provider: 'openai', base_url: `${up.url}/v1`, model: 'm', api_key: { file: 'key' } },
        { name: 'claude', provider: 'anthropic', base_url: up.url, model: 'm', api_key: { file: 'key' } }],
    ...config,
})
const service = await it.serve()

/** A stream that a client of that protocol opens; heard(text) waits until just that was said. */
function listen(name, text, { session, model = 'main', ...more } = {}) {
    const { path, ask, ...reads } = CLIENTS[name]
    const stream = it.open([], session ? { 'x-moult-session': session } : {}, { path, model, stream: true, ...ask(text), ...more })
    const heard = want => until(() => {
        const said = reads.said(stream.text())
        if (!want.startsWith(said)) throw new Error(`${name}: said ${JSON.stringify(said)}, not ${JSON.stringify(want)}`)
        return said === want
    })
    return { ...stream, heard, ...Object.fromEntries(Object.entries(reads).map(([key, read]) => [key, () => read(stream.text())])) }
}
const handed = turn => it.rows(`SELECT body FROM effect WHERE turn = ${turn} AND kind = 2 ORDER BY row DESC LIMIT 1`)

// Hosted, three protocols: each word is with the client before the model says the next.
for (const name of Object.keys(CLIENTS)) {
    const client = listen(name, 'hi', { session: `said-${name}` })
    const model = await up.says('One ')
    equal(model.body.stream, true)
    await client.heard('One ')
    await model.say('zwei dr\u00e9i \u{1f600} ')
    await client.heard('One zwei dr\u00e9i \u{1f600} ')
    await model.say('four.')
    model.end()
    await client.ended
    same([client.said(), client.over(), client.failed()], ['One zwei dr\u00e9i \u{1f600} four.', true, undefined], name)
}
console.log('ok: text leaves while it is made')
await service.end()
process.exit()
