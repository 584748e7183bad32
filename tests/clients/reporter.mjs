// One JSON object a line for each check, for pytest to read.

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type === "test:pass" || type === "test:fail") {
      const error = data.details.error?.cause ?? data.details.error;
      yield `${JSON.stringify({
        name: data.name,
        problem: type === "test:pass" ? null : (error?.stack ?? String(error)),
      })}\n`;
    }
  }
}
