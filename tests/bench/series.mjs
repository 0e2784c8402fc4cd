// series - what a process holds over many swaps: a table on standard error, and the slope of a straight line through
// it, so that a leak of a few bytes a swap is seen where a figure before and after hides it. Imported, never run.
import { readFileSync } from 'node:fs'
import { below, descriptors, resident } from '../integration/crash_home.mjs'

const MIB = 2 ** 20, SETTLED = 0.2 // the first samples still fill caches
/** Memory that is no file's page. */
export const anonymous = pid => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024

const columns = ['swaps', 'seconds', 'broker MiB', 'of it anonymous', 'descriptors', 'processes', 'theirs MiB']
const gone = look => pid => { try { return look(pid) } catch { return 0 } } // it may end while it is looked at

export function series(pid) {
    const rows = [], start = performance.now()
    console.error(columns.map(it => it.padStart(15)).join(' '))
    return {
        rows,
        sample(swaps) {
            const children = below(pid)
            const row = [swaps, (performance.now() - start) / 1e3, resident(pid) / MIB, anonymous(pid) / MIB, descriptors(pid),
                children.length, children.reduce((sum, it) => sum + gone(resident)(it.pid), 0) / MIB]
            rows.push(row)
            console.error(row.map(it => it.toFixed(Number.isInteger(it) ? 0 : 2).padStart(15)).join(' '))
        },
        /** How much a column grows in a thousand swaps: least squares. */
        slope(column) {
            const at = columns.indexOf(column), late = rows.slice(Math.floor(rows.length * SETTLED))
            const mean = pick => late.reduce((sum, row) => sum + pick(row), 0) / late.length
            const x = mean(row => row[0]), y = mean(row => row[at])
            return 1000 * mean(row => (row[0] - x) * (row[at] - y)) / mean(row => (row[0] - x) ** 2)
        },
    }
}
