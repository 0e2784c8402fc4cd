#!/usr/bin/env node
// A worker that somebody has taken over says that its plugins only look, so that text leaves as it comes, and then has
// words of its own. They are never spliced on: hosted, in another protocol than the provider's, and byte for byte.
// Where nothing has left, its words are the harness's word, as ever.
import { linkSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { match, rejects, strictEqual as equal } from 'node:assert'
import { content, makeHome, says, until } from './crash_home.mjs'
import { CLIENTS, opened, provider } from './stream_home.mjs'

const { MOULT_BIN: bin, MOULT_BUILD: build } = process.env
const folder = mkdtempSync(join(build, 'tests', 'evil-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const name of readdirSync(bin).filter(name => name.startsWith('moult')))
    linkSync(name === 'moult-worker' ? join(build, 'tests', 'evil_worker') : join(bin, name), join(folder, name))
const up = await provider()
const it = makeHome(`${up.url}/v1`, {}, { from: folder })
const service = await it.serve()

let count = 0
for (const attack of ['words of its own', 'words of nobody', 'words put in', 'the model asked again'])
    for (const [name, hosted] of [['chat', true], ['responses', true], ['messages', true], ['messages', false], ['chat', false]]) {
        const { path, ask, said, over, failed } = CLIENTS[name], who = `${attack}: ${name}${hosted ? ', hosted' : ''}`
        const stream = it.open(undefined, hosted ? { 'x-moult-session': `s${++count}` } : {}, { path, model: 'main', stream: true, ...ask(attack) })
        opened(who, stream)
        const model = await up.says('True ')
        await until(() => said(stream.text()) === 'True ')
        up.quiet(who)
        await model.say('words.')
        model.end()
        await rejects(stream.ended, who)
        equal(said(stream.text()), 'True words.', who)
        // What the provider said is passed on to its end where bytes are.
        equal(over(stream.text()), name === 'chat' && !hosted, who)
        match(failed(stream.text()), /changed words of the answer that had left|than has left|turn failed|asked again/, who)
        up.quiet()
    }
const whole = it.ask([{ role: 'user', content: 'words of its own' }])
const model = await up.next()
model.whole(says('True words.'))
equal(content(await whole), 'other words')
equal((await it.status()).turns_failed, 20)
equal(await service.end(), 0)
console.log('ok: words that left are not followed by others')
process.exit()
