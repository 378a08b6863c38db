// Whether what an application or a hook gave comes later.

/** Tells a promise (of any kind) from a value. */
export function isPromise<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
