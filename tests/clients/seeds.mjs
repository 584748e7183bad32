// Every request that the source documents print with the MedplumClient, with the arguments printed,
// in the order printed, and the three requests that one of them prints with curl.
//
// The documents: "Using Tasks to Manage Clinical Workflow", "Message Response Tracking and Routing"
// and the Task API. What stands between `// Printed:` and the next empty line is theirs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assertOutcome, clinic, fhirBase, ids, prefix, reference } from "./clinic.mjs";

const { MedplumClient } = await import(process.env.MEDPLUM);

function client(options) {
  return new MedplumClient({ baseUrl: clinic.base, fhirUrlPath: prefix, ...options });
}

const service = client();
const { client_id, client_secret } = clinic.clients.integration;
await service.startClientLogin(client_id, client_secret);

/** Who acts: the person whom the page means, or one service account for all. */
const as = (username) =>
  process.env.ACTORS === "one" ? service : client({ accessToken: clinic.users[username].token });

const [alice, house, cardiologist, admin, omni] = [
  "alice",
  "house",
  "cardiologist",
  "admin",
  "omni",
].map(as);

let medplum, task, threadHeader;

/** The matches of a search, over all its pages. */
async function all(client, type, query) {
  const found = [];
  for await (const page of client.searchResourcePages(type, query)) {
    found.push(...page.filter((each) => each.resourceType === type));
  }
  return found;
}

// Using Tasks to Manage Clinical Workflow

test("unassigned tasks", async () => {
  const unowned = await admin.createResource({
    resourceType: "Task",
    status: "ready",
    intent: "order",
    performerType: [{ coding: [{ system: "https://www.bls.gov/soc", code: "29-2072" }] }],
  });
  medplum = admin;

  // Printed:
  const found = await medplum.searchResources('Task', 'owner:missing=true');

  assert.ok(found.length > 0);
  assert.equal(found.bundle.type, "searchset");
  assert.ok(found.every((each) => each.resourceType === "Task" && each.owner === undefined));
  assert.ok(ids(await all(medplum, "Task", "owner:missing=true")).includes(unowned.id));
});

// Message Response Tracking and Routing

test("create a Task for a thread", async () => {
  threadHeader = await service.createResource({
    resourceType: "Communication",
    status: "in-progress",
    topic: { text: "Short of breath on the stairs" },
    subject: { reference: "Patient/homer-simpson" },
    sender: { reference: "Patient/homer-simpson" },
    recipient: [{ reference: "Practitioner/doctor-gregory-house" }],
    payload: [{ contentString: "I cannot catch my breath on the stairs since Sunday." }],
  });
  medplum = alice;

  // Printed:
  const task_ = await medplum.createResource({
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    priority: 'routine',
    focus: { reference: `Communication/${threadHeader.id}` },
    for: { reference: 'Patient/homer-simpson', display: 'Homer Simpson' },
    performerType: [
      {
        coding: [
          {
            system: 'http://snomed.info/sct',
            code: '224535009',
            display: 'Registered nurse',
          },
        ],
      },
    ],
    requester: { reference: 'Practitioner/doctor-alice-smith' },
    authoredOn: new Date().toISOString(),
  });

  task = task_;
  assert.equal(task.meta.versionId, "1");
  assert.deepEqual(task.for, { reference: "Patient/homer-simpson", display: "Homer Simpson" });
  assert.equal(task.performerType[0].coding[0].display, "Registered nurse");
  assert.equal(task.owner, undefined);
});

test("assign directly to a specific provider", async () => {
  // "Set owner to the Practitioner reference and omit performerType": oneself, or by the service.
  const direct = await house.createResource({
    resourceType: "Task",
    status: "requested",
    intent: "order",
    owner: { reference: "Practitioner/doctor-gregory-house" },
  });
  assert.equal(direct.owner.reference, "Practitioner/doctor-gregory-house");
  assert.equal(direct.performerType, undefined);
});

test("unclaimed tasks of a pool", async () => {
  // Printed after the claim; asked before it, so that there is something to see.
  medplum = house;

  // Printed:
  const bundle = await medplum.search('Task', {
    performer: 'http://snomed.info/sct|224535009',
    status: 'requested',
  });

  assert.equal(bundle.type, "searchset");
  for (const { resource } of bundle.entry) {
    assert.equal(resource.status, "requested");
    assert.ok(resource.performerType.some((type) => type.coding[0].code === "224535009"));
  }
  const query = { performer: "http://snomed.info/sct|224535009", status: "requested" };
  assert.ok(ids(await all(medplum, "Task", query)).includes(task.id));
});

test("claim a Task from the pool", async () => {
  medplum = house;

  // Printed:
  const claimed = await medplum.patchResource('Task', task.id, [
    { op: 'replace', path: '/status', value: 'accepted' },
    {
      op: 'replace',
      path: '/owner',
      value: { reference: 'Practitioner/doctor-gregory-house', display: 'Dr. Gregory House' },
    },
  ]);

  assert.equal(claimed.status, "accepted");
  assert.deepEqual(claimed.owner, {
    reference: "Practitioner/doctor-gregory-house",
    display: "Dr. Gregory House",
  });
  const query = { performer: "http://snomed.info/sct|224535009", status: "requested" };
  assert.ok(!ids(await all(medplum, "Task", query)).includes(task.id));
});

test("reroute to a different provider", async () => {
  medplum = house;

  // Printed:
  const rerouted = await medplum.patchResource('Task', task.id, [
    {
      op: 'replace',
      path: '/owner',
      value: { reference: 'Practitioner/dr-cardio', display: 'Dr. Cardio' },
    },
    {
      op: 'remove',
      path: '/performerType',
    },
  ]);
  const informed = await medplum.patchResource('Communication', threadHeader.id, [
    { op: 'replace', path: '/recipient', value: [{ reference: 'Practitioner/dr-cardio', display: 'Dr. Cardio' }] },
  ]);

  assert.equal(rerouted.owner.reference, "Practitioner/dr-cardio");
  assert.equal(rerouted.performerType, undefined);
  assert.deepEqual(informed.recipient, [rerouted.owner]);
  assert.deepEqual(informed.payload, threadHeader.payload);
  assert.deepEqual(informed.sender, threadHeader.sender);
});

test("reroute to a provider pool", async () => {
  medplum = cardiologist;

  // Printed:
  const pooled = await medplum.patchResource('Task', task.id, [
    { op: 'remove', path: '/owner' },
    { op: 'replace', path: '/status', value: 'requested' },
    {
      op: 'add',
      path: '/performerType',
      value: [
        {
          coding: [
            {
              system: 'http://snomed.info/sct',
              code: '17561000',
              display: 'Cardiologist',
            },
          ],
        },
      ],
    },
  ]);
  const unsent = await medplum.patchResource('Communication', threadHeader.id, [{ op: 'remove', path: '/recipient' }]);

  assert.equal(pooled.owner, undefined);
  assert.equal(pooled.status, "requested");
  assert.equal(pooled.performerType[0].coding[0].display, "Cardiologist");
  assert.equal(unsent.recipient, undefined);
});

test("find tasks routed to a pool", async () => {
  medplum = cardiologist;

  // Printed:
  // Task-based routing: find unclaimed Tasks in a pool by performer role
  const bundle = await medplum.search('Task', {
    performer: 'http://snomed.info/sct|17561000',
    'owner:missing': true,
    _include: 'Task:focus',
  });

  const of = (mode) =>
    bundle.entry.filter((each) => each.search.mode === mode).map((each) => each.resource);
  assert.ok(of("match").every((each) => each.resourceType === "Task" && !each.owner));
  assert.ok(ids(of("match")).includes(task.id));
  assert.ok(ids(of("include")).includes(threadHeader.id));
  const focused = of("match").map((each) => each.focus?.reference);
  assert.ok(of("include").every((each) => focused.includes(reference(each))));
});

test("version history is the audit trail", async () => {
  medplum = admin;

  // Printed:
  const history = await medplum.readHistory('Task', task.id);

  assert.equal(history.type, "history");
  assert.deepEqual(
    history.entry.map((each) => each.resource.meta.versionId),
    ["4", "3", "2", "1"],
  );
  assert.deepEqual(
    history.entry.map((each) => each.resource.owner?.reference),
    [undefined, "Practitioner/dr-cardio", "Practitioner/doctor-gregory-house", undefined],
  );
  for (const { resource } of history.entry) {
    const version = await medplum.readVersion("Task", task.id, resource.meta.versionId);
    assert.deepEqual(version, resource);
  }
});

test("a reason as free text", async () => {
  medplum = cardiologist;
  assert.equal(task.note, undefined);

  // Printed:
  const noted = await medplum.patchResource('Task', task.id, [
    {
      op: 'replace',
      path: '/owner',
      value: { reference: 'Practitioner/dr-cardio', display: 'Dr. Cardio' },
    },
    {
      op: 'add',
      path: '/note/-',
      value: {
        authorReference: { reference: 'Practitioner/doctor-gregory-house' },
        time: new Date().toISOString(),
        text: 'Rerouting to cardiology — patient has new cardiac symptoms',
      },
    },
  ]);

  assert.equal(noted.owner.reference, "Practitioner/dr-cardio");
  assert.equal(noted.note.length, 1);
  assert.equal(noted.note[0].text, "Rerouting to cardiology — patient has new cardiac symptoms");
  assert.equal(noted.note[0].authorReference.reference, "Practitioner/doctor-gregory-house");
});

test("a reason as a code", async () => {
  medplum = house;

  // Printed:
  const provenance = await medplum.createResource({
    resourceType: 'Provenance',
    target: [{ reference: `Task/${task.id}` }],
    recorded: new Date().toISOString(),
    agent: [
      {
        who: { reference: 'Practitioner/doctor-gregory-house', display: 'Dr. Gregory House' },
      },
    ],
    reason: [
      {
        coding: [
          {
            system: 'https://medplum.com/CodeSystem/reroute-reason',
            code: 'specialty-referral',
            display: 'Specialty referral',
          },
        ],
      },
    ],
  });

  assert.equal(provenance.reason[0].coding[0].code, "specialty-referral");
  // "You can then query Provenance?target=Task/{id}": by her who now has the Task.
  const history = await cardiologist.searchResources("Provenance", `target=Task/${task.id}`);
  assert.ok(ids(history).includes(provenance.id));
  for (const each of history) {
    assert.ok(each.target.some((target) => target.reference.startsWith(`Task/${task.id}`)));
  }
});

test("update the Task in place", async () => {
  medplum = house;
  task = await medplum.createResource({
    resourceType: "Task",
    status: "accepted",
    intent: "order",
    owner: { reference: "Practitioner/doctor-gregory-house" },
  });

  // Printed:
  const moved = await medplum.patchResource('Task', task.id, [
    { op: 'replace', path: '/owner', value: { reference: 'Practitioner/dr-cardio' } },
  ]);

  assert.deepEqual(moved.owner, { reference: "Practitioner/dr-cardio" });
  assert.equal((await cardiologist.readResource("Task", task.id)).meta.versionId, "2");
  if (house !== service) {
    // "The original owner loses access."
    await assert.rejects(house.readResource("Task", task.id), (error) => {
      assertOutcome(error.outcome, "not-found");
      return true;
    });
  }
});

test("create a new Task for the new owner", async () => {
  medplum = house;
  task = await medplum.createResource({
    resourceType: "Task",
    status: "accepted",
    intent: "order",
    priority: "urgent",
    focus: { reference: reference(threadHeader) },
    for: { reference: "Patient/homer-simpson", display: "Homer Simpson" },
    owner: { reference: "Practitioner/doctor-gregory-house" },
  });

  // Printed:
  const newTask = await medplum.createResource({
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    priority: task.priority,
    focus: task.focus,
    for: task.for,
    owner: { reference: 'Practitioner/dr-cardio', display: 'Dr. Cardio' },
    requester: { reference: 'Practitioner/doctor-gregory-house' },
    authoredOn: new Date().toISOString(),
    note: [
      {
        authorReference: { reference: 'Practitioner/doctor-gregory-house' },
        time: new Date().toISOString(),
        text: 'Rerouted from original Task — needs cardiology review',
      },
    ],
  });
  const original = await medplum.patchResource('Task', task.id, [
    { op: 'replace', path: '/status', value: 'cancelled' },
    {
      op: 'add',
      path: '/note/-',
      value: {
        authorReference: { reference: 'Practitioner/doctor-gregory-house' },
        time: new Date().toISOString(),
        text: 'Rerouted to Dr. Cardio — see new Task',
      },
    },
  ]);

  assert.equal(newTask.priority, "urgent");
  assert.deepEqual(newTask.focus, task.focus);
  assert.equal(original.status, "cancelled");
  assert.equal(original.note[0].text, "Rerouted to Dr. Cardio — see new Task");
  // "Both owners can see their respective Task resources."
  const query = `focus=${task.focus.reference}`;
  assert.ok(ids(await all(house, "Task", query)).includes(task.id));
  assert.ok(ids(await all(cardiologist, "Task", query)).includes(newTask.id));
  const both = ids(await all(admin, "Task", query));
  assert.ok(both.includes(task.id) && both.includes(newTask.id));
});

// The Task API, as curl sends it

async function curl(path, options = {}) {
  const answer = await fetch(`${fhirBase}/${path}`, {
    redirect: "manual",
    ...options,
    headers: { Authorization: `Bearer ${omni.getAccessToken()}`, ...options.headers },
  });
  return [answer, await answer.json()];
}

test("curl: create a Task", async () => {
  const printed = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "priority": "urgent",
    "code": {
      "coding": [{
        "system": "http://hl7.org/fhir/CodeSystem/task-code",
        "code": "fulfill",
        "display": "Fulfill the focal request"
      }]
    },
    "description": "Review abnormal lab results and contact patient",
    "for": {
      "reference": "Patient/65f1234567890abcdef12345"
    },
    "authoredOn": "2024-03-15T08:00:00Z",
    "requester": {
      "reference": "Practitioner/65f9876543210abcdef98765"
    },
    "owner": {
      "reference": "Practitioner/65f9876543210abcdef98765"
    },
    "restriction": {
      "period": {
        "end": "2024-03-16T17:00:00Z"
      }
    },
    "note": [{
      "text": "HbA1c results came back at 8.2%, need to discuss treatment adjustment"
    }]
  };
  const [answer, created] = await curl("Task", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(printed),
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get("location"), `${fhirBase}/Task/${created.id}/_history/1`);
  for (const [name, value] of Object.entries(printed)) {
    assert.deepEqual(created[name], value);
  }
});

test("curl: list the Tasks of an owner", async () => {
  const [answer, found] = await curl(
    "Task?owner=Practitioner/65f9876543210abcdef98765&status=requested",
  );
  assert.equal(answer.status, 200);
  assert.ok(found.entry.length > 0);
  for (const { resource } of found.entry) {
    assert.equal(resource.owner.reference, "Practitioner/65f9876543210abcdef98765");
    assert.equal(resource.status, "requested");
  }
});

test("curl: mark a Task as completed", async () => {
  const printed = {
    "resourceType": "Task",
    "id": "65f8901234567abcdef89012",
    "status": "completed",
    "intent": "order",
    "priority": "urgent",
    "description": "Review abnormal lab results and contact patient",
    "for": {
      "reference": "Patient/65f1234567890abcdef12345"
    },
    "owner": {
      "reference": "Practitioner/65f9876543210abcdef98765"
    },
    "note": [{
      "text": "Contacted patient, scheduled follow-up appointment"
    }]
  };
  const [answer, completed] = await curl("Task/65f8901234567abcdef89012", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(printed),
  });
  assert.equal(answer.status, 200);
  for (const [name, value] of Object.entries(printed)) {
    assert.deepEqual(completed[name], value);
  }
  const [, read] = await curl("Task/65f8901234567abcdef89012");
  assert.deepEqual(read, completed);
});
