// Answers JSON lines with the JavaScript decider, so that its answers can be compared.
import { createInterface } from "node:readline";
import * as decider from "../../../policies/client/js/decider.mjs";

// Only the expression of tests/vectors/bundle.json, which means the same to RE2 and to JavaScript.
const pattern = (source) => {
  const expression = new RegExp(source.replace("(?i)", ""), "i");
  return (text) => expression.test(text);
};
let policy;

const CARRIED_OUT = {
  request: (counts, { at }) => counts.request(at),
  begin: (counts, { at, target }) => counts.begin(at, target),
  retry: (counts, { at, target }) => counts.begin(at, target, { retry: true }),
  end: (counts, { at, target, failure_kind: kind }) => counts.end(at, target, kind),
  ask: () => {},
};

const ANSWERS = {
  load({ bundle, plain }) {
    policy = decider.load(bundle, plain ? {} : { pattern });
    return true;
  },
  decide: ({ request }) => decider.decide(policy, request),
  next: ({ decision, attempts, options }) =>
    decider.nextAttempt(policy, decision, attempts, options),
  chain: ({ request, attempts, runtime }) =>
    decider.nextAttempt(policy, decider.decide(policy, request), attempts, {
      request_id: request.request_id,
      runtime,
    }),
  display: ({ class_key: key, model, failure_kind: kind, requirements }) =>
    decider.fullChain(policy, key, model, kind, requirements),
  count({ breaker, retry_budget, steps }) {
    const counts = new decider.Counts({ breaker, retry_budget });
    return steps.map((step) => {
      for (let i = 0; i < (step.times ?? 1); i += 1) CARRIED_OUT[step.do](counts, step);
      const runtime = counts.runtime(step.at);
      return { ...runtime, open_breakers: runtime.open_breakers.sort() };
    });
  },
  canonical: ({ text }) => [decider.canonical(JSON.parse(text)), decider.digest(JSON.parse(text))],
  number({ ieee754 }) {
    return decider.canonical(Buffer.from(ieee754, "hex").readDoubleBE(0));
  },
  unit: ({ text }) => decider.unit(text),
  dealt({ states, salt, key }) {
    const candidates = Object.entries(states.at(-1)).map(([model, weight]) => ({ model, weight }));
    const sorted = states.map((state) => Object.entries(state).sort());
    return {
      holders: decider.dealt(sorted, salt, key).holders,
      order: decider.dealtOut(candidates, sorted, salt, key).map(({ model }) => model),
    };
  },
  wait: ({ bound_ms: bound, request_id: id, number }) =>
    decider.backoffMs({ base_ms: bound, max_ms: bound, factor: 2, jitter: "full" }, 1, id, number),
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = ANSWERS[asked.do](asked);
  } catch (error) {
    answer = { error: `${error.constructor.name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
