// asking_proposer - a proposer's command that asks its model in each protocol, and tries what is none of its business:
// it ends with 0, and the patch applied, only if everything was as it should be.
import { execFileSync } from 'node:child_process'
import { strictEqual as equal, ok } from 'node:assert'

const [patch, secret] = process.argv.slice(2)
const openai = process.env.OPENAI_BASE_URL, anthropic = process.env.ANTHROPIC_BASE_URL
const post = (url, body, head = {}) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...head }, body: JSON.stringify(body) })
const messages = [{ role: 'user', content: 'what is wrong?' }]
const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]

// Its model, whatever it is called here.
const chat = await (await post(`${openai}/chat/completions`, { model: 'any', messages, tools, user: 'evidence' })).json()
equal(chat.choices[0].message.content, 'the marks are not read')
const responses = await (await post(`${openai}/responses`, { model: 'any', input: 'what is wrong?' })).json()
equal(responses.output[0].content[0].text, 'the marks are not read')
const events = await (await post(`${anthropic}/v1/messages`, { model: 'any', max_tokens: 99, messages, stream: true }, { 'anthropic-version': '2023-06-01' })).text()
ok(events.includes('the marks are not read') && events.includes('message_stop'), events)
equal((await (await fetch(`${openai}/models`)).json()).data.map(({ id }) => id).join(), 'main')

// Nothing of the operator's, nothing else of the provider's.
for (const [method, path] of [['GET', '/api/status'], ['GET', '/metrics'], ['POST', '/mcp'], ['POST', '/api/permissions/1-1'],
    ['POST', '/api/sessions/x/cancel'], ['POST', '/v1/embeddings'], ['POST', '/v1/messages/count_tokens'], ['GET', '/v1/files'], ['GET', '/healthz']])
    equal((await fetch(anthropic + path, { method })).status, 404, path)
// An address that the provider would fetch could carry what is read here out.
const picture = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.org/?evidence' } }] }]
equal((await post(`${openai}/chat/completions`, { model: 'any', messages: picture })).status, 400)
equal((await post(`${openai}/chat/completions`, 'no request')).status, 400)

// What is left of the budget does not buy an answer of that length.
const long = await post(`${openai}/chat/completions`, { model: 'any', messages, max_completion_tokens: 1000000 })
equal(long.status, 429)
equal(long.headers.get('x-should-retry'), 'false')

// Four at a time, the others are told so at once; who hangs up makes room.
const ask = (content, signal) => fetch(`${openai}/chat/completions`, { method: 'POST', signal, body: JSON.stringify({ model: 'any', max_completion_tokens: 9, messages: [{ role: 'user', content }] }) })
const slow = new AbortController(), asked = Array.from({ length: 8 }, () => ask('take your time', slow.signal).then(({ status }) => status, ({ name }) => name))
await new Promise(done => { let told = 0; asked.forEach(one => one.then(() => ++told === 4 && done())) })
slow.abort()
equal((await Promise.all(asked)).sort().join(), '429,429,429,429,AbortError,AbortError,AbortError,AbortError')
while ((await ask('what is wrong?')).status !== 200);

// What an answer is said to have cost is paid, however much.
equal((await ask('what does it cost?')).status, 200)
equal((await ask('what is wrong?')).status, 429)

ok(!JSON.stringify(process.env).includes(secret))
execFileSync('git', ['apply', patch])
console.log('mended as the model said\nand more')
