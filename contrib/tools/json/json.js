// Two tools for JSON that is too large to read: what is in it, and the parts that matter.

import { query } from "./jsonpath.js";

const DEEPEST = 12;

const text = (description) => ({ type: "string", description });

const TOOLS = {
  query: {
    description:
      "Select parts of a JSON document by a JSONPath (RFC 9535, without functions), such as $.items[?@.price < 10].name. " +
      "Returns a JSON array of the values found, in document order.",
    parameters: { json: text("The document."), path: text("The JSONPath; $ is the whole document.") },
    run: ({ json, path }) => JSON.stringify(query(path, parsed(json))),
  },
  outline: {
    description:
      "Show what a JSON document is made of: every path in it with its types, and how many items arrays have. " +
      "Use it before querying a document that you don't know.",
    parameters: { json: text("The document.") },
    run: ({ json }) => outlined(parsed(json)),
  },
};

class Failure extends Error {
  constructor(code, message) {
    super(message);
    this.payload = { code, message, retryable: false }; // what the interface calls a tool-error
  }
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Failure("invalid", `the document is not JSON: ${error.message}`);
  }
}

function typeOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function outlined(document) {
  const seen = new Map();
  visit(document, "$", 0, seen);
  const lines = [];
  for (const [path, { types, least, most }] of seen) {
    const size = most === undefined ? "" : least === most ? ` of ${most}` : ` of ${least} to ${most}`;
    lines.push(`${path}: ${[...types].join(" | ")}${size}`);
  }
  return lines.join("\n");
}

function visit(value, path, depth, seen) {
  const type = typeOf(value);
  const entry = seen.get(path) ?? { types: new Set() };
  seen.set(path, entry);
  entry.types.add(type);
  if (type === "array") {
    entry.least = Math.min(entry.least ?? Infinity, value.length);
    entry.most = Math.max(entry.most ?? 0, value.length);
  }
  if (depth === DEEPEST || value === null || typeof value !== "object") return;
  for (const [key, one] of Object.entries(value)) {
    const plain = /^[A-Za-z_]\w*$/.test(key);
    visit(one, path + (type === "array" ? "[*]" : plain ? `.${key}` : `[${JSON.stringify(key)}]`), depth + 1, seen);
  }
}

function schema(parameters) {
  return { type: "object", properties: parameters, required: Object.keys(parameters), additionalProperties: false };
}

function checked(name, args) {
  for (const parameter of Object.keys(TOOLS[name].parameters)) {
    if (typeof args?.[parameter] !== "string") throw new Failure("invalid", `${parameter} must be a string`);
  }
  return args;
}

export const tool = {
  describe: () =>
    Object.entries(TOOLS).map(([name, { description, parameters }]) => ({
      name,
      description,
      inputSchema: JSON.stringify(schema(parameters)),
    })),

  call(name, argsJson) {
    if (!Object.hasOwn(TOOLS, name)) throw new Failure("not-found", `there is no tool ${name}`).payload;
    try {
      return TOOLS[name].run(checked(name, JSON.parse(argsJson)));
    } catch (error) {
      throw (error.payload ?? new Failure("invalid", error.message).payload);
    }
  },
};
