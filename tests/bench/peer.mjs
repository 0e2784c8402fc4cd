// peer - the turn of `peers` in one of the libraries, so many times; processor time of one and memory as a line of JSON.
// usage: peer.mjs agents|langchain|ai PACKAGES BASE_URL WARM TURNS
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

globalThis.AI_SDK_LOG_WARNINGS = false
const [name, packages, baseURL, warm, turns] = process.argv.slice(2)
const { resolve } = createRequire(join(packages, 'package.json'))
const load = async name => import(pathToFileURL(resolve(name)).href)
const { z } = await load('zod')
const parameters = z.object({ city: z.string() }), apiKey = 'a-key', said = 'sunny'

const libraries = {
    async agents() {
        const { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } = await load('@openai/agents')
        setTracingDisabled(true)
        const look = tool({ name: 'get_weather', description: 'weather', parameters, execute: async () => said })
        const runner = new Runner({ modelProvider: new OpenAIProvider({ baseURL, apiKey, useResponses: false }) })
        const agent = new Agent({ name: 'a', instructions: 'Help.', model: 'main', tools: [look] })
        return async text => (await runner.run(agent, text)).finalOutput
    },
    async langchain() {
        const { createAgent, tool } = await load('langchain'), { ChatOpenAI } = await load('@langchain/openai')
        const look = tool(async () => said, { name: 'get_weather', description: 'weather', schema: parameters })
        const agent = createAgent({ model: new ChatOpenAI({ model: 'main', apiKey, configuration: { baseURL } }), tools: [look] })
        return async text => (await agent.invoke({ messages: [{ role: 'user', content: text }] })).messages.at(-1).text
    },
    async ai() {
        const { generateText, isStepCount, tool } = await load('ai'), { createOpenAI } = await load('@ai-sdk/openai')
        const tools = { get_weather: tool({ description: 'weather', inputSchema: parameters, execute: async () => said }) }
        const model = createOpenAI({ baseURL, apiKey }).chat('main'), stopWhen = isStepCount(5)
        return async prompt => (await generateText({ model, tools, stopWhen, prompt })).text
    },
}

const turn = await libraries[name]()
async function take(count) {
    for (let i = 0; i < count; i++) {
        const text = await turn(`the weather? ${i}`)
        if (text !== 'It is sunny.') throw new Error(`${name}: ${text}`)
    }
}
await take(warm)
const before = process.cpuUsage()
await take(turns)
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ ms: (user + system) / 1000 / turns, mib: process.memoryUsage.rss() / 2 ** 20 }))
process.exit(0)
