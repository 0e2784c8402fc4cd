// load - clients that have turn after turn while something else is done: how long their turns took, and how many were
// lost. A turn is two requests, and a call in between that the client answers. Imported, never run.
import { ask, calls, pause, says } from '../integration/crash_home.mjs'

/** What the model behind them says. It thinks for so long that clients wait for it, and not for the processor. */
const THINKS_MS = 100
export async function provider({ messages }) {
    await pause(THINKS_MS)
    return messages.at(-1).role === 'user' ? calls([`c${messages.length}`, 'look', {}]) : says('done')
}

/** One turn; whether it was answered to its end. */
export async function turn(socketPath, text) {
    const send = messages => ask(socketPath, { model: 'main', messages }, {})
    const messages = [{ role: 'user', content: text }], first = await send(messages)
    if (first.status !== 200) return false
    const { message } = first.choices[0]
    const second = await send([...messages, message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'seen' }])
    return second.status === 200 && second.choices[0].message.content === 'done'
}

export function load(socketPath, count) {
    const it = { lost: 0, turns: 0, under }
    /** All clients, until work has ended; what their turns took, in milliseconds. */
    async function under(work) {
        const took = []
        let over = false
        const clients = Array.from({ length: count }, async () => {
            while (!over) {
                const start = performance.now()
                if (await turn(socketPath, `turn ${++it.turns}`)) took.push(performance.now() - start)
                else it.lost++
            }
        })
        await work()
        over = true
        await Promise.all(clients)
        return took
    }
    return it
}

/** Runs change again and again for that long, one begun every so many milliseconds; how many there were. */
export async function paced(ms, every, change) {
    const start = performance.now()
    let count = 0
    for (let next = start; next < start + ms; next += every) {
        await pause(Math.max(0, next - performance.now()))
        await change()
        count++
    }
    return count
}
