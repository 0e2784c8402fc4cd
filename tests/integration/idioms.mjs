#!/usr/bin/env node
// The table of idioms that the search ranks by is what the stock plugins say today.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
const made = spawnSync(process.execPath, [join(process.env.MOULT_SRC, 'tools/idioms.mjs'), '--check'], { encoding: 'utf8' })
process.stderr.write(made.stderr)
process.exitCode = made.status ?? 1
