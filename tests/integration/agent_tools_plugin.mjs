#!/usr/bin/env node
// The tools with which an agent looks at its harness are the agent's: a plugin that asks for one is refused, whatever
// moult.json allows, and the same plugin gets what any other tool says. The agent has them but for what moult.json denies.
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deepStrictEqual as same, match } from 'node:assert'
import { cli, init, model, serve, work } from './service_home.mjs'

const harness = join(work, 'harness')
cpSync(`${process.env.MOULT_SRC}/examples/naive-harness`, harness, { recursive: true })
writeFileSync(join(harness, 'plugins/answers/answers.c'), `/* answers - says what two tools answered it. */
#include "moult.h"

static moult_action tell(moult_turn *turn)
{
    struct moult_request harness = { MOULT_ASK_TOOL, moult_str("harness_status"), moult_str("{}") };
    struct moult_request files = { MOULT_ASK_TOOL, moult_str("list_files"), moult_str("{}") };
    moult_text one = { 0 }, two = { 0 };
    if (!moult_ask(turn, &harness, &one) || !moult_ask(turn, &files, &two))
        return MOULT_WAIT;
    moult_body_set(turn, moult_format(turn, "harness: %.*s; files: %.*s", (int)one.size, one.at, (int)two.size, two.at));
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "answers",
    .summary = "says what two tools answered it",
    .answer = tell,
};
`)
const { url, asked } = await model([
    { when: { user: 'Try it', last_role: 'user' }, call: [{ name: 'harness_source', arguments: {} }, { name: 'harness_status', arguments: {} }] },
    { say: 'Hello.' },
])
init(url, { tools: { harness_source: 'deny', '*': 'allow' }, evolve: { autonomy: 'off', agent_tools: true } }, '--harness', harness)
const service = await serve()
const { stdout } = await cli(['run', 'Who are you?'])
match(stdout, /harness: .*moult\.json does not allow this tool.*; files: /s)

// What moult.json denies is not offered, and not carried out for who asks all the same.
await cli(['run', 'Try it'])
const { tools, messages } = asked().at(-1), offered = tools.map(tool => tool.function.name).filter(name => name.startsWith('harness_'))
same(offered, ['harness_failures', 'harness_propose', 'harness_status'])
const [source, status] = messages.filter(it => it.role === 'tool').map(it => it.content)
match(source, /moult\.json denies this tool/)
same(JSON.parse(status).candidates, [])
await service.stop()
console.log('ok: a plugin has no say about its harness')
process.exit()
