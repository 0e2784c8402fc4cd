#!/usr/bin/env node
// The service, killed while a person is asked about a call: the call has not begun, so the question stands again at the
// next start, under the same id, and what a person says then counts. From the yes on, nobody can know. The file that the
// call appends to is the judge.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { match, ok, strictEqual as equal } from 'node:assert'
import { calls, content, makeHome, model, says, until } from './crash_home.mjs'

// One call a user message, named after it; its result is what the agent says.
const upstream = await model(({ messages }) => {
    const { role, content } = messages.at(-1)
    if (role === 'tool') return says(`told: ${content}`)
    const word = content.split(' ')[0]
    return calls([`c-${word}`, 'shell', { command: `echo ${word} >> out; ${word === 'slow' ? 'while :; do sleep 1; done' : 'echo ran'}` }])
})
const it = makeHome(upstream.url, { tools: { shell: 'ask' } })
const out = join(it.home, 'workspaces/desk/out')
const ran = word => existsSync(out) ? readFileSync(out, 'utf8').split('\n').filter(line => line === word).length : 0
const say = text => it.ask([{ role: 'user', content: text }], { 'x-moult-session': 'desk' })
const question = () => until(() => it.json('permissions').permissions[0])
const ended = () => until(async () => (await it.status()).turns_open === 0)
const told = () => it.trace('desk').filter(({ kind, data }) => kind === 'message' && data.message.role === 'assistant').at(-1).data.message.content

let service = await it.serve()
const again = async () => {
    await service.end('SIGKILL')
    service = await it.serve()
}
/** A turn that waits for its person, with the service killed behind the question, so often. */
async function asked(word, times = 1) {
    const lost = say(word)
    const { id } = await question()
    for (let i = 0; i < times; i++) {
        await again()
        const next = await question()
        equal(next.id, id)
        equal(next.question, 'shell')
        match(next.detail, new RegExp(`echo ${word} `))
    }
    ok((await lost).lost)
    equal(ran(word), 0)
    return id
}

// Yes, after two kills: it runs, once, and the turn ends as it would have.
it.json('permissions', 'allow', await asked('yes', 2))
await ended()
equal(ran('yes'), 1)
match(told(), /^told: ran/)

// No: it does not.
it.json('permissions', 'deny', await asked('no'))
await ended()
equal(ran('no'), 0)
match(told(), /the person said no/)

// Killed behind the yes: nobody knows, so it is not run again and nobody is asked.
it.json('permissions', 'allow', await asked('slow'))
await until(() => ran('slow') > 0)
await again()
await ended()
equal(ran('slow'), 1)
match(told(), /not known/)

// What moult.json says at the next start is what counts then.
const settings = join(it.home, 'moult.json'), before = readFileSync(settings, 'utf8')
for (const [word, count, said] of [['deny', 0, /moult.json denies this tool/], ['allow', 1, /^told: ran/]]) {
    const lost = say(word)
    await question()
    writeFileSync(settings, before.replace('"shell":"ask"', `"shell":"${word}"`))
    await again()
    await ended()
    ok((await lost).lost)
    equal(ran(word), count)
    match(told(), said)
    writeFileSync(settings, before)
    await again()
}

// A turn that was cancelled while it asked: the next one knows that it was not done.
const gone = say('gone')
const { id } = await question()
equal((await it.ask([], {}, { path: '/api/sessions/desk/cancel' })).status, 200)
match((await gone).text, /the turn was cancelled/)
await ended()
equal(it.tries('permissions', 'allow', id).status, 1)
const next = say('last')
it.json('permissions', 'allow', (await question()).id)
equal(content(await next), 'told: ran\n')
const shown = upstream.asked.at(-1).messages.find(message => message.tool_call_id === 'c-gone')
match(shown.content, /not carried out: nobody said yes/)
equal(ran('gone'), 0)

// A person's word is in the trace: which calls waited, and which of them were given to their tool.
const rows = it.trace('desk')
const waited = rows.filter(({ kind, data }) => kind === 'effect' && data.asked?.asks)
equal(waited.length, 7)
const given = waited.filter(({ seq }) => rows.some(({ kind, causation }) => kind === 'delivered' && causation === seq))
equal(given.map(({ data }) => data.asked.call).join(), 'c-yes,c-slow,c-allow,c-last')
equal(it.json('audit', 'verify').ok, true)
equal(await service.end(), 0)
console.log('ok: a question outlives the service')
