// limited - shipped conversations as a live harness would have them whose provider fails now and then: where a
// reply stood there is an error and the turn ended with it. Which one is a table; each line is one session.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const errors = [ // by number of the session; what is not named is a rate limit, and another model was there
    [11, { class: 'too_long', status: 400 }],
    [7, { class: 'unauthorized', status: 401 }],
    [5, { class: 'bad_request', status: 400 }],
    [3, null], // nothing failed
];
const limited = { class: 'rate_limit', status: 429, retry_after_ms: 2000 };

const [file, models] = process.argv.slice(2);
gunzipSync(readFileSync(file)).toString().trimEnd().split('\n').forEach((line, number) => {
    const run = JSON.parse(line);
    const found = errors.find(([every]) => number % every === every - 1);
    const error = found ? found[1] : limited;
    const replies = run.traj.flatMap((message, at) => (message.role === 'assistant' ? [at] : []));
    const at = replies[number % 4];
    if (error && at !== undefined)
        run.traj = [...run.traj.slice(0, at), { role: 'error', ...error, attempt: 0, model: 0, models: Number(models) }];
    run.reward = error ? 0 : 1;
    console.log(JSON.stringify(run));
});
