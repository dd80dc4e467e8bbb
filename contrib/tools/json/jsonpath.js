// JSONPath of RFC 9535 without its functions: names, indices, slices, wildcards, descendants, unions and filters.

const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const INTEGER = /-?(?:0|[1-9]\d*)/y;
const COMPARISON = /==|!=|<=|>=|<|>/y;

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail(wanted) {
    const rest = this.text.slice(this.at, this.at + 20);
    throw new Error(`the path needs ${wanted} at ${this.at}${rest ? `, not ${JSON.stringify(rest)}` : ", and ends there"}`);
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at += 1;
    return this;
  }

  take(token) {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  need(token) {
    if (!this.space().take(token)) this.fail(JSON.stringify(token));
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  quoted() {
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'") return undefined;
    let end = this.at + 1;
    while (end < this.text.length && this.text[end] !== quote) end += this.text[end] === "\\" ? 2 : 1;
    if (end >= this.text.length) this.fail(`a ${quote} that ends the string`);
    const inner = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    const json = quote === '"' ? inner : inner.replace(/\\'/g, "'").replace(/"/g, '\\"');
    return JSON.parse(`"${json}"`);
  }
}

// A segment takes a value and returns the values below it that it selects, in document order.
function segments(reader) {
  const found = [];
  for (;;) {
    if (reader.take("..")) {
      const select = reader.take("[") ? bracketed(reader) : dotted(reader);
      found.push((value, root) => descendants(value).flatMap((one) => select(one, root)));
    } else if (reader.take(".")) found.push(dotted(reader));
    else if (reader.take("[")) found.push(bracketed(reader));
    else return found;
  }
}

function dotted(reader) {
  if (reader.take("*")) return children;
  const name = reader.match(NAME) ?? reader.fail("a name or *");
  return (value) => member(value, name);
}

function bracketed(reader) {
  const selectors = [];
  do selectors.push(selector(reader.space()));
  while (reader.space().take(","));
  reader.need("]");
  return (value, root) => selectors.flatMap((select) => select(value, root));
}

function selector(reader) {
  const name = reader.quoted();
  if (name !== undefined) return (value) => member(value, name);
  if (reader.take("*")) return children;
  if (reader.take("?")) {
    const holds = either(reader);
    return (value, root) => children(value).filter((one) => holds(one, root));
  }
  const start = reader.match(INTEGER);
  if (reader.space().take(":")) return slice(reader, start);
  if (start === undefined) reader.fail('a name in quotes, a number, *, ? or ":"');
  return (value) => (Array.isArray(value) && value.at(+start) !== undefined ? [value.at(+start)] : []);
}

function slice(reader, start) {
  const end = reader.space().match(INTEGER);
  const step = reader.space().take(":") ? +(reader.space().match(INTEGER) ?? 1) : 1;
  return (value) => {
    if (!Array.isArray(value) || step === 0) return [];
    const size = value.length;
    const bound = (text, fallback) => (text === undefined ? fallback : +text < 0 ? +text + size : +text);
    const clamp = (number, low, high) => Math.min(Math.max(number, low), high);
    const found = [];
    if (step > 0) {
      const last = clamp(bound(end, size), 0, size);
      for (let at = clamp(bound(start, 0), 0, size); at < last; at += step) found.push(value[at]);
    } else {
      const last = clamp(bound(end, -size - 1), -1, size - 1);
      for (let at = clamp(bound(start, size - 1), -1, size - 1); at > last; at += step) found.push(value[at]);
    }
    return found;
  };
}

function either(reader) {
  const sides = [both(reader)];
  while (reader.space().take("||")) sides.push(both(reader));
  return (value, root) => sides.some((holds) => holds(value, root));
}

function both(reader) {
  const sides = [single(reader)];
  while (reader.space().take("&&")) sides.push(single(reader));
  return (value, root) => sides.every((holds) => holds(value, root));
}

function single(reader) {
  if (reader.space().take("!")) {
    const holds = single(reader);
    return (value, root) => !holds(value, root);
  }
  if (reader.take("(")) {
    const holds = either(reader);
    reader.need(")");
    return holds;
  }
  const left = operand(reader);
  const sign = reader.space().match(COMPARISON);
  if (sign === undefined) return (value, root) => left(value, root).length > 0;
  const right = operand(reader.space());
  return (value, root) => compare(sign, left(value, root)[0], right(value, root)[0]);
}

// An operand takes the current value and the root, and returns what it selects, at most one where it is compared.
function operand(reader) {
  if (reader.take("@")) return walk(segments(reader), (value) => value);
  if (reader.take("$")) return walk(segments(reader), (_, root) => root);
  const constant = literal(reader);
  return () => [constant];
}

function literal(reader) {
  const text = reader.quoted();
  if (text !== undefined) return text;
  for (const [word, value] of [["true", true], ["false", false], ["null", null]]) if (reader.take(word)) return value;
  return Number(reader.match(NUMBER) ?? reader.fail("@, $, a string, a number, true, false or null"));
}

const walk = (steps, origin) => (value, root) =>
  steps.reduce((found, select) => found.flatMap((one) => select(one, root)), [origin(value, root)]);

function compare(sign, left, right) {
  if (sign === "==") return same(left, right);
  if (sign === "!=") return !same(left, right);
  const ordered = typeof left === typeof right && ["number", "string"].includes(typeof left);
  if (sign === "<" || sign === ">") return ordered && (sign === "<" ? left < right : left > right);
  return same(left, right) || (ordered && (sign === "<=" ? left < right : left > right));
}

function same(left, right) {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  const keys = Object.keys(left);
  return (
    Array.isArray(left) === Array.isArray(right) &&
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]))
  );
}

const children = (value) => (typeof value === "object" && value !== null ? Object.values(value) : []);
const descendants = (value) => [value, ...children(value).flatMap(descendants)];

function member(value, name) {
  return typeof value === "object" && !Array.isArray(value) && value !== null && Object.hasOwn(value, name)
    ? [value[name]]
    : [];
}

// Returns the values of `document` that `path` selects. Throws an Error that says what is wrong with the path.
export function query(path, document) {
  const reader = new Reader(path.trim());
  if (!reader.take("$")) reader.fail('"$", the whole document,');
  const steps = segments(reader);
  if (reader.at < reader.text.length) reader.fail('".", "[" or the end');
  return walk(steps, (value) => value)(document, document);
}
