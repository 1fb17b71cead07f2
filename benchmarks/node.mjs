// Reply to each line of JSON with another: report versions, store a token, or measure a number of verifications.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createVerifier } from "fast-jwt";
import { verifyIdentityToken } from "@privy-io/node";
import { importSPKI } from "jose";

let calls = {};

const parsed = (claims) => [JSON.parse(claims.linked_accounts), JSON.parse(claims.custom_metadata ?? "null")];

async function take({ token, appId, pem }) {
  const key = await importSPKI(pem, "ES256");
  const official = (verification_key) => () =>
    verifyIdentityToken({ identity_token: token, app_id: appId, verification_key });
  const rules = { key: pem, algorithms: ["ES256"], allowedIss: "privy.io", allowedAud: appId };
  const uncached = createVerifier({ ...rules, cache: false });
  const cached = createVerifier({ ...rules, cache: true });
  calls = {
    official: official(key),
    officialFromPem: official(pem),
    fastJwt: () => parsed(uncached(token)),
    fastJwtCached: () => parsed(cached(token)),
  };
  const user = await calls.official();
  if (!user.id) throw new Error("the official SDK found no user");
}

async function time({ name, count }) {
  const call = calls[name];
  const start = process.cpuUsage();
  for (let i = 0; i < count; i++) await call();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function versions() {
  const of = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
  return { node: process.version, "@privy-io/node": of("@privy-io/node"), "fast-jwt": of("fast-jwt") };
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const answer = {};
  if (question.ask === "versions") answer.versions = versions();
  else if (question.ask === "token") await take(question);
  else answer.seconds = await time(question);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
