// shown - shipped conversations as a live harness would have them whose model is shown what its provider refuses: a
// result whose call was lost with an older part of the history, or a result that is far too large; or one that says nothing
// at all. Every third session is as it was recorded, and some results that are large were taken. Each line is one session.
//   node shown.mjs orphaned|oversize|empty TRACES
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const [fault, file] = process.argv.slice(2);
const refused = { orphaned: { class: 'bad_request', status: 400 }, oversize: { class: 'too_long', status: 400 } }[fault];
const end = refused ? { role: 'error', ...refused, attempt: 0, model: 0, models: 1 } : { role: 'assistant', content: '' };

/** A list of about so many bytes, as a tool without pages answers. */
function listOf(bytes, number) {
    const rows = [];
    for (let size = 0; size < bytes; size += rows.at(-1).length + 1)
        rows.push(JSON.stringify({ order_id: `#W${number}${1000 + rows.length}`, status: rows.length % 3 ? 'delivered' : 'pending', note: 'größte' }));
    return `[${rows.join(',')}]`;
}

const faults = {
    empty: (traj, at) => traj.slice(0, at),
    // The reply that made the call is gone, its result is there.
    orphaned: (traj, at) => [...traj.slice(0, at), ...traj.slice(at + 1, at + 2)],
    oversize: (traj, at, number) => [...traj.slice(0, at + 1), { ...traj[at + 1], content: listOf(18000 + 2000 * (number % 5), number) }],
};

gunzipSync(readFileSync(file)).toString().trimEnd().split('\n').forEach((line, number) => {
    const run = JSON.parse(line);
    const made = run.traj.flatMap((message, at) => (message.tool_calls?.length === 1 && run.traj[at + 1]?.role === 'tool' ? [at] : []));
    const at = made[number % 3];
    const fails = number % 3 !== 2 && at !== undefined;
    if (fails)
        run.traj = [...faults[fault](run.traj, at, number), end];
    else if (fault === 'oversize' && at !== undefined)
        run.traj[at + 1] = { ...run.traj[at + 1], content: listOf(9000 + 500 * (number % 4), number) };
    run.reward = fails ? 0 : 1;
    console.log(JSON.stringify(run));
});
