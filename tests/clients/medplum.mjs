// What the MedplumClient does besides the printed requests: see seeds.mjs for those.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import {
  assertOutcome,
  clinic,
  fhirBase,
  identifier,
  ids,
  prefix,
  recorder,
  reference,
  SYSTEM,
  taskDocument,
} from "./clinic.mjs";

const { MedplumClient, OperationOutcomeError } = await import(process.env.MEDPLUM);
const { client_id, client_secret } = clinic.clients.integration;

/** A client with the record of what it sent, signed in as nobody yet. */
function stranger(options) {
  const { exchanges, fetch, last } = recorder();
  const medplum = new MedplumClient({
    baseUrl: clinic.base,
    fhirUrlPath: prefix,
    fetch,
    ...options,
  });
  return { medplum, exchanges, last };
}

/** A client that logs in as the service account, which may do everything. */
async function login(options) {
  const signedIn = stranger(options);
  await signedIn.medplum.startClientLogin(client_id, client_secret);
  return signedIn;
}

// One login for all: a secret is slow to check on purpose.
const accessToken = (await login()).medplum.getAccessToken();
const service = (options) => stranger({ accessToken, ...options });
const person = (username, options) =>
  stranger({ accessToken: clinic.users[username].token, ...options });

/** That the server refuses, once, with an OperationOutcome of this code. */
async function refused(client, request, status, code) {
  const before = client.exchanges.length;
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof OperationOutcomeError, String(error));
    assertOutcome(error.outcome, code);
    return true;
  });
  const answers = client.exchanges.slice(before);
  assert.deepEqual(answers.map((each) => each.status), [status]); // nothing was tried again
  assert.match(answers[0].answer.get("content-type"), /^application\/fhir\+json/);
  // It cannot read every form of this header, and fails on those that it cannot.
  assert.equal(answers[0].answer.get("ratelimit"), null);
}

const transaction = (type, ...entry) => ({ resourceType: "Bundle", type, entry });
const statuses = (bundle) => bundle.entry.map((each) => each.response.status.slice(0, 3));

// Login

test("client credentials in the body", async () => {
  const { medplum, exchanges, last } = await login();
  assert.equal(exchanges.length, 1);
  assert.equal(last().path, "/oauth2/token");
  assert.match(last().headers.get("content-type"), /x-www-form-urlencoded/);
  assert.ok(last().body.includes(`client_id=${client_id}`));
  assert.match(last().answer.get("content-type"), /^application\/json/);
  const answer = JSON.parse(last().text);
  assert.equal(answer.access_token, medplum.getAccessToken());
  assert.equal(answer.token_type, "Bearer");
  assert.ok(answer.expires_in > 600, "the client renews a JWT five minutes early");
  assert.equal((await medplum.readResource("Task", "example-task")).id, "example-task");
});

test("client credentials by HTTP Basic", async () => {
  const { medplum, exchanges } = await login({ authCredentialsMethod: "header" });
  assert.match(exchanges[0].headers.get("authorization"), /^Basic /);
  assert.ok(!exchanges[0].body.includes("client_secret"));
  assert.equal((await medplum.readResource("Task", "example-task")).id, "example-task");
});

test("one login serves many requests", async () => {
  const { medplum, exchanges } = await login();
  for (let count = 0; count < 5; count++) {
    await medplum.readResource("Task", "example-task");
  }
  assert.equal(exchanges.filter((each) => each.path === "/oauth2/token").length, 1);
  assert.ok(exchanges.every((each) => !each.path.startsWith("/auth/")));
});

test("a wrong secret is told with its reason", async () => {
  const { medplum, exchanges, last } = stranger();
  await assert.rejects(medplum.startClientLogin(client_id, "wrong"), (error) => {
    const { error: code, error_description } = JSON.parse(last().text);
    assert.equal(code, "invalid_client");
    assert.ok(error_description);
    // Version 4 reads the description, and then loses it.
    const shown = process.env.MEDPLUM === "@medplum/core" ? `: ${error_description}` : "";
    assert.equal(error.message, `Failed to fetch tokens${shown}`);
    return true;
  });
  assert.equal(exchanges.length, 1);
  assert.ok([400, 401].includes(last().status));
  assert.match(last().answer.get("content-type"), /^application\/json/);
});

test("a dead token makes the client log in again", async () => {
  const { medplum, exchanges } = await login();
  medplum.setAccessToken("dead");
  assert.equal((await medplum.readResource("Task", "example-task")).id, "example-task");
  assert.deepEqual(exchanges.map((each) => each.status), [200, 401, 200, 200]);
});

test("a dead token without credentials is refused", async () => {
  const { medplum, exchanges, last } = stranger({ accessToken: "dead" });
  await assert.rejects(medplum.readResource("Task", "example-task"), OperationOutcomeError);
  assert.deepEqual(exchanges.map((each) => each.status), [401]);
  assert.match(last().answer.get("www-authenticate"), /^Bearer/);
  assertOutcome(JSON.parse(last().text), "login");
});

test("a living token without the right is 403, never 401", async () => {
  const auditor = person("auditor");
  await refused(auditor, auditor.medplum.createResource(taskDocument()), 403, "forbidden");
});

// Reading and writing

test("create answers with the whole resource", async () => {
  const { medplum, last } = service();
  const sent = taskDocument({ description: "Grüße, 你好, 🙂" });
  const task = await medplum.createResource(sent);
  const { status, answer, headers, path } = last();
  assert.equal(path, `/${prefix}/Task`);
  assert.equal(headers.get("content-type"), "application/fhir+json");
  assert.equal(headers.get("accept"), "application/fhir+json, */*; q=0.1");
  assert.equal(headers.get("x-medplum"), "extended");
  assert.equal(status, 201);
  assert.equal(answer.get("location"), `${fhirBase}/Task/${task.id}/_history/1`);
  assert.equal(answer.get("etag"), 'W/"1"');
  assert.ok(Date.parse(answer.get("last-modified")));
  assert.match(answer.get("content-type"), /^application\/fhir\+json/);
  const { id, meta, ...rest } = task;
  assert.match(id, /^[A-Za-z0-9.-]{1,64}$/);
  assert.equal(meta.versionId, "1");
  assert.ok(Date.parse(meta.lastUpdated));
  assert.deepEqual(rest, sent);
});

test("read, update and read again", async () => {
  const { medplum, last } = service();
  const task = await medplum.createResource(taskDocument());
  assert.deepEqual(await medplum.readResource("Task", task.id), task);
  assert.deepEqual(await medplum.readReference({ reference: reference(task) }), task);
  // Sends Cache-Control: no-cache.
  assert.deepEqual(await medplum.readResource("Task", task.id, { cache: "reload" }), task);
  const updated = await medplum.updateResource({ ...task, priority: "stat" });
  assert.equal(last().status, 200);
  assert.equal(last().answer.get("etag"), 'W/"2"');
  assert.equal(updated.priority, "stat");
  assert.equal(updated.meta.versionId, "2");
  assert.deepEqual(await medplum.readResource("Task", task.id), updated);
});

test("a delete answers without a body, then the resource is gone", async () => {
  const client = service();
  const { medplum, last } = client;
  const task = await medplum.createResource(taskDocument());
  assert.equal(await medplum.deleteResource("Task", task.id), undefined);
  assert.equal(last().status, 204);
  await refused(client, medplum.readResource("Task", task.id), 410, "deleted");
  const { entry } = await medplum.readHistory("Task", task.id);
  assert.equal(entry[0].request.method, "DELETE");
  assert.equal(entry[0].resource, undefined);
  assert.equal(entry[1].resource.id, task.id);
});

test("a comment on a Task", async () => {
  const { medplum } = service();
  const task = await medplum.createResource(taskDocument());
  const comment = await medplum.createComment(task, "Called twice, no answer.");
  assert.equal(comment.payload[0].contentString, "Called twice, no answer.");
  const query = `based-on=${reference(task)}`;
  assert.deepEqual(ids(await medplum.searchResources("Communication", query)), [comment.id]);
});

// Patch

test("a patch answers with the whole resource", async () => {
  const { medplum, last } = service();
  const task = await medplum.createResource(taskDocument());
  const patched = await medplum.patchResource("Task", task.id, [
    { op: "test", path: "/meta/versionId", value: "1" },
    { op: "add", path: "/description", value: "Call back" },
    { op: "replace", path: "/status", value: "accepted" },
  ]);
  assert.equal(last().headers.get("content-type"), "application/json-patch+json");
  assert.equal(last().status, 200);
  assert.equal(last().answer.get("etag"), 'W/"2"');
  assert.equal(patched.description, "Call back");
  assert.equal(patched.status, "accepted");
  assert.deepEqual(await medplum.readResource("Task", task.id), patched);
});

test("a failing test operation changes nothing", async () => {
  const client = service();
  const task = await client.medplum.createResource(taskDocument());
  const patch = (path, value) =>
    client.medplum.patchResource("Task", task.id, [
      { op: "replace", path: "/priority", value: "stat" },
      { op: "test", path, value },
    ]);
  await refused(client, patch("/meta/versionId", "7"), 412, "conflict");
  await refused(client, patch("/status", "accepted"), 422, "processing");
  assert.deepEqual(await client.medplum.readResource("Task", task.id), task);
});

test("what the printed patches need is allowed, and no more", async () => {
  const client = service();
  const { medplum } = client;
  const task = await medplum.createResource(taskDocument());
  const patch = (...operations) => medplum.patchResource("Task", task.id, operations);
  const patched = await patch(
    { op: "replace", path: "/owner", value: { reference: "Practitioner/dr-cardio" } },
    { op: "add", path: "/note/-", value: { text: "first" } },
  );
  assert.equal(patched.owner.reference, "Practitioner/dr-cardio");
  assert.deepEqual(patched.note, [{ text: "first" }]);
  for (const operation of [
    { op: "remove", path: "/performerType" },
    { op: "replace", path: "/restriction/period/end", value: "2026-01-01" },
    { op: "add", path: "/note/7", value: { text: "x" } },
    { op: "replace", path: "/note/1", value: { text: "x" } },
  ]) {
    await refused(client, patch(operation), 422, "processing");
  }
  assert.equal((await medplum.readResource("Task", task.id)).meta.versionId, "2");
});

test("a patch that copies itself to great size is refused", async () => {
  const client = service();
  const task = await client.medplum.createResource(taskDocument({ note: [{ text: "boom" }] }));
  const bomb = Array.from({ length: 25 }, () => ({ op: "copy", from: "/note", path: "/note/-" }));
  const patch = (operations) => client.medplum.patchResource("Task", task.id, operations);
  const before = client.exchanges.length;
  await assert.rejects(patch(bomb), OperationOutcomeError);
  const many = Array.from({ length: 501 }, () => ({ op: "test", path: "/id", value: task.id }));
  await assert.rejects(patch(many), OperationOutcomeError);
  const answers = client.exchanges.slice(before).map((each) => each.status);
  assert.ok(answers.every((status) => [400, 413, 422].includes(status)), String(answers));
  assert.deepEqual(await client.medplum.readResource("Task", task.id), task);
});

// Preconditions

test("If-Match stops a lost update", async () => {
  const client = service();
  const { medplum } = client;
  const first = await medplum.createResource(taskDocument());
  const edit = [{ op: "add", path: "/priority", value: "asap" }];
  const ifMatch = (version) => ({ headers: { "If-Match": `W/"${version}"` } });
  const second = await medplum.patchResource("Task", first.id, edit, ifMatch(1));
  assert.equal(second.meta.versionId, "2");
  const late = { ...first, priority: "stat" };
  await refused(client, medplum.updateResource(late, ifMatch(1)), 412, "conflict");
  await refused(client, medplum.patchResource("Task", first.id, edit, ifMatch(1)), 412, "conflict");
  await refused(client, medplum.deleteResource("Task", first.id, ifMatch(1)), 412, "conflict");
  assert.deepEqual(await medplum.readResource("Task", first.id), second);
  const third = await medplum.updateResource({ ...second, priority: "stat" }, ifMatch(2));
  assert.equal(third.meta.versionId, "3");
});

test("createResourceIfNoneExist creates once", async () => {
  const client = service();
  const { medplum, last } = client;
  const document = taskDocument();
  const query = `identifier=${SYSTEM}|${document.identifier[0].value}`;
  const made = await medplum.createResourceIfNoneExist(document, query);
  assert.equal(last().headers.get("if-none-exist"), query);
  assert.equal(last().status, 201);
  const found = await medplum.createResourceIfNoneExist({ ...document, priority: "stat" }, query);
  assert.equal(last().status, 200);
  assert.deepEqual(found, made); // the existing one, in the body
  await medplum.createResource(document);
  const again = medplum.createResourceIfNoneExist(document, query);
  await refused(client, again, 412, "multiple-matches");
});

test("upsertResource creates, then updates", async () => {
  const client = service();
  const { medplum, last } = client;
  const document = taskDocument();
  const token = `${SYSTEM}|${document.identifier[0].value}`;
  const made = await medplum.upsertResource(document, { identifier: token });
  assert.equal(last().method, "PUT");
  assert.equal(last().status, 201);
  assert.ok(last().path.startsWith(`/${prefix}/Task?identifier=http%3A%2F%2F`));
  assert.equal(made.meta.versionId, "1");
  const updated = await medplum.upsertResource(
    { ...document, priority: "urgent" },
    `identifier=${token}`,
  );
  assert.equal(last().status, 200);
  assert.deepEqual([updated.id, updated.meta.versionId], [made.id, "2"]);
  assert.equal(updated.priority, "urgent");
  await medplum.createResource(document);
  const ambiguous = medplum.upsertResource(document, { identifier: token });
  await refused(client, ambiguous, 412, "multiple-matches");
});

// Versions

test("history and versions", async () => {
  const { medplum } = service();
  const versions = [await medplum.createResource(taskDocument())];
  const { id } = versions[0];
  for (const priority of ["routine", "urgent", "asap", "stat"]) {
    versions.unshift(
      await medplum.patchResource("Task", id, [{ op: "add", path: "/priority", value: priority }]),
    );
  }
  const history = await medplum.readHistory("Task", id);
  assert.equal(history.type, "history");
  assert.equal(history.total, 5);
  assert.deepEqual(history.entry.map((each) => each.resource), versions);
  for (const entry of history.entry) {
    const { versionId } = entry.resource.meta;
    assert.equal(entry.fullUrl, `${fhirBase}/Task/${id}`);
    assert.equal(entry.request.method, versionId === "1" ? "POST" : "PATCH");
    assert.match(entry.response.status, versionId === "1" ? /^201/ : /^200/);
    assert.equal(entry.response.etag, `W/"${versionId}"`);
    assert.deepEqual(await medplum.readVersion("Task", id, versionId), entry.resource);
  }
});

test("history in pages", async () => {
  const { medplum } = service();
  const { id } = await medplum.createResource(taskDocument());
  for (const priority of ["routine", "urgent", "asap", "stat"]) {
    await medplum.patchResource("Task", id, [{ op: "add", path: "/priority", value: priority }]);
  }
  let page = await medplum.readHistory("Task", id, { count: 2 });
  const seen = [];
  for (;;) {
    assert.ok(page.entry.length <= 2);
    seen.push(...page.entry.map((each) => each.resource.meta.versionId));
    const next = page.link.find((link) => link.relation === "next");
    if (!next) {
      break;
    }
    assert.ok(next.url.startsWith(`${fhirBase}/Task/${id}/_history?`), next.url);
    page = await medplum.get(next.url);
  }
  assert.deepEqual(seen, ["5", "4", "3", "2", "1"]);
});

test("a version that never was", async () => {
  const client = service();
  const task = await client.medplum.createResource(taskDocument());
  const read = (version) => client.medplum.readVersion("Task", task.id, version);
  await refused(client, read("2"), 404, "not-found");
  await refused(client, read("none"), 404, "not-found");
});

// Search

/** A parent with `count` subtasks, of which every second is urgent. */
async function family(medplum, count) {
  const parent = await medplum.createResource(taskDocument());
  const children = [];
  for (let number = 0; number < count; number++) {
    const document = taskDocument({
      description: `Step ${number}`,
      priority: number % 2 ? "urgent" : "routine",
      partOf: [{ reference: reference(parent) }],
    });
    children.push(await medplum.createResource(document));
  }
  return { parent, children };
}

test("every way to write a query", async () => {
  const { medplum, last } = service();
  const { parent, children } = await family(medplum, 4);
  const urgent = ids([children[1], children[3]]);
  const whole = `part-of=${reference(parent)}&priority=urgent&_sort=_lastUpdated`;
  for (const query of [
    whole,
    `?${whole}`,
    { "part-of": reference(parent), priority: "urgent", _sort: "_lastUpdated" },
    new URLSearchParams(whole),
    [
      ["part-of", reference(parent)],
      ["priority", "urgent"],
      ["_sort", "_lastUpdated"],
    ],
  ]) {
    const found = await medplum.searchResources("Task", query);
    assert.deepEqual(ids(found), urgent);
    assert.equal(found.bundle.total, 2);
    for (const entry of found.bundle.entry) {
      assert.equal(entry.fullUrl, `${fhirBase}/Task/${entry.resource.id}`);
      assert.equal(entry.search.mode, "match");
    }
    const self = found.bundle.link.find((link) => link.relation === "self");
    assert.ok(self.url.startsWith(`${fhirBase}/Task?`), self.url);
  }
  assert.ok(last().path.includes("part-of=Task%2F"), last().path);
});

test("encoded colons and pipes", async () => {
  const { medplum, last } = service();
  const { parent, children } = await family(medplum, 2);
  const of = { "part-of": reference(parent) };
  await medplum.patchResource("Task", children[0].id, [
    { op: "add", path: "/owner", value: { reference: "Practitioner/dr-cardio" } },
  ]);
  const unowned = await medplum.searchResources("Task", { ...of, "owner:missing": true });
  assert.deepEqual(ids(unowned), [children[1].id]);
  assert.ok(last().path.includes("owner%3Amissing=true"), last().path);
  const token = `${SYSTEM}|${children[1].identifier[0].value}`;
  const found = await medplum.searchResources("Task", { identifier: token });
  assert.deepEqual(ids(found), [children[1].id]);
  assert.ok(last().path.includes("%7C"), last().path);
  const others = await medplum.searchResources("Task", { ...of, "priority:not": "urgent" });
  assert.deepEqual(ids(others), [children[0].id]);
  const cardios = { ...of, "owner:Practitioner.family": "Cardio" };
  assert.deepEqual(ids(await medplum.searchResources("Task", cardios)), [children[0].id]);
  const parents = { "_has:Task:part-of:identifier": token };
  assert.deepEqual(ids(await medplum.searchResources("Task", parents)), [parent.id]);
});

test("a repeated parameter is an AND", async () => {
  const { medplum } = service();
  const both = identifier();
  const task = await medplum.createResource(taskDocument({ identifier: [both, identifier()] }));
  const search = (...values) =>
    medplum.searchResources(
      "Task",
      values.map((value) => ["identifier", `${SYSTEM}|${value}`]),
    );
  const [one, two] = task.identifier.map((each) => each.value);
  assert.deepEqual(ids(await search(one, two)), [task.id]);
  assert.deepEqual(ids(await search(one, "other")), []);
  assert.deepEqual(ids(await search(`${one},${SYSTEM}|other`)), [task.id]);
});

test("the tree of a Task", async () => {
  const { medplum, last } = service();
  const { parent, children } = await family(medplum, 2);
  const grandchild = await medplum.createResource(
    taskDocument({ partOf: [{ reference: reference(children[0]) }] }),
  );
  const down = await medplum.search("Task", {
    _id: parent.id,
    "_revinclude:iterate": "Task:part-of",
  });
  assert.ok(last().path.includes("_revinclude%3Aiterate=Task%3Apart-of"), last().path);
  const of = (bundle, mode) =>
    bundle.entry.filter((each) => each.search.mode === mode).map((each) => each.resource.id);
  assert.deepEqual(of(down, "match"), [parent.id]);
  assert.deepEqual(of(down, "include").sort(), ids([...children, grandchild]).sort());
  assert.equal(down.total, 1);
  const up = await medplum.search("Task", { _id: grandchild.id, "_include:iterate": "Task:part-of" });
  assert.deepEqual(of(up, "include").sort(), ids([children[0], parent]).sort());
});

test("searchOne asks for one, and finds nothing for an unknown id", async () => {
  const { medplum, last } = service();
  const { parent, children } = await family(medplum, 2);
  const found = await medplum.searchOne("Task", { "part-of": reference(parent) });
  assert.ok(last().path.includes("_count=1"), last().path);
  assert.ok(ids(children).includes(found.id));
  assert.equal(await medplum.searchOne("Task", { _id: "never-was" }), undefined);
  assert.equal(last().status, 200);
  const { entry, total, type } = JSON.parse(last().text);
  assert.deepEqual([entry, total, type], [undefined, 0, "searchset"]);
});

test("searchResourcePages walks all pages", async () => {
  const { medplum, exchanges } = service();
  const { parent, children } = await family(medplum, 7);
  const before = exchanges.length;
  const pages = [];
  const query = { "part-of": reference(parent), _sort: "-_lastUpdated", _count: 3 };
  for await (const page of medplum.searchResourcePages("Task", query)) {
    pages.push(ids(page));
  }
  assert.deepEqual(pages.map((page) => page.length), [3, 3, 1]);
  assert.deepEqual(pages.flat(), ids(children).reverse());
  for (const { path, text } of exchanges.slice(before)) {
    assert.ok(path.startsWith(`/${prefix}/Task?`), path);
    for (const link of JSON.parse(text).link) {
      assert.ok(link.url.startsWith(`${fhirBase}/Task?`), link.url);
    }
  }
});

test("searchResourcePages without a count asks for a thousand", async () => {
  const { medplum, exchanges } = service();
  const { parent, children } = await family(medplum, 3);
  const pages = [];
  for await (const page of medplum.searchResourcePages("Task", `part-of=${reference(parent)}`)) {
    pages.push(ids(page).sort());
  }
  assert.deepEqual(pages, [ids(children).sort()]);
  assert.ok(exchanges.at(-1).path.includes("_count=1000"));
});

test("a page token stands among the other parameters in any order", async () => {
  const { medplum } = service();
  const { parent, children } = await family(medplum, 3);
  const query = { _sort: "_lastUpdated", "part-of": reference(parent), _count: 2 };
  const first = await medplum.search("Task", query);
  const next = new URL(first.link.find((link) => link.relation === "next").url);
  next.searchParams.sort();
  assert.deepEqual(ids(await medplum.searchResources("Task", next.searchParams)), [children[2].id]);
  const shuffled = new URLSearchParams([...next.searchParams].reverse());
  assert.deepEqual(ids(await medplum.searchResources("Task", shuffled)), [children[2].id]);
});

test("totals", async () => {
  const { medplum } = service();
  const { parent } = await family(medplum, 3);
  const of = { "part-of": reference(parent) };
  for (const asked of [{ _summary: "count" }, { _count: 0 }, { _total: "accurate", _count: 1 }]) {
    const bundle = await medplum.search("Task", { ...of, ...asked });
    assert.equal(bundle.total, 3);
    assert.equal(bundle.entry?.length, asked._count || undefined);
  }
});

// Bundles

test("a batch of everything", async () => {
  const { medplum, last } = service();
  const { parent, children } = await family(medplum, 2);
  const patch = [{ op: "add", path: "/priority", value: "stat" }];
  const bundle = await medplum.executeBatch(
    transaction(
      "batch",
      { resource: taskDocument(), request: { method: "POST", url: "Task" } },
      { request: { method: "GET", url: reference(parent) } },
      { request: { method: "GET", url: `/${reference(parent)}` } },
      { request: { method: "GET", url: `Task?part-of=${reference(parent)}` } },
      { request: { method: "GET", url: "Task/never-was" } },
      {
        resource: { ...children[0], description: "New" },
        request: { method: "PUT", url: reference(children[0]), ifMatch: 'W/"1"' },
      },
      {
        resource: { ...children[0], description: "Late" },
        request: { method: "PUT", url: reference(children[0]), ifMatch: 'W/"7"' },
      },
      {
        resource: {
          resourceType: "Binary",
          contentType: "application/json-patch+json",
          data: btoa(JSON.stringify(patch)),
        },
        request: { method: "PATCH", url: reference(parent) },
      },
      { request: { method: "DELETE", url: reference(children[1]) } },
      { request: { method: "GET", url: `${reference(parent)}/_history` } },
      { request: { method: "GET", url: `${reference(parent)}/_history/1` } },
    ),
  );
  // Posted to the base without a slash, and never sent elsewhere.
  assert.deepEqual([last().method, last().path, last().status], ["POST", `/${prefix}`, 200]);
  assert.equal(bundle.type, "batch-response");
  assert.deepEqual(
    statuses(bundle),
    ["201", "200", "200", "200", "404", "200", "412", "200", "204", "200", "200"],
  );
  const [made, read, slashed, found, missing, put, late, patched, , history, version] =
    bundle.entry;
  assert.equal(made.response.location, `${fhirBase}/Task/${made.resource.id}/_history/1`);
  assert.equal(made.response.etag, 'W/"1"');
  assert.equal(read.resource.id, parent.id);
  assert.equal(slashed.resource.id, parent.id);
  assert.equal(found.resource.type, "searchset");
  assertOutcome(missing.response.outcome, "not-found");
  assert.equal(missing.resource, undefined);
  assert.equal(put.resource.description, "New");
  assertOutcome(late.response.outcome, "conflict");
  assert.equal(patched.resource.priority, "stat");
  assert.equal(history.resource.type, "history");
  assert.deepEqual(version.resource, parent);
});

test("a transaction with references between its entries", async () => {
  const { medplum } = service();
  const [parent, child] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`];
  const known = identifier();
  const existing = await medplum.createResource(taskDocument({ identifier: [known] }));
  const bundle = await medplum.executeBatch(
    transaction(
      "transaction",
      {
        fullUrl: child,
        resource: taskDocument({
          partOf: [{ reference: parent }],
          basedOn: [{ reference: `Task?identifier=${SYSTEM}|${known.value}` }],
        }),
        request: { method: "POST", url: "Task" },
      },
      {
        fullUrl: parent,
        resource: taskDocument(),
        request: { method: "POST", url: "Task" },
      },
      {
        resource: taskDocument({ identifier: [known] }),
        request: {
          method: "POST",
          url: "Task",
          ifNoneExist: `identifier=${SYSTEM}|${known.value}`,
        },
      },
      {
        resource: taskDocument({ identifier: [known], priority: "asap" }),
        request: { method: "PUT", url: `Task?identifier=${SYSTEM}|${known.value}` },
      },
    ),
  );
  assert.equal(bundle.type, "transaction-response");
  assert.deepEqual(statuses(bundle), ["201", "201", "200", "200"]);
  const [first, second, third, fourth] = bundle.entry.map((each) => each.resource);
  assert.deepEqual(first.partOf, [{ reference: reference(second) }]);
  assert.deepEqual(first.basedOn, [{ reference: reference(existing) }]);
  assert.equal(third.id, existing.id);
  assert.equal(fourth.id, existing.id);
  assert.equal(fourth.priority, "asap");
});

test("a transaction fails as a whole", async () => {
  const client = service();
  const document = taskDocument();
  const failing = transaction(
    "transaction",
    { resource: document, request: { method: "POST", url: "Task" } },
    { resource: taskDocument({ status: "nonsense" }), request: { method: "POST", url: "Task" } },
  );
  const before = client.exchanges.length;
  await assert.rejects(client.medplum.executeBatch(failing), OperationOutcomeError);
  assert.deepEqual(client.exchanges.slice(before).map((each) => each.status), [422]);
  const query = { identifier: `${SYSTEM}|${document.identifier[0].value}` };
  assert.equal((await client.medplum.searchResources("Task", query)).length, 0);
});

test("requests that the client batches by itself", async () => {
  const { medplum } = service();
  const { parent, children } = await family(medplum, 2);
  const batching = person("admin", { autoBatchTime: 10 });
  const [read, found, history, missing] = await Promise.allSettled([
    batching.medplum.readResource("Task", parent.id),
    batching.medplum.searchResources("Task", `part-of=${reference(parent)}`),
    batching.medplum.readHistory("Task", parent.id),
    batching.medplum.readResource("Task", "never-was"),
  ]);
  assert.equal(batching.exchanges.length, 1);
  const urls = JSON.parse(batching.last().body).entry.map((each) => each.request.url);
  assert.equal(urls[0], `/${reference(parent)}`);
  assert.deepEqual(read.value, parent);
  assert.deepEqual(ids(found.value).sort(), ids(children).sort());
  assert.equal(history.value.type, "history");
  assertOutcome(missing.reason.outcome, "not-found");
});

// Refusals

test("each refusal is an OperationOutcome, and is asked for once", async () => {
  const client = service();
  const { medplum } = client;
  const task = await medplum.createResource(taskDocument());
  const url = (path) => `${fhirBase}/${path}`;
  const post = (body, type) => medplum.post(url("Task"), body, type);
  const nonsense = taskDocument({ status: "nonsense" });
  for (const [request, status, code] of [
    [() => medplum.readResource("Task", "never-was"), 404, "not-found"],
    [() => medplum.get(url("Nonsense/1")), 404, "not-found"],
    [() => medplum.get(url(`Task/${task.id}/nonsense/1`)), 404, "not-found"],
    [() => post("{", "application/fhir+json"), 400, "structure"],
    [() => post("hello", "text/plain"), 415, "not-supported"],
    [() => medplum.createResource(nonsense), 422, "code-invalid"],
    [() => medplum.updateResource({ ...task, intent: "plan" }), 422, "business-rule"],
    [() => medplum.put(url(reference(task)), { ...task, id: "other" }), 400, "structure"],
    [() => medplum.delete(url("metadata")), 405, "not-supported"],
    [() => medplum.search("Task", "status:nonsense=x"), 400, "invalid"],
    [() => medplum.search("Task", "authored-on=yesterday"), 400, "invalid"],
    [() => medplum.get(url("Task"), { headers: { Accept: "text/html" } }), 406, "not-supported"],
    [() => post({ ...taskDocument(), description: "x".repeat(2_100_000) }), 413, "too-long"],
  ]) {
    await refused(client, request(), status, code);
  }
});

test("a claim that comes second is a conflict", async () => {
  const nurses = [person("nurse"), person("nurse2")];
  const pool = { coding: [{ system: "http://snomed.info/sct", code: "224535009" }] };
  const { medplum } = service();
  const task = await medplum.createResource(taskDocument({ performerType: [pool] }));
  const claim = ({ medplum }) =>
    medplum.post(medplum.fhirUrl("Task", task.id, "$claim"), { resourceType: "Parameters" });
  const claimed = await claim(nurses[0]);
  assert.equal(claimed.owner.reference, clinic.users.nurse.reference);
  await refused(nurses[1], claim(nurses[1]), 409, "conflict");
});

test("nobody takes over what she may not read", async () => {
  const { medplum } = service();
  const task = await medplum.createResource(
    taskDocument({ owner: { reference: clinic.users.nurse.reference } }),
  );
  const thief = person("omni");
  const mine = { ...task, owner: { reference: clinic.users.omni.reference } };
  const { id, meta, ...anew } = mine;
  const query = `identifier=${SYSTEM}|${task.identifier[0].value}`;
  await refused(thief, thief.medplum.readResource("Task", id), 404, "not-found");
  await refused(thief, thief.medplum.updateResource(mine), 403, "forbidden");
  const never = thief.medplum.updateResource({ ...mine, id: "never-was" });
  await refused(thief, never, 403, "forbidden"); // the same for what there never was
  for (const request of [
    { method: "PUT", url: reference(task) },
    { method: "PUT", url: `/${reference(task)}` },
  ]) {
    const entry = { resource: mine, request };
    const answer = await thief.medplum.executeBatch(transaction("batch", entry));
    assert.deepEqual(statuses(answer), ["403"]);
    const whole = thief.medplum.executeBatch(transaction("transaction", entry));
    await refused(thief, whole, 403, "forbidden");
  }
  // By condition she finds nothing, and so may make one of her own, which tells her nothing.
  const made = await thief.medplum.upsertResource(anew, query);
  assert.notEqual(made.id, id);
  assert.deepEqual(await medplum.readResource("Task", id), task);
});

// Operations

test("validateResource", async () => {
  const { medplum } = service();
  const severities = (outcome) => outcome.issue.map((issue) => issue.severity);
  const good = await medplum.validateResource(taskDocument());
  assert.equal(good.resourceType, "OperationOutcome");
  assert.ok(severities(good).every((each) => ["information", "warning"].includes(each)));
  const bad = await medplum.validateResource(taskDocument({ status: "nonsense" }));
  assert.ok(severities(bad).includes("error"));
});

test("readPatientEverything", async () => {
  const { medplum } = service();
  const everything = await medplum.readPatientEverything("homer-simpson");
  const found = everything.entry.map((each) => each.resource);
  assert.ok(found.some((each) => reference(each) === "Patient/homer-simpson"));
  assert.ok(found.some((each) => each.resourceType === "Communication"));
});
