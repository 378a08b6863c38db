// What is to be said about a configuration that was translated.

/** What has no equivalent, what means something else here, and what is done anyway. */
export type RemarkKind = "missing" | "changed" | "needless";

/** One thing to say about a line of the other configuration. */
export interface Remark {
  readonly kind: RemarkKind;
  /** The setting as it was written there, with its value. */
  readonly subject: string;
  readonly why: string;
}

/** Remarks, each once. */
export class RemarkList {
  readonly #remarks = new Map<string, Remark>();

  /** Notes what has no equivalent. */
  missing(subject: string, why: string): void {
    this.#remark({ kind: "missing", subject, why });
  }

  /** Notes what was taken over and means something else, or wants a change elsewhere. */
  changed(subject: string, why: string): void {
    this.#remark({ kind: "changed", subject, why });
  }

  /** Notes what is so without a setting. */
  needless(subject: string, why: string): void {
    this.#remark({ kind: "needless", subject, why });
  }

  get remarks(): readonly Remark[] {
    return [...this.#remarks.values()];
  }

  #remark(remark: Remark): void {
    const key = JSON.stringify([remark.subject, remark.why]);
    if (!this.#remarks.has(key)) this.#remarks.set(key, remark);
  }
}
