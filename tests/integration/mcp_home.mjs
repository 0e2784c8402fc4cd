// mcp_home - what the stories of moult as an MCP server share: a home with a failure that a patch of its router mends,
// and that patch. Imported, never run.
import { request } from 'node:http'
import { strictEqual as equal } from 'node:assert'
import { init, json, model, serve, socket, work } from './service_home.mjs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const CLUSTER = 'turn_failed_rate_limit'
export const TOKENS = { alice: 'alice-token-0123456789', watch: 'watch-token-0123456789' }
export const patch = condition => `--- a/plugins/router/router.c
+++ b/plugins/router/router.c
@@ -21,6 +21,10 @@ static moult_action handle_error(moult_turn *turn)
         moult_explain(turn, "the connection broke: once more");
         return MOULT_RETRY;
     }
+    if (class == MOULT_RATE_LIMIT && attempt == 0 && ${condition}) {
+        moult_explain(turn, "the rate is limited: another model");
+        return MOULT_RETRY;
+    }
     moult_explain(
         turn, "model error of class %lld, attempt %lld", (long long)class, (long long)attempt);
     return MOULT_PASS;
`
export const proposal = (condition = 'moult_use_model(turn, 1)') => ({ plugin: 'router', cluster: CLUSTER,
    why: 'another model answers while the rate of the first is limited', patch: patch(condition) })

/** A request on the socket, or by TCP; headers of the answer included. */
export const ask = (to, path, { method = 'POST', body = '', headers = {} } = {}) => new Promise((done, failed) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers }
    request({ ...to, path, method, headers: all }, async answer => {
        let said = ''
        for await (const piece of answer) said += piece
        done({ status: answer.statusCode, headers: answer.headers, text: said, json: said.startsWith('{') ? JSON.parse(said) : null })
    }).on('error', failed).end(text)
})

/** The service of a home in which 40 customers met a rate limit; what is open then is CLUSTER. */
export async function mended(config = {}) {
    const { url } = await model([
        { when: { model: 'main', user_contains: 'order' }, status: 429, headers: { 'retry-after': '2' } },
        { say: 'Fine.' },
    ])
    init(url, { listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' } }, canary: { turns: 0, seconds: 0 }, ...config,
        evolve: { autonomy: 'off', budget: { rounds: 2 }, ...config.evolve } }, '--split-key', '07'.repeat(32))
    writeFileSync(join(work, 'home/tokens'), `${TOKENS.alice} alice\n${TOKENS.watch} watch operator\n`, { mode: 0o600 })
    const service = await serve()
    const turn = (content, group) => ask({ socketPath: socket }, '/v1/chat/completions',
        { body: { model: 'main', messages: [{ role: 'user', content }] }, headers: { 'x-moult-group': group } })
    for (let i = 0; i < 40; i++) equal((await turn(`my order ${i}`, `customer ${i}`)).status, 429)
    for (let i = 0; i < 12; i++) equal((await turn(`hello ${i}`, `visitor ${i}`)).status, 200)
    await json('mine')
    return service
}
