#!/usr/bin/env node
// verbs - prints the table of host verbs for docs/reference/sdk.md, from plugins/sdk/verbs.h.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const header = join(dirname(fileURLToPath(import.meta.url)), '../plugins/sdk/verbs.h');
const rows = readFileSync(header, 'utf8').replaceAll('\\\n', ' ')
    .matchAll(/V\(([^,]+), (\w+), \(([^)]*)\), \([^)]*\), "[^"]*", (\w+), (\w+), (\d),\s+"([^"]+)"\)/g);
console.log('| verb | kind | touches | cost | what it does |\n| --- | --- | --- | --- | --- |');
for (const [, returns, name, parameters, purity, effect, cost, summary] of rows)
    console.log(`| \`${returns.trim()} moult_${name}(${parameters})\` | ${purity.toLowerCase()} | ` +
        `${effect === 'NONE' ? '' : effect.toLowerCase()} | ${cost} | ${summary} |`);
