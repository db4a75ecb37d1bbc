// What a policy means, for routers in JavaScript: no dependencies, no clock, no network.
//
//   const policy = load(release.bundle);
//   const decision = decide(policy, { attributes: { task: "refund" }, request_id: "r-1" });
//   const next = nextAttempt(policy, decision, attempts, { request_id: "r-1", runtime });
//
// Written from docs/documents.md, and held to tests/vectors. Documents are not checked here: they
// come from a release whose signature was verified, and the console has read them. What this file
// does not know, such as a newer operator, is refused by `load` and never passed over.

export class CannotCarryOut extends Error {}

const MOST = 2 ** 53;
const FAILURE_KINDS = [
  "rate_limit", "quota_exhausted", "timeout", "stream_interrupted", "server_error", "overloaded",
  "network", "auth", "not_found", "bad_request", "content_policy", "context_window",
  "capability_unsupported", "budget_exceeded", "invalid_output", "low_quality",
];

// ---- Hashing and canonical form -------------------------------------------------------------

const ROUND_CONSTANTS = new Uint32Array(64);
const FIRST_HASH = new Uint32Array(8);
{
  // The first 32 bits of the fractional parts of cube and square roots of primes (FIPS 180-4),
  // worked out in whole numbers.
  const root = (value, power) => {
    let low = 0n;
    let high = 1n << 40n;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (middle ** power <= value << (32n * power)) low = middle;
      else high = middle;
    }
    return Number(low & 0xffffffffn);
  };
  let found = 0;
  for (let number = 2; found < 64; number += 1) {
    let prime = true;
    for (let by = 2; by * by <= number; by += 1) if (number % by === 0) prime = false;
    if (!prime) continue;
    if (found < 8) FIRST_HASH[found] = root(BigInt(number), 2n);
    ROUND_CONSTANTS[found] = root(BigInt(number), 3n);
    found += 1;
  }
}

const encoder = new TextEncoder();
const SCHEDULE = new Uint32Array(64);

/** The eight 32-bit words of SHA-256 over the UTF-8 text; half a surrogate pair counts as "?". */
function sha256(text) {
  const bytes = encoder.encode(text.replace(/\p{Surrogate}/gu, "?"));
  const blocks = (bytes.length + 72) >> 6;
  const padded = new Uint8Array(blocks * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0);
  const hash = Uint32Array.from(FIRST_HASH);
  const turned = (word, by) => (word >>> by) | (word << (32 - by));
  for (let block = 0; block < blocks; block += 1) {
    for (let i = 0; i < 16; i += 1) SCHEDULE[i] = view.getUint32(block * 64 + i * 4);
    for (let i = 16; i < 64; i += 1) {
      const [early, late] = [SCHEDULE[i - 15], SCHEDULE[i - 2]];
      const small = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
      const large = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
      SCHEDULE[i] = SCHEDULE[i - 16] + small + SCHEDULE[i - 7] + large;
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i += 1) {
      const mixed = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
      const first = (h + mixed + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[i] + SCHEDULE[i]) | 0;
      const second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (hash[i] += word));
  }
  return hash;
}

/** The canonical form of a JSON value (RFC 8785). */
export function canonical(value) {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError("must be finite");
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/** "sha256:" and the hexadecimal SHA-256 of the canonical form. */
export function digest(value) {
  const words = Array.from(sha256(canonical(value)));
  return `sha256:${words.map((word) => word.toString(16).padStart(8, "0")).join("")}`;
}

/** An exact double in [0, 1): the top 53 bits of the first 64 of the hash. */
export function unit(text) {
  const [high, low] = sha256(text);
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/** −ln of (the top 52 bits and a half) over 2^52. */
function drawn(text) {
  const [high, low] = sha256(text);
  return -Math.log((high * 2 ** 20 + (low >>> 12) + 0.5) / 2 ** 52);
}

// ---- Reading a bundle -----------------------------------------------------------------------

function refuse(place, what) {
  throw new CannotCarryOut(`${place}: ${what}; update the decider before this release.`);
}

/** The members of an object with their defaults; a member without one here is refused. */
function members(object, place, defaults) {
  for (const key of Object.keys(object)) {
    if (!Object.hasOwn(defaults, key)) refuse(`${place}/${key}`, "is not known");
  }
  return { ...defaults, ...object };
}

function oneOf(value, place, known) {
  if (!known.includes(value)) refuse(place, `${JSON.stringify(value)} is not known`);
  return value;
}

/** Orders texts by code points, as the reference does. */
function byCodePoints(one, other) {
  const [left, right] = [Array.from(one), Array.from(other)];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const difference = left[i].codePointAt(0) - right[i].codePointAt(0);
    if (difference) return difference;
  }
  return left.length - right.length;
}

/**
 * A bundle made ready. `pattern(source)` gives a test of texts for an RE2 expression (as the npm
 * package re2 does: `(source) => { const r = new RE2(source, "u"); return (t) => r.test(t); }`);
 * without it a bundle that derives a flag with a pattern is refused, since JavaScript's own
 * expressions mean something else and may stall.
 */
export function load(bundle, { pattern } = {}) {
  const whole = members(bundle, "", {
    schema: 1, request_classification: null, router_policy: null, fallback_matrix: null,
    quality_thresholds: null, catalogue: null,
  });
  if (whole.schema !== 1) refuse("/schema", "is not 1");
  return {
    classification: readClassification(whole.request_classification, pattern),
    policy: readPolicy(whole.router_policy),
    matrix: readMatrix(whole.fallback_matrix),
    models: readModels(whole.catalogue),
  };
}

function readClassification(document, pattern) {
  const place = "/request_classification";
  const read = members(document, place, {
    schema: 1, attributes: [], classes: [], rules: [], default_class: null, provided: null,
  });
  const classes = read.classes.map((entry) => entry.key);
  const declared = new Map();
  if (read.provided) {
    declared.set(read.provided.attribute, { type: "category", values: classes });
    declared.set(read.provided.confidence_attribute, { type: "number" });
  }
  for (const attribute of read.attributes) {
    const known = members(attribute, `${place}/attributes/${attribute.name}`, {
      name: "", type: "", description: "", unit: "", values: null, derived_from: null,
    });
    oneOf(known.type, `${place}/attributes/${known.name}/type`, ["number", "category", "set", "flag"]);
    known.derived = known.derived_from && readDerivation(known, place, pattern);
    declared.set(known.name, known);
  }
  if (read.provided) declared.get(read.provided.confidence_attribute).within = [0, 1];
  const rules = read.rules.map((rule) => ({ ...rule, boxes: readCondition(rule.when, place) }));
  return { ...read, classes, declared, rules };
}

function readDerivation(attribute, place, pattern) {
  const at = `${place}/attributes/${attribute.name}/derived_from`;
  const { keywords, pattern: source } = members(attribute.derived_from, at, {
    keywords: null, pattern: null,
  });
  if (source === null) {
    const folds = keywords.map(folded);
    return (prompt) => folds.some((keyword) => folded(prompt).includes(keyword));
  }
  if (!pattern) {
    throw new CannotCarryOut(`${at}: needs RE2; hand load() a "pattern", or use keywords.`);
  }
  const test = pattern(source);
  return (prompt) => test(prompt.replace(/\p{Surrogate}/gu, "?"));
}

const OPERATORS = {
  in: (value, wanted) => wanted.includes(value),
  not_in: (value, unwanted) => value !== undefined && !unwanted.includes(value),
  present: (value, expected) => (value !== undefined) === expected,
  gte: (value, bound) => value !== undefined && value >= bound,
  gt: (value, bound) => value !== undefined && value > bound,
  lte: (value, bound) => value !== undefined && value <= bound,
  lt: (value, bound) => value !== undefined && value < bound,
  has_any: (value, wanted) => value !== undefined && wanted.some((text) => value.includes(text)),
  has_all: (value, wanted) => value !== undefined && wanted.every((text) => value.includes(text)),
  has_none: (value, unwanted) =>
    value !== undefined && !unwanted.some((text) => value.includes(text)),
};

/** Boxes of [attribute, test] pairs, of which one has to hold. */
function readCondition(when, place) {
  const boxes = Object.hasOwn(when, "any_of") ? when.any_of : [when];
  return boxes.map((box) =>
    Object.entries(box).flatMap(([name, constraint]) => {
      if (typeof constraint === "boolean") return [[name, (value) => value === constraint]];
      return Object.entries(constraint).map(([operator, operand]) => {
        if (!Object.hasOwn(OPERATORS, operator)) refuse(`${place}/rules`, `"${operator}" is not known`);
        return [name, (value) => OPERATORS[operator](value, operand)];
      });
    }),
  );
}

const holds = (boxes, values) =>
  boxes.some((box) => box.every(([name, test]) => test(values.get(name))));

function readPolicy(document) {
  const read = members(document, "/router_policy", {
    schema: 1, rules: [], default: null, sticky_on: null,
  });
  const rules = read.rules.map((rule) => ({
    id: rule.id,
    boxes: readCondition(rule.when, "/router_policy"),
    route: readRoute(rule.route, rule.id),
  }));
  return { rules, default: readRoute(read.default, "default"), sticky_on: read.sticky_on };
}

function readRoute(document, id) {
  const place = `/router_policy/rules/${id}/route`;
  const route = members(document, place, {
    select: null, salt: id, candidates: [], earlier_weights: [], constraints: {},
    on_no_candidate: "refuse",
  });
  oneOf(route.select, `${place}/select`, ["ordered", "weighted", "cheapest"]);
  oneOf(route.on_no_candidate, `${place}/on_no_candidate`, ["refuse", "default"]);
  const candidates = route.candidates.map((entry) =>
    members(entry, `${place}/candidates`, { model: null, weight: 1 }),
  );
  const constraints = members(route.constraints, `${place}/constraints`, {
    regions: [], capabilities: [], max_cost_usd: null, fits_context: false,
  });
  const present = candidates
    .filter(({ weight }) => weight > 0)
    .map(({ model, weight }) => [model, weight]);
  const states = [...route.earlier_weights.map(Object.entries), present].map((weights) =>
    weights.sort(([one], [other]) => byCodePoints(one, other)),
  );
  return { ...route, id, candidates, constraints, states };
}

function readMatrix(document) {
  const read = members(document, "/fallback_matrix", { schema: 1, rows: [], limits: {} });
  const cells = new Map();
  for (const entry of read.rows) {
    const row = members(entry, "/fallback_matrix/rows", {
      model: null, class: null, on: [], retries: {}, then: [],
    });
    row.retries = members(row.retries, "/fallback_matrix/rows/retries", {
      count: 0, base_ms: 200, factor: 2, max_ms: Math.max(2000, row.retries.base_ms ?? 200),
      jitter: "full", honour_retry_after: true,
    });
    oneOf(row.retries.jitter, "/fallback_matrix/rows/retries/jitter", ["full", "none"]);
    for (const kind of row.on) {
      oneOf(kind, "/fallback_matrix/rows/on", FAILURE_KINDS);
      cells.set(JSON.stringify([row.model, row.class, kind]), row);
    }
  }
  return { cells, limits: readLimits(read.limits) };
}

function readLimits(document) {
  const place = "/fallback_matrix/limits";
  const limits = members(document, place, {
    max_attempts: 4, deadline_ms: 30000, cost_cap_usd: null, retry_budget: {}, breaker: {},
    preserve: {},
  });
  limits.retry_budget &&= members(limits.retry_budget, `${place}/retry_budget`, {
    ratio: 0.1, min_per_second: 1,
  });
  limits.breaker &&= members(limits.breaker, `${place}/breaker`, {
    failure_ratio: 0.5, min_requests: 20, window_s: 30, cooldown_s: 15,
  });
  limits.preserve = members(limits.preserve, `${place}/preserve`, {
    regions: true, capabilities: true, context: true,
  });
  return limits;
}

function readModels(catalogue) {
  return new Map(
    Object.entries(catalogue.models).map(([name, model]) => [
      name,
      members(model, `/catalogue/models/${name}`, {
        provider: null, label: "", context_window: null, regions: [], capabilities: [],
        status: "active", input_usd_per_mtok: null, output_usd_per_mtok: null, price_tiers: [],
      }),
    ]),
  );
}

// ---- Requests -------------------------------------------------------------------------------

const CHEROKEE = /[\u13a0-\u13ff\uab70-\uabbf]/u;
const lowered = (text) => Array.from(text, (letter) => letter.toLowerCase()).join("");

/** Canonical caseless form (The Unicode Standard, 3.13, D145), composed again. */
function folded(text) {
  const fold = (letter) => {
    if (letter === "ı") return letter;
    // Cherokee folds to its older capital letters.
    if (CHEROKEE.test(letter)) return letter.toUpperCase();
    return lowered(lowered(letter).toUpperCase());
  };
  return Array.from(text.normalize("NFD"), fold).join("").normalize("NFC");
}

const hasLoneSurrogate = (text) => /\p{Surrogate}/u.test(text);
const isAllowed = (attribute, text) =>
  attribute.values ? attribute.values.includes(text) : !hasLoneSurrogate(text);

/** The value as the attribute's type, or undefined where it counts as missing. */
function usable(attribute, value) {
  switch (attribute.type) {
    case "flag":
      return typeof value === "boolean" ? value : undefined;
    case "number": {
      const [low, high] = attribute.within ?? [-Infinity, Infinity];
      return Number.isFinite(value) && low <= value && value <= high ? value : undefined;
    }
    case "set":
      if (!Array.isArray(value) || value.some((text) => typeof text !== "string")) return undefined;
      return value.filter((text) => isAllowed(attribute, text));
    default:
      return typeof value === "string" && isAllowed(attribute, value) ? value : undefined;
  }
}

function resolve(classification, request) {
  const values = new Map();
  const given = request.attributes ?? {};
  for (const [name, attribute] of classification.declared) {
    const value =
      attribute.derived && typeof request.prompt === "string"
        ? attribute.derived(request.prompt)
        : usable(attribute, Object.hasOwn(given, name) ? given[name] : undefined);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

const knownSize = (tokens) =>
  Number.isInteger(tokens) && tokens >= 0 && tokens <= MOST ? tokens : null;

// ---- Decisions ------------------------------------------------------------------------------

/** Which class, rule and model a request gets. */
export function decide(policy, request) {
  const values = resolve(policy.classification, request);
  const [classKey, classRule, source] = classify(policy.classification, values);
  const { rules, default: last, sticky_on: sticky } = policy.policy;
  values.set("class", classKey);
  const rule = rules.find(({ boxes }) => holds(boxes, values));
  const route = rule ? rule.route : last;
  const key = (sticky === null ? undefined : values.get(sticky)) ?? request.request_id ?? "";
  let choice = choose(policy.models, route, request, key);
  const falls = !choice.candidates.length && route.on_no_candidate === "default" && Boolean(rule);
  if (falls) {
    const second = choose(policy.models, last, request, key);
    second.excluded = [...choice.excluded, ...second.excluded];
    second.unchecked = [...new Set([...choice.unchecked, ...second.unchecked])];
    choice = second;
  }
  return {
    class_key: classKey,
    class_rule: classRule,
    class_source: source,
    policy_rule: rule ? rule.id : "default",
    model: choice.candidates[0] ?? null,
    ...choice,
    refused: choice.candidates.length ? null : refusal(rule, falls),
    fell_to_default: falls,
  };
}

function classify({ classes, rules, provided, default_class: last }, values) {
  if (provided) {
    const offered = values.get(provided.attribute);
    const confidence = values.get(provided.confidence_attribute);
    if (classes.includes(offered) && confidence >= provided.min_confidence) {
      return [offered, null, "provided"];
    }
  }
  const rule = rules.find(({ boxes }) => holds(boxes, values));
  return rule ? [rule.class, rule.id, "rule"] : [last, null, "default"];
}

function refusal(rule, falls) {
  if (!rule) return "No candidate of the default route may serve this request.";
  const also = falls ? " nor of the default route" : "";
  return `No candidate of rule "${rule.id}"${also} may serve this request.`;
}

function choose(models, route, request, key) {
  const requirements = {
    regions: route.constraints.regions,
    capabilities: route.constraints.capabilities,
    input_tokens: knownSize(request.input_tokens),
    max_output_tokens: knownSize(request.max_output_tokens),
  };
  const excluded = [];
  const remaining = route.candidates.filter((candidate) => {
    const reason = exclusion(models, route, candidate, requirements);
    if (reason) excluded.push({ model: candidate.model, reason });
    return !reason;
  });
  const unchecked = uncheckedOf(models, route, remaining, requirements);
  const isSplit = route.select === "weighted" && remaining.length > 1;
  if (isSplit && !key) unchecked.push("split_key");
  return {
    candidates: inOrder(models, route, remaining, requirements, key).map(({ model }) => model),
    excluded,
    unchecked,
    bucket: route.select === "weighted" ? unit(`${route.salt}:${key}`) : null,
    requirements,
  };
}

function exclusion(models, route, candidate, requirements) {
  const model = models.get(candidate.model);
  const limits = route.constraints;
  const service = lacksService(model);
  if (service) return service;
  if (route.select === "weighted" && candidate.weight <= 0) return "zero_weight";
  if (lacksRegion(model, limits.regions)) return "region";
  if (lacksCapability(model, limits.capabilities)) return "capability";
  if (limits.max_cost_usd !== null && costsTooMuch(model, requirements, limits.max_cost_usd)) {
    return "cost";
  }
  return limits.fits_context && lacksRoom(model, requirements) ? "context" : null;
}

function uncheckedOf(models, route, remaining, requirements) {
  const unchecked = [];
  const entries = remaining.map(({ model }) => models.get(model));
  const total = totalTokens(requirements);
  if (
    route.constraints.max_cost_usd !== null &&
    entries.some((model) => estimatedCost(model, requirements) === null)
  ) {
    unchecked.push("max_cost_usd");
  }
  if (
    route.constraints.fits_context &&
    entries.some((model) => total === null || model.context_window === null)
  ) {
    unchecked.push("fits_context");
  }
  return unchecked;
}

const compared = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
const sortedBy = (entries, score) =>
  entries
    .map((entry) => [score(entry), entry])
    .sort(([one], [other]) => compared(one, other))
    .map(([, entry]) => entry);

function inOrder(models, route, remaining, requirements, key) {
  if (route.select === "weighted") {
    if (remaining.length < 2) return remaining;
    return dealtOut(remaining, route.states, route.salt, key);
  }
  if (route.select !== "cheapest") return remaining;
  const sent = requirements.input_tokens ?? 1000;
  const written = requirements.max_output_tokens ?? 500;
  return sortedBy(remaining, ({ model }) => costOf(models.get(model), sent, written) ?? Infinity);
}

/** Candidates of a split in order; `states` are its weights, oldest first, each by name. */
export function dealtOut(candidates, states, salt, key) {
  if (states.length === 1) {
    return sortedBy(candidates, ({ model, weight }) => drawn(`${salt}:${key}:${model}`) / weight);
  }
  const { holders, text, rates } = dealt(states, salt, key);
  const holder = holders.at(-1);
  const won = drawn(text + holder) / rates.get(holder);
  const left = ({ model, weight }) =>
    (drawn(text + model) - (rates.get(model) ?? 0) * won) / weight;
  const others = candidates.filter(({ model }) => model !== holder);
  return [...candidates.filter(({ model }) => model === holder), ...sortedBy(others, left)];
}

/** The model that a key belonged to by each of a split's weights, and the draw that decided. */
export function dealt(states, salt, key) {
  const race = (text, rates) =>
    sortedBy([...rates], ([model, rate]) => drawn(text + model) / rate)[0][0];
  const shares = (weights) => {
    let total = 0;
    for (const [, weight] of weights) total += weight;
    return new Map(weights.map(([model, weight]) => [model, weight / total]));
  };
  let text = `${salt}:${key}:`;
  let rates = states[0];
  const holders = [race(text, rates)];
  for (let step = 1; step < states.length; step += 1) {
    const [was, now] = [shares(states[step - 1]), shares(states[step])];
    const holder = holders.at(-1);
    const before = was.get(holder) ?? 0;
    const after = now.get(holder) ?? 0;
    const growing = states[step]
      .map(([model]) => [model, now.get(model) - (was.get(model) ?? 0)])
      .filter(([, growth]) => growth > 0);
    const leaves =
      after < before && growing.length && unit(`${salt}\n${step}\n${key}`) < (before - after) / before;
    if (leaves) {
      text = `${salt}\n${step}\n${key}\n`;
      rates = growing;
    }
    holders.push(leaves ? race(text, rates) : holder);
  }
  return { holders, text, rates: new Map(rates) };
}

// ---- What a model may serve -----------------------------------------------------------------

const lacksService = (model) =>
  model === undefined ? "unknown_model" : model.status === "retired" ? "retired" : null;
const lacksRegion = (model, regions) =>
  regions.length > 0 && !regions.some((region) => model.regions.includes(region));
const lacksCapability = (model, capabilities) =>
  capabilities.some((capability) => !model.capabilities.includes(capability));

const totalTokens = ({ input_tokens: sent, max_output_tokens: written }) =>
  sent === null || written === null ? null : sent + written;

function lacksRoom(model, { input_tokens: sent, max_output_tokens: written }) {
  const unknown = (sent === null && written === null) || model.context_window === null;
  return !unknown && (sent ?? 0) + (written ?? 0) > model.context_window;
}

/** US dollars of a request of these sizes, null where a price is unknown. */
function costOf(model, sent, written) {
  let priced = model;
  for (const tier of model.price_tiers) if (sent > tier.above_input_tokens) priced = tier;
  const { input_usd_per_mtok: reading, output_usd_per_mtok: writing } = priced;
  return reading === null || writing === null ? null : (sent * reading + written * writing) / 1e6;
}

const estimatedCost = (model, { input_tokens: sent, max_output_tokens: written }) =>
  sent === null || written === null ? null : costOf(model, sent, written);

/** By what is known of sizes and prices: it cannot cost less. */
function costsTooMuch(model, requirements, limit) {
  const { input_tokens: sent, max_output_tokens: written } = requirements;
  const { input_usd_per_mtok: reading, output_usd_per_mtok: writing } = model;
  let least = 0;
  if (sent !== null && reading !== null) least += sent * reading;
  if (written !== null && writing !== null) least += written * writing;
  return (estimatedCost(model, requirements) ?? least / 1e6) > limit;
}

// ---- Chains ---------------------------------------------------------------------------------

const NO_LIMITS = { open_breakers: [], retry_allowed: true };

/**
 * What to do after these attempts: `{ model, wait_ms }`, or `{ stop: reason }`. An attempt is
 * `{ model, failure_kind, latency_ms, cost_usd, bytes_sent, retry_after_ms }`, with a
 * `failure_kind` of null after success. `runtime` is what `Counts.runtime` gives.
 */
export function nextAttempt(policy, decision, attempts, options = {}) {
  const { request_id: requestId = "", runtime = NO_LIMITS } = options;
  if (decision.model === null) return { stop: "refused" };
  if (!attempts.length && !runtime.open_breakers.includes(decision.model)) {
    return { model: decision.model, wait_ms: 0 };
  }
  const chain = replay(policy, decision, attempts, requestId);
  const stop = verdictOnLast(attempts) ?? limitReached(policy.matrix.limits, chain, attempts);
  if (stop) return { stop };
  return (
    retry(policy, decision, attempts, chain, requestId, runtime) ??
    fallBack(policy, decision, chain, runtime)
  );
}

/** The targets after `model`, in order, if each in turn failed with `failureKind`. */
export function fullChain(policy, classKey, model, failureKind, requirements) {
  const hops = new Map([[model, { row: rowFor(policy, model, classKey, failureKind), tries: 1 }]]);
  let outgrown = null;
  let latest = model;
  while (latest) {
    outgrown = outgrownBy(policy.models, latest, failureKind, outgrown);
    latest = targets(hops).find((target) => !isUnfit(policy, requirements, target, outgrown));
    if (latest) hops.set(latest, { row: rowFor(policy, latest, classKey, failureKind), tries: 1 });
  }
  return [...hops.keys()].slice(1);
}

/** The row of the model and class, else of the model, else of the class, else of neither. */
function rowFor({ matrix }, model, classKey, kind) {
  for (const cell of [[model, classKey], [model, null], ["*", classKey], ["*", null]]) {
    const row = matrix.cells.get(JSON.stringify([...cell, kind]));
    if (row) return row;
  }
  return null;
}

const amount = (value) => (Number.isFinite(value) && value > 0 ? value : 0);

/** Hops in the order of their latest attempt, time and money spent, the largest window exceeded. */
function replay(policy, decision, attempts, requestId) {
  const chain = { hops: new Map(), elapsed: 0, spent: 0, outgrown: null };
  const row = (model, kind) => rowFor(policy, model, decision.class_key, kind);
  if (attempts[0]?.model !== decision.model) {
    chain.hops.set(decision.model, { row: row(decision.model, "overloaded"), tries: 0 });
  }
  attempts.forEach((attempt, place) => {
    const hop = chain.hops.get(attempt.model) ?? { row: null, tries: 0 };
    const previous = attempts[place - 1];
    if (previous?.model === attempt.model) {
      chain.elapsed += waitMs(hop, previous, place + 1, requestId);
    }
    hop.tries += 1;
    hop.row = row(attempt.model, attempt.failure_kind ?? "");
    chain.hops.delete(attempt.model);
    chain.hops.set(attempt.model, hop);
    chain.elapsed += amount(attempt.latency_ms);
    chain.spent += amount(attempt.cost_usd);
    chain.outgrown = outgrownBy(
      policy.models, attempt.model, attempt.failure_kind, chain.outgrown,
    );
  });
  return chain;
}

function outgrownBy(models, model, kind, soFar) {
  const window = models.get(model)?.context_window ?? null;
  return kind !== "context_window" || window === null ? soFar : Math.max(window, soFar ?? 0);
}

function verdictOnLast(attempts) {
  const last = attempts.at(-1);
  if (!last) return null;
  if ((last.failure_kind ?? null) === null) return "succeeded";
  const broken = last.failure_kind === "stream_interrupted" && last.bytes_sent;
  return last.failure_kind === "bad_request" || broken ? "not_retryable" : null;
}

function limitReached(limits, chain, attempts) {
  if (attempts.length >= limits.max_attempts) return "max_attempts";
  if (chain.elapsed >= limits.deadline_ms) return "deadline";
  const capped = limits.cost_cap_usd !== null && chain.spent >= limits.cost_cap_usd;
  return capped ? "cost_cap" : null;
}

function retry(policy, decision, attempts, chain, requestId, runtime) {
  const last = attempts.at(-1);
  if (!last || !runtime.retry_allowed) return null;
  const hop = chain.hops.get(last.model);
  if (!hop.row || hop.tries > hop.row.retries.count) return null;
  const wait = waitMs(hop, last, attempts.length + 1, requestId);
  const allowed =
    chain.elapsed + wait < policy.matrix.limits.deadline_ms &&
    !runtime.open_breakers.includes(last.model) &&
    !isTooDear(policy, decision.requirements, last.model, chain);
  return allowed ? { model: last.model, wait_ms: wait } : null;
}

function waitMs(hop, failed, number, requestId) {
  if (!hop.row) return 0;
  const { retries } = hop.row;
  const wait = backoffMs(retries, hop.tries, requestId, number);
  return Math.max(wait, retries.honour_retry_after ? Math.ceil(amount(failed.retry_after_ms)) : 0);
}

/** The wait before the given retry (from 1) of a target, which is attempt `number`. */
export function backoffMs(retries, retryNumber, requestId, number) {
  let bound = retries.base_ms;
  for (let i = 1; i < retryNumber; i += 1) {
    bound = Math.min(bound * retries.factor, retries.max_ms);
  }
  return Math.floor(retries.jitter === "full" ? bound * unit(`${requestId}:${number}`) : bound);
}

/** Targets not yet visited, in the order in which they would be tried. */
const targets = (hops) =>
  [...hops.values()]
    .reverse()
    .flatMap(({ row }) => row?.then ?? [])
    .filter((target) => !hops.has(target));

function fallBack(policy, decision, chain, runtime) {
  if ([...chain.hops.values()].every(({ row }) => row === null)) return { stop: "no_fallback" };
  const model = targets(chain.hops).find(
    (target) =>
      !isUnfit(policy, decision.requirements, target, chain.outgrown) &&
      !runtime.open_breakers.includes(target) &&
      !isTooDear(policy, decision.requirements, target, chain),
  );
  return model ? { model, wait_ms: 0 } : { stop: "exhausted" };
}

function isUnfit({ models, matrix }, wanted, target, outgrown) {
  const model = models.get(target);
  const { preserve } = matrix.limits;
  const window = model?.context_window ?? null;
  return (
    lacksService(model) !== null ||
    (preserve.regions && lacksRegion(model, wanted.regions)) ||
    (preserve.capabilities && lacksCapability(model, wanted.capabilities)) ||
    (preserve.context && lacksRoom(model, wanted)) ||
    (outgrown !== null && window !== null && window <= outgrown)
  );
}

function isTooDear({ models, matrix }, wanted, target, chain) {
  const cap = matrix.limits.cost_cap_usd;
  const model = models.get(target);
  return cap !== null && model !== undefined && costsTooMuch(model, wanted, cap - chain.spent);
}

// ---- Breaker and retry budget ---------------------------------------------------------------

const PROBES = 3;
const TOKEN = 1e9;
const LONGEST_MS = 1e12;
const FAILED = new Set([
  "rate_limit", "quota_exhausted", "timeout", "stream_interrupted", "server_error", "overloaded",
  "network", "auth", "not_found",
]);
const ANSWERED = new Set([
  null, "bad_request", "content_policy", "context_window", "capability_unsupported",
  "invalid_output", "low_quality",
]);
const parts = (value, of) => Math.floor(value * of + 0.5);
const wholeMs = (seconds) => Math.min(parts(seconds, 1000), LONGEST_MS);

class CircuitBreaker {
  constructor(settings) {
    this.window = Math.max(1, wholeMs(settings.window_s));
    this.cooldown = wholeMs(settings.cooldown_s);
    this.width = Math.ceil(this.window / 10);
    this.ratio = Math.max(1, parts(settings.failure_ratio, 1e6));
    this.minRequests = settings.min_requests;
    Object.assign(this, { now: 0, openUntil: 0, begun: 0, answered: 0, lastBegun: 0 });
    this.close();
  }

  stateAt(at) {
    this.now = Math.max(this.now, at);
    if (this.state === "open" && this.now >= this.openUntil) {
      Object.assign(this, { state: "half_open", begun: 0, answered: 0 });
    }
    return this.state;
  }

  allows(at) {
    const state = this.stateAt(at);
    return state === "closed" || (state === "half_open" && this.hasProbe());
  }

  begin(at) {
    if (this.stateAt(at) === "half_open" && this.hasProbe()) {
      this.begun = (this.begun % PROBES) + 1;
      this.lastBegun = this.now;
    }
  }

  end(at, kind) {
    const state = this.stateAt(at);
    const failed = FAILED.has(kind);
    if (!failed && !ANSWERED.has(kind)) return;
    if (state === "closed") this.count(failed);
    else if (state === "half_open" && failed) this.open();
    else if (state === "half_open") {
      this.answered += 1;
      if (this.answered === PROBES) this.close();
    }
  }

  hasProbe() {
    return this.begun < PROBES || this.now - this.lastBegun >= this.window;
  }

  count(failed) {
    const bucket = Math.floor(this.now / this.width);
    for (const number of this.buckets.keys()) {
      if (number <= bucket - 10) this.buckets.delete(number);
    }
    const counted = this.buckets.get(bucket) ?? [0, 0];
    this.buckets.set(bucket, [counted[0] + 1, counted[1] + Number(failed)]);
    let [attempts, failures] = [0, 0];
    for (const [ended, bad] of this.buckets.values()) {
      attempts += ended;
      failures += bad;
    }
    if (attempts >= this.minRequests && failures * 1e6 >= this.ratio * attempts) this.open();
  }

  open() {
    this.state = "open";
    this.openUntil = this.now + this.cooldown;
  }

  close() {
    this.state = "closed";
    this.buckets = new Map();
  }
}

class RetryBucket {
  constructor(settings) {
    this.perRequest = parts(settings.ratio, TOKEN);
    this.perMs = parts(Math.min(settings.min_per_second, 1e6), TOKEN / 1000);
    this.most = 10 * TOKEN + 1000 * this.perMs;
    this.held = this.most;
    this.now = 0;
  }

  allows(at) {
    this.fill(at);
    return this.held >= TOKEN;
  }

  request(at) {
    this.fill(at);
    this.held = Math.min(this.held + this.perRequest, this.most);
  }

  retry(at) {
    this.fill(at);
    this.held = Math.max(this.held - TOKEN, 0);
  }

  fill(at) {
    const passed = Math.max(at - this.now, 0);
    this.now += passed;
    // So long fills it; a longer time would leave the exact whole numbers.
    const enough = this.perMs ? Math.ceil(this.most / this.perMs) : 0;
    this.held = Math.min(this.held + Math.min(passed, enough) * this.perMs, this.most);
  }
}

/**
 * Breakers and retry budget of a policy's limits. `at` is in whole milliseconds of a clock that only
 * goes forward, such as `Math.floor(performance.now())`. To be told of each request when it is
 * decided, and of each attempt when it begins and ends.
 */
export class Counts {
  constructor({ breaker, retry_budget: budget }) {
    this.breaker = breaker;
    this.breakers = new Map();
    this.bucket = budget ? new RetryBucket(budget) : null;
  }

  request(at) {
    this.bucket?.request(at);
  }

  begin(at, target, { retry: again = false } = {}) {
    this.breakers.get(target)?.begin(at);
    if (again) this.bucket?.retry(at);
  }

  end(at, target, failureKind) {
    if (!this.breaker) return;
    if (!this.breakers.has(target)) this.breakers.set(target, new CircuitBreaker(this.breaker));
    this.breakers.get(target).end(at, failureKind ?? null);
  }

  runtime(at) {
    return {
      open_breakers: [...this.breakers].filter(([, of]) => !of.allows(at)).map(([name]) => name),
      retry_allowed: this.bucket?.allows(at) ?? true,
    };
  }
}
