// What fhir-kit-client does: every method of its Client and its CapabilityTool.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { CapabilityTool, Client } from "fhir-kit-client";

import {
  assertOutcome,
  clinic,
  fhirBase,
  identifier,
  ids,
  reference,
  SYSTEM,
  taskDocument,
} from "./clinic.mjs";

const person = (username) =>
  new Client({ baseUrl: fhirBase, bearerToken: clinic.users[username].token });
const client = person("admin");
const stranger = new Client({ baseUrl: fhirBase });

const resourceType = "Task";
const exchange = (result) => Client.httpFor(result).response;
const entries = (bundle, mode = "match") =>
  (bundle.entry ?? []).filter((each) => each.search.mode === mode).map((each) => each.resource);
const create = (elements) => client.create({ resourceType, body: taskDocument(elements) });
const token = ({ system, value }) => `${system}|${value}`;

async function refused(request, status, code) {
  await assert.rejects(request, (error) => {
    assert.equal(error.response?.status, status, String(error));
    assertOutcome(error.response.data, code);
    assert.match(error.config.headers.get("content-type"), /^application\/fhir\+json/);
    return true;
  });
}

// What the server says of itself

test("capabilityStatement without a token", async () => {
  const statement = await stranger.capabilityStatement();
  assert.equal(statement.resourceType, "CapabilityStatement");
  assert.equal(statement.fhirVersion, "4.0.1");
  assert.equal(statement.kind, "instance");
  const tool = new CapabilityTool(statement);
  for (const code of ["transaction", "batch", "search-system", "history-system"]) {
    assert.ok(tool.serverCan(code), code);
  }
  for (const code of [
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
  ]) {
    assert.ok(tool.resourceCan("Task", code), code);
  }
  for (const name of ["owner", "performer", "status", "patient", "part-of", "_lastUpdated"]) {
    assert.ok(tool.resourceSearch("Task", name), name);
  }
  assert.ok(!tool.resourceCan("Task", "nonsense"));
  assert.ok(!tool.resourceSearch("Task", "nonsense"));
  const contents = (capabilityType) =>
    tool.capabilityContents({ resourceType, capabilityType });
  assert.equal(contents("conditionalCreate"), true);
  assert.equal(contents("conditionalUpdate"), true);
  assert.notEqual(contents("conditionalDelete"), "not-supported");
});

test("smartAuthMetadata without a token", async () => {
  const { tokenUrl } = await stranger.smartAuthMetadata();
  assert.equal(tokenUrl?.href, `${clinic.base}/oauth2/token`);
  const configuration = await stranger.request(".well-known/smart-configuration");
  assert.equal(configuration.token_endpoint, `${clinic.base}/oauth2/token`);
  assert.ok(configuration.grant_types_supported.includes("client_credentials"));
});

// Reading and writing

test("create, read, update, delete", async () => {
  const made = await create({ description: "Wound check" });
  const { status, headers } = exchange(made);
  assert.equal(status, 201);
  assert.equal(headers.get("location"), `${fhirBase}/Task/${made.id}/_history/1`);
  assert.equal(headers.get("etag"), 'W/"1"');
  assert.deepEqual(await client.read({ resourceType, id: made.id }), made);
  const changed = { ...made, description: "Wound check, left shin" };
  const updated = await client.update({ resourceType, id: made.id, body: changed });
  assert.equal(exchange(updated).status, 200);
  assert.equal(updated.meta.versionId, "2");
  assert.equal(updated.description, "Wound check, left shin");
  assert.deepEqual(await client.vread({ resourceType, id: made.id, version: "1" }), made);
  assert.deepEqual(await client.vread({ resourceType, id: made.id, version: "2" }), updated);
  const deleted = await client.delete({ resourceType, id: made.id });
  assert.equal(exchange(deleted).status, 204);
  assert.deepEqual(deleted, {});
  await refused(client.read({ resourceType, id: made.id }), 410, "deleted");
});

test("update with an id of its own creates", async () => {
  const id = `kit-${randomUUID()}`;
  const body = { ...taskDocument(), id };
  const made = await client.update({ resourceType, id, body });
  assert.equal(exchange(made).status, 201);
  assert.equal(made.id, id);
});

test("patch", async () => {
  const { id } = await create();
  const jsonPatch = [{ op: "add", path: "/priority", value: "asap" }];
  const patched = await client.patch({ resourceType, id, jsonPatch });
  assert.equal(exchange(patched).status, 200);
  assert.equal(patched.priority, "asap");
  assert.deepEqual(await client.read({ resourceType, id }), patched);
  const failing = [{ op: "test", path: "/priority", value: "stat" }];
  await refused(client.patch({ resourceType, id, jsonPatch: failing }), 422, "processing");
  const options = { headers: { "If-Match": 'W/"1"' } };
  await refused(client.patch({ resourceType, id, jsonPatch, options }), 412, "conflict");
});

test("patch by FHIRPath", async () => {
  const { id } = await create();
  const patched = await client.request(`Task/${id}`, {
    method: "PATCH",
    body: {
      resourceType: "Parameters",
      parameter: [
        {
          name: "operation",
          part: [
            { name: "type", valueCode: "replace" },
            { name: "path", valueString: "Task.status" },
            { name: "value", valueCode: "accepted" },
          ],
        },
      ],
    },
    options: { headers: { "Content-Type": "application/fhir+json" } },
  });
  assert.equal(exchange(patched).status, 200);
  assert.equal(patched.status, "accepted");
  assert.equal(patched.meta.versionId, "2");
});

test("resolve references", async () => {
  const parent = await create();
  const child = await create({
    partOf: [{ reference: reference(parent) }],
    contained: [{ resourceType: "Location", id: "room", name: "Room 4" }],
    location: { reference: "#room" },
  });
  const [{ reference: relative }] = child.partOf;
  assert.deepEqual(await client.resolve({ reference: relative }), parent);
  const absolute = `${fhirBase}/${relative}`;
  assert.deepEqual(await client.resolve({ reference: absolute }), parent);
  const room = await client.resolve({ reference: "#room", context: child });
  assert.equal(room.name, "Room 4");
  const bundle = await client.search({
    resourceType,
    searchParams: { _id: child.id, _include: "Task:part-of" },
  });
  assert.deepEqual(await client.resolve({ reference: relative, context: bundle }), parent);
});

// Conditional writes

test("conditional create", async () => {
  const document = taskDocument();
  const options = {
    headers: { "If-None-Exist": `identifier=${token(document.identifier[0])}` },
  };
  const made = await client.create({ resourceType, body: document, options });
  assert.equal(exchange(made).status, 201);
  const found = await client.create({ resourceType, body: document, options });
  assert.equal(exchange(found).status, 200);
  assert.deepEqual(found, made);
});

test("conditional update", async () => {
  const document = taskDocument();
  const searchParams = { identifier: token(document.identifier[0]) };
  const made = await client.update({ resourceType, searchParams, body: document });
  assert.equal(exchange(made).status, 201);
  const body = { ...document, priority: "stat" };
  const updated = await client.update({ resourceType, searchParams, body });
  assert.equal(exchange(updated).status, 200);
  assert.deepEqual([updated.id, updated.priority], [made.id, "stat"]);
  await client.create({ resourceType, body: document });
  await refused(client.update({ resourceType, searchParams, body }), 412, "multiple-matches");
});

test("conditional patch and delete", async () => {
  const made = await create();
  const url = `Task?identifier=${encodeURIComponent(token(made.identifier[0]))}`;
  const patched = await client.request(url, {
    method: "PATCH",
    body: [{ op: "add", path: "/priority", value: "stat" }],
    options: { headers: { "Content-Type": "application/json-patch+json" } },
  });
  assert.equal(patched.id, made.id);
  assert.equal(patched.priority, "stat");
  const deleted = await client.request(url, { method: "DELETE" });
  assert.equal(exchange(deleted).status, 204);
  await refused(client.read({ resourceType, id: made.id }), 410, "deleted");
});

test("conditional read", async () => {
  const made = await create();
  const read = (headers) =>
    client.read({ resourceType, id: made.id, options: { headers } }).then(
      (found) => exchange(found).status,
      (error) => error.response.status,
    );
  assert.equal(await read({ "If-None-Match": 'W/"1"' }), 304);
  assert.equal(await read({ "If-None-Match": 'W/"2"' }), 200);
  const { headers } = exchange(made);
  assert.equal(await read({ "If-Modified-Since": headers.get("last-modified") }), 304);
  assert.equal(await read({ "If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT" }), 200);
});

// Preferences

test("Prefer says what comes back", async () => {
  const prefer = (value) =>
    client.create({
      resourceType,
      body: taskDocument(),
      options: { headers: { Prefer: `return=${value}` } },
    });
  const minimal = await prefer("minimal");
  assert.equal(exchange(minimal).status, 201);
  assert.equal(minimal.resourceType, undefined);
  assert.equal(exchange(minimal).headers.get("content-length"), "0");
  assert.ok(exchange(minimal).headers.get("location"));
  const outcome = await prefer("OperationOutcome");
  assert.equal(exchange(outcome).status, 201);
  assert.equal(outcome.resourceType, "OperationOutcome");
  assert.equal((await prefer("representation")).resourceType, "Task");
});

// Search

/** A parent with `count` subtasks. */
async function family(count) {
  const parent = await create();
  const children = [];
  for (let number = 0; number < count; number++) {
    children.push(await create({ partOf: [{ reference: reference(parent) }] }));
  }
  return { parent, children };
}

test("search, by GET and by POST", async () => {
  const { parent, children } = await family(3);
  const searchParams = {
    "part-of": reference(parent),
    status: ["requested", "requested,accepted"],
    "owner:missing": "true",
    _sort: "_lastUpdated",
    _total: "accurate",
  };
  for (const postSearch of [false, true]) {
    const found = await client.search({ resourceType, searchParams, options: { postSearch } });
    assert.equal(exchange(found).status, 200);
    assert.deepEqual(ids(entries(found)), ids(children));
    assert.equal(found.total, 3);
    assert.equal(found.type, "searchset");
  }
});

test("pages, by GET and by POST", async () => {
  const { parent, children } = await family(5);
  const searchParams = { "part-of": reference(parent), _sort: "_lastUpdated", _count: 2 };
  for (const postSearch of [false, true]) {
    const first = await client.search({ resourceType, searchParams, options: { postSearch } });
    const second = await client.nextPage({ bundle: first });
    const third = await client.nextPage({ bundle: second });
    const pages = [first, second, third].map((page) => ids(entries(page)));
    const [one, two, three, four, five] = ids(children);
    assert.deepEqual(pages, [[one, two], [three, four], [five]]);
    assert.equal(client.nextPage({ bundle: third }), undefined);
    // R4 asks for no way back, and pages that keep their place offer none.
    assert.equal(client.prevPage({ bundle: third }), undefined);
  }
});

test("a search over several types", async () => {
  const { parent } = await family(0);
  const communication = await client.create({
    resourceType: "Communication",
    body: { resourceType: "Communication", status: "completed", identifier: parent.identifier },
  });
  for (const postSearch of [false, true]) {
    const found = await client.search({
      searchParams: {
        _type: "Task,Communication",
        _id: [`${parent.id},${communication.id}`],
      },
      options: { postSearch },
    });
    const references = entries(found).map(reference);
    assert.deepEqual(references.sort(), [reference(communication), reference(parent)].sort());
  }
});

test("a search in a compartment", async () => {
  const patient = await client.create({
    resourceType: "Patient",
    body: { resourceType: "Patient", identifier: [identifier()] },
  });
  const mine = await create({ for: { reference: reference(patient) } });
  await create();
  const compartment = { resourceType: "Patient", id: patient.id };
  for (const postSearch of [false, true]) {
    const found = await client.search({
      resourceType,
      compartment,
      searchParams: { status: "requested" },
      options: { postSearch },
    });
    assert.deepEqual(ids(entries(found)), [mine.id]);
  }
});

test("includes both ways", async () => {
  const { parent, children } = await family(2);
  const down = await client.search({
    resourceType,
    searchParams: { _id: parent.id, _revinclude: "Task:part-of" },
  });
  assert.deepEqual(ids(entries(down)), [parent.id]);
  assert.deepEqual(ids(entries(down, "include")).sort(), ids(children).sort());
  const up = await client.search({
    resourceType,
    searchParams: { "part-of": reference(parent), _include: "Task:part-of" },
  });
  assert.deepEqual(ids(entries(up, "include")), [parent.id]);
});

// History

test("history of a resource, a type and everything", async () => {
  const made = await create();
  const { id } = made;
  const jsonPatch = [{ op: "add", path: "/priority", value: "asap" }];
  const patched = await client.patch({ resourceType, id, jsonPatch });
  await client.delete({ resourceType, id });
  for (const scope of [{ resourceType, id }, { resourceType }, {}]) {
    const history = await client.history(scope);
    assert.equal(history.type, "history");
    const own = history.entry.filter((each) => each.fullUrl === `${fhirBase}/Task/${id}`);
    assert.deepEqual(own.map((each) => each.request.method), ["DELETE", "PATCH", "POST"]);
    assert.deepEqual(own.map((each) => each.resource), [undefined, patched, made]);
    for (const { request, response } of history.entry) {
      assert.match(response.status, /^20[014]/);
      assert.ok(request.url);
    }
  }
});

test("history in pages", async () => {
  const made = [await create(), await create(), await create()];
  const first = await client.request("Task/_history?_count=2");
  const second = await client.nextPage({ bundle: first });
  const seen = [...first.entry, ...second.entry].slice(0, 3).map((each) => each.resource.id);
  assert.deepEqual(seen, ids(made).reverse());
  assert.equal(first.entry.length, 2);
});

// Bundles

const bundle = (type, ...entry) => ({ resourceType: "Bundle", type, entry });

test("batch", async () => {
  const known = await create();
  const answer = await client.batch({
    body: bundle(
      "batch",
      { resource: taskDocument(), request: { method: "POST", url: "Task" } },
      { request: { method: "GET", url: reference(known) } },
      { request: { method: "GET", url: "Task/never-was" } },
      { request: { method: "DELETE", url: reference(known) } },
    ),
  });
  // Posted to the base with a slash.
  assert.equal(Client.httpFor(answer).request.url, `${fhirBase}/`);
  assert.equal(answer.type, "batch-response");
  const statuses = answer.entry.map((each) => each.response.status.slice(0, 3));
  assert.deepEqual(statuses, ["201", "200", "404", "204"]);
  assertOutcome(answer.entry[2].response.outcome, "not-found");
});

test("transaction", async () => {
  const parent = `urn:uuid:${randomUUID()}`;
  const document = taskDocument();
  const body = bundle(
    "transaction",
    { fullUrl: parent, resource: document, request: { method: "POST", url: "Task" } },
    {
      resource: taskDocument({ partOf: [{ reference: parent }] }),
      request: { method: "POST", url: "Task" },
    },
  );
  const answer = await client.transaction({ body });
  assert.equal(answer.type, "transaction-response");
  const [made, child] = answer.entry.map((each) => each.resource);
  assert.deepEqual(child.partOf, [{ reference: reference(made) }]);
  const unique = taskDocument();
  body.entry[0].resource = unique;
  body.entry[1].resource.status = "nonsense";
  await refused(client.transaction({ body }), 422, "code-invalid");
  const searchParams = { identifier: token(unique.identifier[0]) };
  assert.deepEqual(entries(await client.search({ resourceType, searchParams })), []);
});

// Operations

test("operations on a type and on a resource", async () => {
  const pool = { coding: [{ system: "http://snomed.info/sct", code: "17561000" }] };
  const task = await create({ performerType: [pool] });
  const nurse = person("nurse");
  const cardiologist = person("cardiologist");
  const input = { resourceType: "Parameters" };
  const claim = (who) => who.operation({ name: "claim", resourceType, id: task.id, input });
  await refused(claim(nurse), 403, "forbidden");
  const claimed = await claim(cardiologist);
  assert.equal(claimed.id, task.id);
  assert.equal(claimed.owner.reference, clinic.users.cardiologist.reference);
  const validated = await client.operation({
    name: "$validate",
    resourceType,
    input: taskDocument(),
  });
  assert.equal(validated.resourceType, "OperationOutcome");
  const everything = await client.operation({
    name: "everything",
    resourceType: "Patient",
    id: "homer-simpson",
    method: "GET",
    input: { _count: 5 },
  });
  assert.equal(everything.resourceType, "Bundle");
  assert.ok(everything.entry.length > 0);
  await refused(client.operation({ name: "nonsense", resourceType, input }), 404, "not-found");
});

// Refusals

test("each refusal is JSON with an OperationOutcome", async () => {
  const task = await create();
  const body = taskDocument({ status: "nonsense" });
  const html = { headers: { Accept: "text/html" } };
  const text = { headers: { "Content-Type": "text/plain" } };
  await refused(client.read({ resourceType, id: "never-was" }), 404, "not-found");
  await refused(client.read({ resourceType: "Nonsense", id: "1" }), 404, "not-found");
  await refused(client.create({ resourceType, body }), 422, "code-invalid");
  await refused(client.read({ resourceType, id: task.id, options: html }), 406, "not-supported");
  await refused(client.create({ resourceType, body: "x", options: text }), 415, "not-supported");
  await refused(client.request("metadata", { method: "DELETE" }), 405, "not-supported");
  await refused(stranger.read({ resourceType, id: task.id }), 401, "login");
  await refused(person("auditor").delete({ resourceType, id: task.id }), 403, "forbidden");
});
