// clock - the clock of the day, as a story sets it for the programs that it starts with this env: see
// tests/tools/clock_shift.c. Imported, never run.
import { execFileSync } from 'node:child_process'
import { openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export const DAY = 86400
export function clock(env, work) {
    const shift = join(work, 'shift'), library = join(work, 'clock_shift.so')
    const now = () => Math.floor(Date.now() / 1000), today = Math.floor(now() / DAY)
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, `${process.env.MOULT_SRC}/tests/tools/clock_shift.c`])
    writeFileSync(shift, Buffer.alloc(8))
    const file = openSync(shift, 'r+')
    Object.assign(env, { CLOCK_SHIFT: shift, LD_PRELOAD: library,
        ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0` })
    /** By so many seconds, forward or back. */
    let by = 0
    const jump = seconds => {
        by = seconds
        const bytes = Buffer.alloc(8)
        bytes.writeBigInt64LE(BigInt(seconds))
        writeSync(file, bytes, 0, 8, 0)
    }
    return {
        jump,
        /** What these programs take for Date.now(). */
        wall: () => Date.now() + by * 1000,
        /** It is so many seconds behind midnight, UTC, of the day on which the story began. */
        is: seconds => jump(today * DAY + seconds - now()),
    }
}
