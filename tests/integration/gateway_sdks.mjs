// Programs that know nothing of moult but a base URL and a token, from the packages in the folder of the second
// argument: the clients of OpenAI and Anthropic, three frameworks of agents, and two coding agents, offline.
// usage: gateway_sdks.mjs PACKAGES
import { deepStrictEqual as same, match, ok, rejects, strictEqual as equal } from 'node:assert'
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PROTOCOLS, TOKEN, model, models, serve, work } from './gateway_home.mjs'
import { provider } from './stream_home.mjs'

globalThis.AI_SDK_LOG_WARNINGS = false
const packages = process.argv[2]
const { resolve } = createRequire(join(packages, 'package.json'))
const load = async name => import(pathToFileURL(resolve(name)).href)

const weather = { name: 'get_weather', arguments: { city: 'Oslo' } }, time = { name: 'get_time', arguments: { city: 'Rome' } }
let upstream
const script = { models: ['gpt', 'claude'], strict: true, rules: [
    { when: { user_contains: 'weather', last_role: 'user' }, say: 'Let me look.', call: weather },
    { when: { user_contains: 'both', last_role: 'user' }, call: [weather, time] },
    { when: { last_role: 'tool', result_contains: 'sunny' }, say: ['It is ', 'sunny', ' in Oslo.'] },
    ...['openai: limited', 'anthropic: limited'].map(user => ({ when: { user, times: 1 }, status: 429, headers: { 'retry-after-ms': '10' } })),
    { when: { user_contains: 'wrong' }, status: 400, error: { message: 'no such thing' } },
    { when: { user_contains: 'endless' }, say: Array.from({ length: 1000 }, (_, i) => `word ${i} `), pause_ms: 20 },
    { say: ['Hello', ' there', '.'] },
] }
const asked = text => upstream.asked().filter(it => it.body?.includes(text)).length
const gone = async text => {
    const { request } = await upstream.logged(it => it.body?.includes(text))
    equal((await upstream.logged(it => it.answered === request)).end, 'gone', text)
}
const results = { get_weather: '{"sky":"sunny"}', get_time: '{"time":"noon"}' }

async function openai(base) {
    const { default: OpenAI } = await load('openai')
    const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: TOKEN, maxRetries: 2 })
    const tools = [weather, time].map(({ name }) => ({ type: 'function', function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } } }))
    const ask = (content, more) => client.chat.completions.create({ model: 'gpt', messages: [{ role: 'user', content }], ...more })

    equal((await ask('hi')).choices[0].message.content, 'Hello there.')
    let text = '', usage
    for await (const chunk of await ask('hi', { stream: true, stream_options: { include_usage: true } })) {
        text += chunk.choices[0]?.delta.content ?? ''
        usage = chunk.usage ?? usage
    }
    same([text, usage.total_tokens > 0], ['Hello there.', true])

    for (const stream of [false, true]) { // two calls in one reply, their results, the answer
        const messages = [{ role: 'user', content: `openai: both, stream ${stream}` }]
        const first = stream ? await client.chat.completions.stream({ model: 'gpt', messages, tools }).finalMessage()
            : (await client.chat.completions.create({ model: 'gpt', messages, tools })).choices[0].message
        same(first.tool_calls.map(it => [it.function.name, JSON.parse(it.function.arguments)]), [weather, time].map(it => [it.name, it.arguments]))
        messages.push(first, ...first.tool_calls.map(it => ({ role: 'tool', tool_call_id: it.id, content: results[it.function.name] })))
        equal((await client.chat.completions.create({ model: 'gpt', messages, tools })).choices[0].message.content, 'It is sunny in Oslo.')
    }
    const response = await client.responses.create({ model: 'gpt', input: 'hi' })
    equal(response.output_text, 'Hello there.')
    let said = ''
    for await (const event of await client.responses.create({ model: 'gpt', input: 'hi', stream: true }))
        if (event.type === 'response.output_text.delta') said += event.delta
    equal(said, 'Hello there.')
    same((await client.models.list()).data.map(({ id }) => id), ['gpt', 'claude', 'next'])

    await rejects(ask('openai: wrong'), error => error instanceof OpenAI.BadRequestError && /no such thing/.test(error.message))
    equal((await ask('openai: limited')).choices[0].message.content, 'Hello there.')
    equal(asked('openai: limited'), 2, 'the client tries again, and nobody else does')
    await rejects(new OpenAI({ baseURL: `${base}/v1`, apiKey: 'no', maxRetries: 0 }).models.list(), OpenAI.AuthenticationError)
    const stop = new AbortController()
    const endless = client.chat.completions.create({ model: 'gpt', stream: true, messages: [{ role: 'user', content: 'openai: endless' }] }, { signal: stop.signal })
        .then(async stream => { for await (const chunk of stream) void chunk }).catch(() => {})
    await upstream.logged(it => it.body?.includes('openai: endless'))
    stop.abort()
    await endless
    await gone('openai: endless')
}

async function anthropic(base) {
    const { default: Anthropic } = await load('@anthropic-ai/sdk')
    const client = new Anthropic({ baseURL: base, apiKey: TOKEN, maxRetries: 2 })
    const tools = [weather, time].map(({ name }) => ({ name, input_schema: { type: 'object', properties: { city: { type: 'string' } } } }))
    const ask = (content, more) => client.messages.create({ model: 'claude', max_tokens: 99, messages: [{ role: 'user', content }], ...more })
    equal((await ask('hi')).content[0].text, 'Hello there.')
    const final = await client.messages.stream({ model: 'claude', max_tokens: 99, messages: [{ role: 'user', content: 'hi' }] }).finalMessage()
    equal(final.content[0].text, 'Hello there.')
    for (const stream of [false, true]) {
        const messages = [{ role: 'user', content: `anthropic: both, stream ${stream}` }], more = { model: 'claude', max_tokens: 99, tools }
        const first = stream ? await client.messages.stream({ ...more, messages }).finalMessage() : await client.messages.create({ ...more, messages })
        const calls = first.content.filter(it => it.type === 'tool_use')
        same(calls.map(it => [it.name, it.input]), [weather, time].map(it => [it.name, it.arguments]))
        messages.push({ role: 'assistant', content: first.content },
            { role: 'user', content: calls.map(it => ({ type: 'tool_result', tool_use_id: it.id, content: results[it.name] })) })
        equal((await client.messages.create({ ...more, messages })).content[0].text, 'It is sunny in Oslo.')
    }
    await rejects(ask('anthropic: wrong'), error => error instanceof Anthropic.BadRequestError && /no such thing/.test(error.message))
    equal((await ask('anthropic: limited')).content[0].text, 'Hello there.')
    equal(asked('anthropic: limited'), 2)
    await rejects(new Anthropic({ baseURL: base, apiKey: 'no', maxRetries: 0 }).models.list(), Anthropic.AuthenticationError)
    same((await client.models.list()).data.map(({ id }) => id), ['gpt', 'claude', 'next'])
    ok((await client.messages.countTokens({ model: 'claude', messages: [{ role: 'user', content: 'hi' }] })).input_tokens > 0)
    const stream = client.messages.stream({ model: 'claude', max_tokens: 99, messages: [{ role: 'user', content: 'anthropic: endless' }] })
    const aborted = rejects(stream.finalMessage(), Anthropic.APIUserAbortError)
    await upstream.logged(it => it.body?.includes('anthropic: endless'))
    stream.abort()
    await aborted
    await gone('anthropic: endless')
}

/** The clients, and models whose providers speak another protocol: whole and as it is made. */
async function between(base) {
    const { default: OpenAI } = await load('openai'), { default: Anthropic } = await load('@anthropic-ai/sdk')
    const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey: TOKEN, maxRetries: 0 })
    const anthropic = new Anthropic({ baseURL: base, apiKey: TOKEN, maxRetries: 0 })
    const parameters = { type: 'object', properties: { city: { type: 'string' } } }
    const ask = content => ({ model: 'claude', messages: [{ role: 'user', content }], temperature: 0.5,
        tools: [{ type: 'function', function: { name: 'get_weather', parameters } }], tool_choice: 'auto' })
    const chat = await openai.chat.completions.stream(ask('between: the weather?')).finalChatCompletion()
    same([chat.choices[0].message.content, chat.choices[0].finish_reason, chat.usage.total_tokens > 0], ['Let me look.', 'tool_calls', true])
    same(JSON.parse(chat.choices[0].message.tool_calls[0].function.arguments), weather.arguments)
    const { data, response: { headers } } = await openai.chat.completions.create({ ...ask('between: hi'), seed: 1 }).withResponse()
    same([data.choices[0].message.content, headers.get('x-moult-dropped')], ['Hello there.', 'seed'])
    await rejects(openai.chat.completions.create({ ...ask('between: hi'), logit_bias: { 1: 1 } }),
        error => error instanceof OpenAI.BadRequestError && /logit_bias/.test(error.message))

    const response = await openai.responses.stream({ model: 'claude', input: 'between: the weather?',
        tools: [{ type: 'function', name: 'get_weather', parameters, strict: false }] }).finalResponse()
    same([response.status, response.output_text, response.output.map(it => it.type)], ['completed', 'Let me look.', ['message', 'function_call']])
    same(JSON.parse(response.output[1].arguments), weather.arguments)

    const message = await anthropic.messages.stream({ model: 'gpt', max_tokens: 99, messages: [{ role: 'user', content: 'between: the weather?' }],
        tools: [{ name: 'get_weather', input_schema: parameters }], tool_choice: { type: 'any' } }).finalMessage()
    same([message.content.map(it => it.type), message.content[0].text, message.content[1].input, message.stop_reason],
        [['text', 'tool_use'], 'Let me look.', weather.arguments, 'tool_use'])
    ok(message.usage.input_tokens > 0 && message.usage.output_tokens > 0)
    const plain = await anthropic.messages.stream({ model: 'gpt', max_tokens: 99, messages: [{ role: 'user', content: 'between: hi' }] }).finalMessage()
    same([plain.content.map(it => it.text), plain.stop_reason], [['Hello there.'], 'end_turn'])
}

/** Pictures and files, in the request and at an address, to providers of another protocol: in its own words, or refused. */
async function pictures(base) {
    const { default: OpenAI } = await load('openai'), { default: Anthropic } = await load('@anthropic-ai/sdk')
    const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey: TOKEN, maxRetries: 0 })
    const anthropic = new Anthropic({ baseURL: base, apiKey: TOKEN, maxRetries: 0 })
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=='
    const pdf = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64'), at = { png: 'https://example.com/a.png', pdf: 'https://example.com/a.pdf' }
    const data = { png: `data:image/png;base64,${png}`, pdf: `data:application/pdf;base64,${pdf}` }
    const base64 = (media_type, data) => ({ type: 'base64', media_type, data }), url = url => ({ type: 'url', url })
    const all = { // in each protocol's words
        chat: [{ type: 'text', text: 'pictures: what is this?' }, { type: 'image_url', image_url: { url: data.png } },
            { type: 'image_url', image_url: { url: at.png } }, { type: 'file', file: { filename: 'a.pdf', file_data: data.pdf } }],
        responses: [{ type: 'input_text', text: 'pictures: what is this?' }, { type: 'input_image', detail: 'auto', image_url: data.png },
            { type: 'input_image', detail: 'auto', image_url: at.png }, { type: 'input_file', filename: 'a.pdf', file_data: data.pdf }],
        messages: [{ type: 'text', text: 'pictures: what is this?' }, { type: 'image', source: base64('image/png', png) },
            { type: 'image', source: url(at.png) }, { type: 'document', source: base64('application/pdf', pdf), title: 'a.pdf' }],
    }
    const user = content => [{ role: 'user', content }]
    const asks = {
        chat: (model, content) => openai.chat.completions.create({ model, messages: user(content) }),
        responses: (model, content) => openai.responses.create({ model, input: user(content) }),
        messages: (model, content) => anthropic.messages.create({ model, max_tokens: 99, messages: user(content) }),
    }
    const sent = () => { const { messages, input } = JSON.parse(upstream.last().body); return messages ?? input }
    for (const [from, model, to] of [['chat', 'claude', 'messages'], ['responses', 'claude', 'messages'], ['messages', 'gpt', 'chat'],
        ['messages', 'next', 'responses'], ['chat', 'gpt', 'chat'], ['responses', 'gpt', 'responses'], ['messages', 'claude', 'messages']]) {
        const { response } = await asks[from](model, all[from]).withResponse()
        equal(response.headers.get('x-moult-dropped'), null)
        same(sent().at(-1).content, all[to], `${from} to ${to}`)
    }

    // Files at an address: OpenAI's chat has no word for them. How closely to look: Anthropic has none.
    const far = { messages: { type: 'document', source: url(at.pdf) }, responses: { type: 'input_file', file_url: at.pdf } }
    for (const [from, model, to] of [['messages', 'next', 'responses'], ['responses', 'claude', 'messages']]) {
        await asks[from](model, [all[from][0], far[from]])
        same(sent().at(-1).content, [all[to][0], far[to]])
    }
    const before = upstream.asked().length
    for (const [from, model, part] of [['messages', 'gpt', far.messages], ['chat', 'claude', { type: 'file', file: { file_id: 'file-1' } }],
        ['chat', 'claude', { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }], ['responses', 'claude', { type: 'input_file', file_id: 'file-1' }],
        ['chat', 'claude', { type: 'file', file: { filename: 'a.csv', file_data: 'data:text/csv;base64,QSxC' } }],
        ['messages', 'next', { type: 'image', source: { type: 'file', file_id: 'file_1' } }],
        ['messages', 'gpt', { type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'found' }] }]])
        await rejects(asks[from](model, [all[from][0], part]),
            error => error.status === 400 && /a part of the type \\?"(\w+)/.exec(error.message)?.[1] === part.type)
    equal(upstream.asked().length, before, 'nobody was asked')
    const looks = await asks.chat('claude', [{ type: 'image_url', image_url: { url: at.png, detail: 'high' } }]).withResponse()
    equal(looks.response.headers.get('x-moult-dropped'), 'detail')

    // A tool's result that shows one: where the protocol takes it, else behind all results.
    const [, shown, , file] = all.messages, calls = ['c1', 'c2'].map(id => ({ type: 'tool_use', id, name: 'look', input: {} }))
    const result = (tool_use_id, content) => ({ type: 'tool_result', tool_use_id, content })
    const turn = model => anthropic.messages.create({ model, max_tokens: 99, tools: [{ name: 'look', input_schema: { type: 'object', properties: {} } }],
        messages: [{ role: 'user', content: 'pictures: look' }, { role: 'assistant', content: calls },
            { role: 'user', content: [result('c1', [{ type: 'text', text: 'one' }, shown]), result('c2', [file])] }] })
    await turn('next')
    same(sent().slice(-2).map(it => it.output), [[{ type: 'input_text', text: 'one' }, all.responses[1]], [all.responses[3]]])
    await turn('gpt')
    const behind = text => ({ type: 'text', text })
    same(sent().slice(-3), [
        { role: 'tool', tool_call_id: 'c1', content: [behind('one'), behind('(shown behind the results)')] },
        { role: 'tool', tool_call_id: 'c2', content: [behind('(shown behind the results)')] },
        { role: 'user', content: [behind('(of the result of the call c1)'), all.chat[1], behind('(of the result of the call c2)'), all.chat[3]] },
    ])
}

async function agents(base) {
    const { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } = await load('@openai/agents')
    const { z } = await load('zod')
    setTracingDisabled(true)
    for (const useResponses of [false, true]) {
        const look = tool({ name: 'get_weather', description: 'weather', parameters: z.object({ city: z.string() }), execute: async () => results.get_weather })
        const runner = new Runner({ modelProvider: new OpenAIProvider({ baseURL: `${base}/v1`, apiKey: TOKEN, useResponses }) })
        const agent = new Agent({ name: 'a', instructions: 'Help.', model: 'gpt', tools: [look] })
        equal((await runner.run(agent, `agents: the weather? ${useResponses}`)).finalOutput, 'It is sunny in Oslo.')
        const streamed = await runner.run(agent, `agents: the weather, in a stream? ${useResponses}`, { stream: true })
        await streamed.completed
        equal(streamed.finalOutput, 'It is sunny in Oslo.')
    }
}

async function langchain(base) {
    const { createAgent, tool } = await load('langchain')
    const { z } = await load('zod')
    const { ChatOpenAI } = await load('@langchain/openai'), { ChatAnthropic } = await load('@langchain/anthropic')
    const look = tool(async () => results.get_weather, { name: 'get_weather', description: 'weather', schema: z.object({ city: z.string() }) })
    const all = [new ChatOpenAI({ model: 'gpt', apiKey: TOKEN, configuration: { baseURL: `${base}/v1` } }),
        new ChatAnthropic({ model: 'claude', apiKey: TOKEN, anthropicApiUrl: base })]
    for (const [i, llm] of all.entries()) {
        const { messages } = await createAgent({ model: llm, tools: [look] }).invoke({ messages: [{ role: 'user', content: `langchain ${i}: the weather?` }] })
        equal(messages.at(-1).text, 'It is sunny in Oslo.')
    }
}

async function vercel(base) {
    const { generateText, stepCountIs, isStepCount, streamText, tool } = await load('ai')
    const { z } = await load('zod')
    const { createOpenAI } = await load('@ai-sdk/openai'), { createAnthropic } = await load('@ai-sdk/anthropic')
    const openai = createOpenAI({ baseURL: `${base}/v1`, apiKey: TOKEN }), claude = createAnthropic({ baseURL: `${base}/v1`, apiKey: TOKEN })
    const tools = { get_weather: tool({ description: 'weather', inputSchema: z.object({ city: z.string() }), execute: async () => ({ sky: 'sunny' }) }) }
    const stopWhen = (isStepCount ?? stepCountIs)(5)
    for (const [i, it] of [openai.chat('gpt'), openai.responses('gpt'), claude('claude')].entries()) {
        equal((await generateText({ model: it, tools, stopWhen, prompt: `ai ${i}: the weather?` })).text, 'It is sunny in Oslo.')
        equal(await streamText({ model: it, tools, stopWhen, prompt: `ai ${i}: the weather, in a stream?` }).text, 'It is sunny in Oslo.')
    }
}

/** A program of a package, with nothing of this machine's settings; what it said. */
async function runs(program, args, env) {
    const home = join(work, `${program.split('/').at(-1)}-home`)
    mkdirSync(home, { recursive: true })
    const child = spawn(program, args, { cwd: home, stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH, HOME: home, TERM: 'dumb', ...env } })
    let said = '', told = ''
    child.stdout.on('data', text => { said += text })
    child.stderr.on('data', text => { told += text })
    const clock = setTimeout(() => child.kill('SIGKILL'), 90000)
    const code = await new Promise(done => child.on('close', done))
    clearTimeout(clock)
    equal(code, 0, `${program}: ${said.slice(-800)}\n${told.slice(-800)}`)
    return said
}

async function claudeCode(base, model = 'claude') {
    const said = await runs(join(packages, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude'), ['-p', 'say hello, claude code'],
        { ANTHROPIC_BASE_URL: base, ANTHROPIC_API_KEY: TOKEN, ANTHROPIC_MODEL: model, ANTHROPIC_SMALL_FAST_MODEL: model,
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1' })
    equal(said.trim(), 'Hello there.')
    ok(asked('say hello, claude code') > 0)
}

async function codex(base, model = 'gpt') {
    const settings = ['model_provider="moult"', `model="${model}"`, 'model_providers.moult.name="moult"', `model_providers.moult.base_url="${base}/v1"`,
        'model_providers.moult.env_key="MOULT_TOKEN"', 'model_providers.moult.wire_api="responses"', 'analytics.enabled=false', 'check_for_update_on_startup=false']
    const said = await runs(join(packages, 'node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex'),
        ['exec', '--skip-git-repo-check', '--sandbox', 'read-only', ...settings.flatMap(it => ['-c', it]), 'say hello, codex'], { MOULT_TOKEN: TOKEN })
    match(said, /Hello there\./)
    ok(asked('say hello, codex') > 0)
}

/** A hosted session is a header: its turn of two steps is one stream, each word of which is heard before the next is said. */
async function hosted() {
    const { default: OpenAI } = await load('openai'), { default: Anthropic } = await load('@anthropic-ai/sdk')
    const up = await provider(), home = await serve('passing', models(up.url), { tools: { '*': 'allow' } })
    const openai = new OpenAI({ baseURL: `${home.url}/v1`, apiKey: TOKEN, maxRetries: 0 })
    const anthropic = new Anthropic({ baseURL: home.url, apiKey: TOKEN, maxRetries: 0 })
    const user = [{ role: 'user', content: 'what is there?' }], headers = { 'x-moult-session': 'one' }
    const asks = {
        chat: () => openai.chat.completions.create({ model: 'gpt', stream: true, messages: user }, { headers }),
        responses: () => openai.responses.create({ model: 'gpt', stream: true, input: user }, { headers }),
        messages: () => anthropic.messages.create({ model: 'gpt', max_tokens: 99, stream: true, messages: user }, { headers }),
    }
    const word = it => it.choices?.[0]?.delta.content ?? (it.type === 'response.output_text.delta' ? it.delta : it.delta?.text) ?? ''
    const ends = [/"finish_reason":"stop"/, /"type":"response.completed"/, /"type":"message_stop"/]
    for (const [i, [name, ask]] of Object.entries(asks).entries()) {
        const begun = ask()
        let says = await up.says('Let me '), said = '', last
        const events = (await begun)[Symbol.asyncIterator]()
        const hear = async want => {
            while (said !== want) {
                const { value, done } = await events.next()
                if (done) throw new Error(`${name}: said ${said}, not ${want}`)
                said += word(value)
            }
        }
        await hear('Let me ')
        await says.say('look.')
        await hear('Let me look.')
        await says.call('c1', 'list_files', {})
        says.end()
        says = await up.says('Nothing ')
        await hear('Let me look.\n\nNothing ')
        await says.say('is.')
        says.end()
        for (let it = await events.next(); !it.done; it = await events.next()) {
            said += word(it.value)
            last = it.value
        }
        equal(said, 'Let me look.\n\nNothing is.', name)
        match(JSON.stringify(last), ends[i])
    }
    await home.stop()
}

const claudeCodeBetween = base => claudeCode(base, 'gpt'), codexBetween = base => codex(base, 'claude')
for (const kind of ['held', 'passing']) {
    upstream = await model(script)
    const [gpt, claude] = models(upstream.url)
    const home = await serve(kind, [gpt, claude, { ...gpt, name: 'next', model: 'gpt', api: 'responses' }])
    for (const program of [openai, anthropic, between, pictures, agents, langchain, vercel, claudeCode, codex, claudeCodeBetween, codexBetween]) {
        await program(home.url)
        console.log(`ok: ${kind} ${program.name}`)
    }
    await home.stop()
    await upstream.end()
}
await hosted()
console.log('ok: hosted')
process.exit()
