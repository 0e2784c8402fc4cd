// figures - what the benchmarks of the running service share: a figure a line for moult-bench, and a limit of time.
// Imported, never run; the homes and the clients are those of the stories.
import { readdirSync, readFileSync } from 'node:fs'

const LIMIT_S = 300
setTimeout(() => {
    console.error(`not done in ${LIMIT_S} s`)
    process.exit(1)
}, Number(process.env.MOULT_SWAPS ?? 0) > 1000 ? 7200000 : LIMIT_S * 1000).unref()

/** aim: what it is held against (0: nothing). */
export const figure = (name, value, unit, aim = 0) => console.log([name, value, unit, aim].join('\t'))
export const skip = why => console.error(`SKIPPED: ${why}`)

export const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]
export const median = values => quantile(values, 0.5)
export function times(name, values, aim) {
    figure(`${name}, median`, median(values), 'ms', aim)
    figure(`${name}, ninth decile`, quantile(values, 0.9), 'ms')
}

/** Processor time that the threads of a process have used, in milliseconds: to the nanosecond, where stat has ticks. */
export const used = pid => readdirSync(`/proc/${pid}/task`).reduce((sum, thread) =>
    sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e6
