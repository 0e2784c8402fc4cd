// memory - what the broker and its workers hold after a thousand turns of the gateway, each a conversation of its own.
// Pages of files (programs, libraries, the mapped journal) are told apart from memory that the broker asked for.
import { readFileSync } from 'node:fs'
import { makeHome, model, resident, says } from '../integration/crash_home.mjs'
import { figure } from './figures.mjs'

const TURNS = 1000, AT_ONCE = 8, MIB = 2 ** 20
const own = pid => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
const upstream = await model(() => says('here'))
const it = makeHome(upstream.url), service = await it.serve()
let next = 0
async function client() {
    for (let i = next++; i < TURNS; i = next++) {
        const { status, text } = await it.ask([{ role: 'user', content: `conversation ${i}` }])
        if (status !== 200) throw new Error(text)
        if (i === 0) figure('broker, after its first turn', resident(service.pid) / MIB, 'MiB')
    }
}
await Promise.all(Array.from({ length: AT_ONCE }, client))
const { workers } = await it.status(), broker = resident(service.pid)
const worker = Math.max(...workers.map(({ pid }) => resident(pid)))
figure('turns', TURNS, 'times')
figure('broker', broker / MIB, 'MiB')
figure('broker, without pages of files', own(service.pid) / MIB, 'MiB')
figure('largest worker', worker / MIB, 'MiB')
figure('broker and largest worker', (broker + worker) / MIB, 'MiB', 20)
await service.end()
process.exit(0)
