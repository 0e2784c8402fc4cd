// sdk_proposer - a proposer's command made of two clients from npm, which find their model by the environment alone.
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { strictEqual as equal } from 'node:assert'

const [modules, patch] = process.argv.slice(2)
const load = name => import(createRequire(`${modules}/x.js`).resolve(name))
const { default: OpenAI } = await load('openai'), { default: Anthropic } = await load('@anthropic-ai/sdk')
const messages = [{ role: 'user', content: 'what is wrong?' }], said = 'The calls in the text are made.'
const openai = new OpenAI({ maxRetries: 0 }), anthropic = new Anthropic({ maxRetries: 0 })
equal((await openai.chat.completions.create({ model: 'any', messages })).choices[0].message.content, said)
equal((await openai.chat.completions.stream({ model: 'any', messages }).finalChatCompletion()).choices[0].message.content, said)
equal((await openai.responses.create({ model: 'any', input: 'what is wrong?' })).output_text, said)
equal((await anthropic.messages.create({ model: 'any', max_tokens: 99, messages })).content[0].text, said)
equal((await anthropic.messages.stream({ model: 'any', max_tokens: 99, messages }).finalText()), said)
equal((await openai.models.list()).data[0].id, 'main')
execFileSync('git', ['apply', patch])
console.log(said)
