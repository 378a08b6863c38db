// Everything that can be asked of the store, in tables: which methods there are and which words a query may have come from them, and so does
// the reference in the documentation. The tests hold every answer against them.
// Source: RFC 9110 for the methods and fields; RFC 9457 for the problems.
import type { ProblemCode } from "./problems.ts";

/** Words of the query, and what each does. They are never data. */
export const PARAMETERS = {
  pointer: "names the node by a JSON Pointer, whatever the path is",
  pretty: "with line breaks",
  children: "one level, with types and counts",
  limit: "at most so many children: 100 if it is not said, 1000 at most",
  after: "goes on where a list has ended: what its `next` was",
  offset: "passes so many children over",
  prefix: "members whose keys begin so, in the order of their keys",
  parents: "makes objects on the way where there are none",
  at: "puts the element in front of that one",
  asset: "a file of the page",
  problem: "explains a code of an error",
} as const satisfies Readonly<Record<string, string>>;

/** A word of the query. */
export type ParameterName = keyof typeof PARAMETERS;

/** Fields of a request that are looked at. */
export const REQUEST_FIELDS = {
  Accept: "`text/event-stream` watches, `text/html` gets the page; else it must allow `application/json`",
  "If-Match": "only if the node has one of these tags; `*`: only if there is a node",
  "If-None-Match": "to read: only if it has none of them; to change: `*` only if there is no node",
  "Content-Type": "what the body is",
  Prefer: "`return=representation` asks for the node that was stored",
  "Last-Event-ID": "the last event that was seen",
} as const satisfies Readonly<Record<string, string>>;

/** Fields of an answer. */
export const ANSWER_FIELDS = {
  "Document-Version": "number of the last write: all writes have one order",
  ETag: "tag of the node, for conditions",
  Location: "where the new node is",
  "Content-Location": "which node the body is",
  "Preference-Applied": "`return=representation`",
  Allow: "the methods",
  "Accept-Patch": "types that PATCH takes",
} as const satisfies Readonly<Record<string, string>>;

/** One thing that can be asked for. */
interface Operation {
  readonly methods: readonly string[];
  /** What else makes it this one. */
  readonly when?: string;
  readonly does: string;
  readonly isChange: boolean;
  readonly parameters: readonly ParameterName[];
  readonly fields: readonly (keyof typeof REQUEST_FIELDS)[];
  readonly answers: readonly number[];
  readonly answerFields: readonly (keyof typeof ANSWER_FIELDS)[];
  /** Those that it has beside the ones that all have. */
  readonly problems: readonly ProblemCode[];
}

const READ_METHODS = ["GET", "HEAD"] as const;
const MISSING = ["no-document", "no-such-path"] as const;
/** What a body can have that is not taken. */
const BODY_PROBLEMS = [
  "body-too-large",
  "bad-encoding",
  "syntax",
  "duplicate-key",
  "lone-surrogate",
  "too-deep",
  "key-too-long",
  "string-too-long",
] as const;
const CHANGE_PROBLEMS = ["read-only", "match-required", "precondition-failed", "storage-full"] as const;

/** Problems that anything can have. */
export const COMMON_PROBLEMS = [
  "bad-pointer",
  "bad-parameter",
  "bad-condition",
  "storage-failed",
  "storage-unreachable",
  "busy",
] as const satisfies readonly ProblemCode[];

/** Problems of methods that are none of these. */
export const OTHER_METHOD_PROBLEMS = ["method-not-allowed", "unknown-method"] as const satisfies readonly ProblemCode[];

export const OPERATIONS = {
  read: {
    methods: READ_METHODS,
    does: "sends the node",
    isChange: false,
    parameters: ["pretty"],
    fields: ["Accept", "If-Match", "If-None-Match"],
    answers: [200, 304],
    answerFields: ["Document-Version", "ETag"],
    problems: [...MISSING, "not-acceptable", "precondition-failed", "too-many-readers"],
  },
  children: {
    methods: READ_METHODS,
    when: "`?children`",
    does: "sends one level of it: types, counts and short values; `next` is there when there are more",
    isChange: false,
    parameters: ["children", "limit", "after", "offset", "prefix"],
    fields: ["If-Match", "If-None-Match"],
    answers: [200, 304],
    answerFields: ["Document-Version", "ETag"],
    problems: [...MISSING, "precondition-failed"],
  },
  watch: {
    methods: READ_METHODS,
    when: "`Accept: text/event-stream`",
    does: "tells changes in the node, without an end",
    isChange: false,
    parameters: [],
    fields: ["Accept", "Last-Event-ID"],
    answers: [200],
    answerFields: [],
    problems: [...MISSING, "too-many-readers"],
  },
  page: {
    methods: READ_METHODS,
    when: "`Accept: text/html`",
    does: "sends the page for browsers, and with `?asset` what belongs to it",
    isChange: false,
    parameters: ["asset"],
    fields: ["Accept", "If-None-Match"],
    answers: [200, 304],
    answerFields: ["ETag"],
    problems: ["no-such-path"],
  },
  explain: {
    methods: READ_METHODS,
    when: "`?problem`",
    does: "explains a code; the `type` of an error is such an address",
    isChange: false,
    parameters: ["problem"],
    fields: [],
    answers: [200],
    answerFields: [],
    problems: [],
  },
  options: {
    methods: ["OPTIONS"],
    does: "says what can be done",
    isChange: false,
    parameters: [],
    fields: [],
    answers: [204],
    answerFields: ["Allow", "Accept-Patch"],
    problems: [],
  },
  put: {
    methods: ["PUT"],
    does: "sets the node; makes a member, or the element behind the last. The parent must be there",
    isChange: true,
    parameters: ["parents"],
    fields: ["If-Match", "If-None-Match", "Prefer"],
    answers: [200, 201, 204],
    answerFields: ["Document-Version", "ETag", "Location", "Content-Location", "Preference-Applied"],
    problems: [
      ...BODY_PROBLEMS,
      ...CHANGE_PROBLEMS,
      "parent-missing",
      "not-a-container",
      "not-an-index",
      "index-out-of-range",
    ],
  },
  post: {
    methods: ["POST"],
    does: "adds an element at the end; to an object a member under a new key, which later ones follow. Needs `Content-Type: application/json`",
    isChange: true,
    parameters: ["at"],
    fields: ["Content-Type", "If-Match", "If-None-Match", "Prefer"],
    answers: [201],
    answerFields: ["Document-Version", "ETag", "Location", "Content-Location", "Preference-Applied"],
    problems: [
      ...MISSING,
      ...BODY_PROBLEMS,
      ...CHANGE_PROBLEMS,
      "unsupported-type",
      "not-a-container",
      "not-an-array",
      "index-out-of-range",
    ],
  },
  patch: {
    methods: ["PATCH"],
    does: "changes it by `application/merge-patch+json` (RFC 7396) or `application/json-patch+json` (RFC 6902), all or nothing",
    isChange: true,
    parameters: ["pretty"],
    fields: ["Content-Type", "If-Match", "If-None-Match", "Prefer"],
    answers: [200, 204],
    answerFields: ["Document-Version", "ETag", "Content-Location", "Preference-Applied"],
    problems: [
      ...MISSING,
      ...BODY_PROBLEMS,
      ...CHANGE_PROBLEMS,
      "unsupported-type",
      "bad-patch",
      "test-failed",
      "patch-failed",
      "too-many-operations",
      "copy-too-large",
    ],
  },
  delete: {
    methods: ["DELETE"],
    does: "removes the node; later elements move down",
    isChange: true,
    parameters: [],
    fields: ["If-Match", "If-None-Match"],
    answers: [204],
    answerFields: ["Document-Version"],
    problems: [...MISSING, ...CHANGE_PROBLEMS],
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** Name of one. */
export type OperationName = keyof typeof OPERATIONS;

/** The operations of each method; that which nothing else makes another one is the first. */
export const OPERATIONS_BY_METHOD: ReadonlyMap<string, readonly OperationName[]> = byMethod();

function byMethod(): Map<string, OperationName[]> {
  const methods = new Map<string, OperationName[]>();
  for (const [name, operation] of Object.entries<Operation>(OPERATIONS)) {
    for (const method of operation.methods) {
      const names = methods.get(method) ?? [];
      names.push(name as OperationName); // a key of the table
      methods.set(method, names);
    }
  }
  return methods;
}
