#!/usr/bin/env node
// From 100 groups on some are sealed: nobody reads them, the file does not hold them, and a report on an
// approved candidate opens them once. Killed in the middle it goes on with the same shard.
import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";

const work = mkdtempSync(join(tmpdir(), "splits-"));
process.env.XDG_CONFIG_HOME = join(work, "config");
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const home = join(work, "home"), bin = process.env.MOULT_BIN, src = process.env.MOULT_SRC;

const check = (good, what) => {
  if (good) return;
  console.log(`FAILED: ${what}`);
  process.exit(1);
};
const run = (want, ...args) => {
  try {
    const out = execFileSync(join(bin, "moult"), ["-C", home, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    check(want === 0, `exit 0, not ${want}: ${args.join(" ")}\n${out}`);
    return out.toString();
  } catch (error) {
    check(error.status === want, `exit ${error.status}, not ${want}: ${args.join(" ")}\n${error.stdout}${error.stderr}`);
    return error.stdout.toString() + error.stderr.toString();
  }
};
const json = (...args) => JSON.parse(run(0, "--json", ...args));
const file = (name) => { try { return readFileSync(join(home, name)); } catch { return Buffer.alloc(0); } };

const tools = { tools: [{ name: "look", write: false, parameters: { type: "object", properties: { id: { type: "string" } }, required: ["id"] } }] };
writeFileSync(join(work, "tools.json"), JSON.stringify(tools));
const words = (n) => Array.from({ length: 12 }, (_, i) => `word${(n * 7919 + i * 104729) % 100003}`).join(" ");
const leak = (n) => ({ task_id: n, trial: 0, reward: 0, info: { task: { user_id: `customer_${n}`, actions: [], outputs: [] } },
  traj: [{ role: "user", content: `said by customer ${n}: ${words(n)}` },
    { role: "assistant", content: `Wait.\n{"name":"look","arguments":{"id":"${n}"}}` }] });
const solved = (n) => ({ task_id: n, trial: 1, reward: 1, info: { task: { user_id: `customer_${n}` } },
  traj: [{ role: "user", content: `another ${n}: ${words(n + 1000)}` },
    { role: "assistant", content: null, tool_calls: [{ id: "a", type: "function", function: { name: "look", arguments: `{"id":"${n}"}` } }] },
    { role: "tool", tool_call_id: "a", name: "look", content: "here" }, { role: "assistant", content: "Here it is." }] });
const brings = (from, to) => {
  const lines = [];
  for (let n = from; n < to; n++) lines.push(JSON.stringify(leak(n)), JSON.stringify(solved(n)));
  writeFileSync(join(work, `runs${from}.jsonl`), lines.join("\n") + "\n");
  run(0, "import", "tau-bench", "--tools", join(work, "tools.json"), join(work, `runs${from}.jsonl`));
};

execFileSync(join(bin, "moult"), ["init", home, "--harness", join(src, "examples/naive-harness"),
  "--split-key", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"]);

// Under 100 groups there is none, and it is said.
brings(0, 60);
check(json("mine").splits.test === 0, "a test split under 100 groups");
check(/no sealed test split under 100 groups/.test(run(0, "mine")), "mine does not say that nothing is sealed");
const before = file("journal.db").toString("latin1") + file("journal.db-wal").toString("latin1");
check(before.includes("said by customer 59:"), "the journal does not hold what was imported");

// A copy under another customer's name makes no further group, and two that turn out to be one are one.
const groups = () => json("mine").clusters.find((it) => it.id === "leak_bare").groups;
const copy = (n, name) => {
  const it = leak(n);
  it.info.task.user_id = name;
  it.traj[0].content += " again";
  writeFileSync(join(work, `${name}.jsonl`), JSON.stringify(it) + "\n");
  run(0, "import", "tau-bench", "--tools", join(work, "tools.json"), join(work, `${name}.jsonl`));
};
check(groups() === 60, "not 60 groups with the failure");
copy(5, "copycat");
check(groups() === 60, "a copy is a group");
copy(7, "customer_8");
check(groups() === 59 && groups() === 59, "two that say the same are two");
check(/ kin .*copycat/.test(run(0, "audit", "show")), "and nothing says so");

// From there on new groups fall three ways; those that were split stay where they are.
brings(60, 200);
const mined = json("mine");
check(mined.splits.test >= 10 && mined.splits.sealed_sessions === 2 * mined.splits.test, `sealed: ${JSON.stringify(mined.splits)}`);
check(mined.sessions === 402 - mined.splits.sealed_sessions, `${mined.sessions} sessions are mined`);
const sessions = json("sessions").sessions ?? [];
const db = file("journal.db").toString("latin1") + file("journal.db-wal").toString("latin1");
const held = Array.from({ length: 200 }, (_, n) => n).filter((n) => db.includes(`said by customer ${n}:`));
check(held.length === 200 - mined.splits.test, `${held.length} groups can be read in the file`);
check(held.filter((n) => n < 60).length === 60, "a group that had a split was sealed");

// A candidate passes the gate without them; nothing opens before a person has approved it.
run(0, "evolve", "--quick", "--cluster", "leak_bare");
const id = json("candidates").candidates.at(-1).id;
check(/was not approved/.test(run(1, "report", id)), "a candidate that nobody approved opens a shard");
run(0, "approve", id);
const { privateKey, publicKey } = generateKeyPairSync("ed25519"); // somebody who was no reviewer when the shard began
const last32 = (key, type) => key.export({ type, format: "der" }).subarray(-32).toString("base64");
writeFileSync(join(work, "late"), `moult-ed25519-secret ${last32(privateKey, "pkcs8")}\n`, { mode: 0o600 });
writeFileSync(join(work, "late.pub"), `moult-ed25519 ${last32(publicKey, "spki")}\n`);
check(/no reviewer of this home/.test(run(1, "report", id, "--key", join(work, "late"))), "a stranger opens it");
run(0, "reviewer", "add", "late", join(work, "late.pub"));
check(/not sealed for this reviewer/.test(run(1, "report", id, "--key", join(work, "late"))), "who came later opens it");
run(0, "reviewer", "revoke", "late");
check(/revoked/.test(run(1, "report", id, "--key", join(work, "late"))), "a revoked reviewer opens it");
check(/not exist/.test(run(1, "report", id, "--key", join(work, "none"))), "no key, and no word of it");
await new Promise((done) => { // killed while it replays, or before: the opening stands
  const child = spawn(join(bin, "moult"), ["-C", home, "report", id], { stdio: "ignore" });
  const again = setInterval(() => {
    try {
      if (/opening /.test(run(0, "audit", "show"))) child.kill("SIGKILL");
    } catch { /* the next look */ }
  }, 20);
  child.on("exit", () => { clearInterval(again); done(); });
});
const claim = json("report", id);
check(claim.shard === 1 && claim.worse === 0 && claim.fixed === claim.failing && claim.failing > 5, JSON.stringify(claim));
check(Math.abs(claim.worse_at_most - (1 - 0.05 ** (1 / claim.groups))) < 1e-9, "its bound is not the exact one");
execFileSync("node", [join(src, "tests/tools/schema_check.mjs"), join(src, "docs/schemas/claim.schema.json")], { input: JSON.stringify(claim) + "\n" });
check(JSON.stringify(json("report", id)) === JSON.stringify(claim), "asked again it says something else");
const audit = run(0, "audit", "show");
check((audit.match(/ opening /g) ?? []).length === 1 && (audit.match(/ opening-end /g) ?? []).length === 1,
  `opened more than once:\n${audit}`);
run(0, "audit", "verify");
run(0, "promote", id);
check(json("report", id).parent === claim.parent, "promoted, it has another parent");
console.log("ok");
