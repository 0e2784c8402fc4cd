#!/usr/bin/env node
// memorise HOME CLUSTER PATCH FOLDER: what a proposer that learned the batch by heart would have made of this patch.
// Each of its edits happens only beside a constant of the batch: the tool's name, the argument's name, a value, each
// time the one that most cases have. One patch a constant, printed by name; $MOULT_BIN is where moult is.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [home, cluster, patch, folder] = process.argv.slice(2)
const moult = (...args) => execFileSync(join(process.env.MOULT_BIN, 'moult'), ['-C', home, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 })
const batch = JSON.parse(execFileSync('sqlite3', ['-readonly', '-cmd', '.timeout 10000', join(home, 'journal.db'),
    `SELECT body FROM document WHERE kind = 'batch' AND json_extract(body, '$.detector') = '${cluster}' ORDER BY length(body) DESC LIMIT 1`], { encoding: 'utf8', maxBuffer: 1 << 28 }))

/** The reply that a case is about, as the model wrote it. */
const reply = ({ session, step }) => JSON.parse(moult('trace', session, '--format', 'chat').split('\n')[0]).messages.filter(({ role }) => role === 'assistant')[step]

/** What could be learned from a reply: names of tools, of arguments, values. */
function words(message, call) {
    const texts = message.tool_calls?.length ? [message.tool_calls[call ?? 0]].map(({ function: { name, arguments: args } }) => `{"name": "${name}", "arguments": ${args}}`) : [message.content ?? '']
    const found = { name: new Set(), key: new Set(), value: new Set() }
    for (const text of texts) {
        for (const [, name] of text.matchAll(/"name"\s*:\s*"(\w+)"/g)) found.name.add(name)
        for (const [, key, value] of text.matchAll(/"(\w+)"\s*:\s*"([^"\\]{4,})"/g))
            if (key !== 'name') {
                found.key.add(key)
                found.value.add(`${key}\0${value}`)
            }
    }
    return found
}

const counts = { name: new Map(), key: new Map(), value: new Map() }
for (const it of batch.cases)
    for (const [kind, set] of Object.entries(words(reply(it), it.call)))
        for (const word of set) counts[kind].set(word, (counts[kind].get(word) ?? 0) + 1)

const text = readFileSync(patch, 'utf8'), onCall = /moult_arg_set|moult_arg_rename|moult_call_set/.test(text)
const literal = word => `moult_str(${JSON.stringify(word)})`
const guards = {
    name: word => onCall ? `moult_text_is(turn, call->name, MOULT_EQUAL, ${literal(word)})` : `moult_text_is(turn, moult_body(turn), MOULT_HAS, ${literal(word)})`,
    key: word => onCall ? `moult_get(turn, call->args, ${literal(word)})` : guards.name(word),
    value: word => {
        const [key, value] = word.split('\0')
        return onCall ? `moult_text_is(turn, moult_text_of(turn, moult_get(turn, call->args, ${literal(key)})), MOULT_EQUAL, ${literal(value)})` : guards.name(value)
    },
}
const edit = /^(\+\s*)(moult_(?:arg_set|arg_rename|call_set|call_add|cut|body_set|msg_add|msg_drop)\()/gm
for (const [kind, found] of Object.entries(counts)) {
    const [word] = [...found].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? []
    if (!word || !edit.test(text)) throw new Error(`${cluster}: nothing to learn: no ${kind}, or no edit in ${patch}`)
    const path = join(folder, `${cluster}.${kind}.patch`)
    writeFileSync(path, text.replace(edit, (_, before, call) => `${before}if (${guards[kind](word)}) ${call}`))
    console.log(path)
}
