// What every script knows: where the clinic is, who signs in, and what was sent and answered.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

/** `base` without a path, `users` with a token each, `clients` with id and secret: demo.json. */
export const clinic = JSON.parse(readFileSync(process.env.CLINIC, "utf8"));

/** Both prefixes serve the same API; each run of a script takes one of them. */
export const prefix = process.env.PREFIX;

export const fhirBase = `${clinic.base}/${prefix}`;

export const SYSTEM = "http://example.org/orders";
export const NURSE = "http://snomed.info/sct|224535009";

export const reference = (resource) => `${resource.resourceType}/${resource.id}`;
export const ids = (resources) => resources.map((each) => each.id);

/** An identifier that nothing else in the clinic has. */
export function identifier() {
  return { system: SYSTEM, value: randomUUID() };
}

/** A Task in nobody's pool, so that the queues of the demo stay what they are. */
export function taskDocument(elements = {}) {
  return {
    resourceType: "Task",
    status: "requested",
    intent: "order",
    identifier: [identifier()],
    ...elements,
  };
}

/** A `fetch` that remembers each exchange: method, path with query, headers, body and answer. */
export function recorder() {
  const exchanges = [];
  async function record(url, options = {}) {
    const answer = await fetch(url, { redirect: "manual", ...options });
    const text = await answer.clone().text();
    const { pathname, search } = new URL(url);
    exchanges.push({
      method: options.method ?? "GET",
      path: pathname + search,
      headers: new Headers(options.headers),
      body: options.body,
      status: answer.status,
      answer: answer.headers,
      text,
    });
    return answer;
  }
  return { exchanges, fetch: record, last: () => exchanges.at(-1) };
}

/** That an OperationOutcome says what was wrong, as R4's value sets have it. */
export function assertOutcome(outcome, code) {
  assert.equal(outcome.resourceType, "OperationOutcome");
  assert.ok(outcome.issue.length > 0);
  for (const issue of outcome.issue) {
    assert.ok(["fatal", "error", "warning"].includes(issue.severity), issue.severity);
    assert.equal(issue.code, code);
    assert.ok(issue.diagnostics || issue.details);
  }
}
