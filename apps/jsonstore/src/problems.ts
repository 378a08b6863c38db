// Everything that the store refuses, in one table: the answers, the documentation and the types come from it.
// Source: RFC 9457 for the form of an answer.

/** Status and meaning of each code. */
export const PROBLEMS = {
  "no-document": [404, "There is no document yet", "PUT one at the root."],
  "no-such-path": [
    404,
    "Nothing is at this path",
    "`deepest` is the longest part of the path that leads to something.",
  ],
  "bad-pointer": [400, "The path is no JSON Pointer", "After `~` comes 0 or 1; percent-encoding must give UTF-8."],
  "bad-parameter": [400, "A parameter of the query has a value that it cannot have", ""],
  "bad-condition": [400, "If-Match or If-None-Match is malformed", "A list of entity tags in double quotes, or `*`."],
  "bad-encoding": [400, "The body is not UTF-8", "`offset` is that of the first byte that is none."],
  syntax: [400, "The body is not JSON", "`offset` counts bytes, `line` and `column` start from 1."],
  "duplicate-key": [400, "An object has the same key twice", "RFC 7493: what it means is undefined."],
  "lone-surrogate": [400, "A key is not Unicode text", "Half a surrogate pair has no UTF-8, so no URL could name it."],
  "bad-patch": [400, "The body is no JSON Patch", "`operation` is the position of the malformed one, from 0."],
  "read-only": [403, "This store is read-only", ""],
  "method-not-allowed": [405, "This method has no meaning here", "`Allow` lists those that have."],
  "not-acceptable": [406, "The node cannot be sent in a type that you accept", "It is `application/json`."],
  "parent-missing": [409, "The parent does not exist", "`?parents` creates objects on the way."],
  "not-a-container": [409, "The parent is neither an object nor an array", ""],
  "not-an-index": [409, "The name is no position of an array", "Digits without a zero in front, or `-` for the end."],
  "index-out-of-range": [409, "The array is not that long", "The next free position is its length."],
  "not-an-array": [409, "`at` needs an array", ""],
  "test-failed": [409, "A test of the patch failed", "`operation` is its position, from 0. Nothing was changed."],
  "patch-failed": [
    409,
    "An operation of the patch cannot be applied",
    "`operation` is its position. Nothing was changed.",
  ],
  "precondition-failed": [412, "The node is not in the state that the request expects", "Read it again."],
  "body-too-large": [413, "The body is too large", ""],
  "unsupported-type": [415, "The body has a type that this method does not take", ""],
  "too-deep": [422, "Arrays and objects are nested too deeply", ""],
  "key-too-long": [422, "A key is too long", ""],
  "string-too-long": [422, "A string is too long", ""],
  "too-many-operations": [422, "The patch has too many operations", ""],
  "copy-too-large": [422, "What the patch copies or compares is too large", ""],
  "match-required": [428, "Changes need If-Match or If-None-Match here", "RFC 6585."],
  "storage-failed": [500, "The database cannot be read or written", "The error log says why."],
  "unknown-method": [501, "This method is not known", ""],
  "too-many-readers": [503, "Too many clients read or watch", "Try again after `Retry-After`."],
  "storage-unreachable": [503, "The database cannot be reached", "Try again after `Retry-After`."],
  busy: [503, "Others kept the database locked", "Try again after `Retry-After`."],
  "storage-full": [507, "There is no room for this", "Nothing was changed."],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string, advice: string]>>;

/** What can be wrong. */
export type ProblemCode = keyof typeof PROBLEMS;
