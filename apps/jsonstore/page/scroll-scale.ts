// Where the rows of a long list are while the scroll bar is somewhere. No browser makes elements of any height (Firefox stops at 17.9 million
// pixels, Chromium at 33.5), so a list of a million rows has a shorter bar: small movements are those of the rows, long ones are scaled.

/** The tallest element. */
const TALLEST = 8_000_000;

/** The scale of a scroll bar. */
export class ScrollScale {
  /** Pixels of the list above the top edge. */
  top = 0;
  #bar = 0;
  #content = 0;
  #view = 0;

  /** Height of what the bar scrolls. */
  get barHeight(): number {
    return Math.min(this.#content, TALLEST);
  }

  /** Where the bar has to be for the place that is shown. */
  get barTop(): number {
    const range = this.#content - this.#view;
    return range <= 0 ? 0 : Math.round((this.top / range) * Math.max(0, this.barHeight - this.#view));
  }

  /** @param content - pixels of all rows @param view - pixels that are seen */
  resize(content: number, view: number): void {
    this.#content = content;
    this.#view = view;
    this.top = Math.max(0, Math.min(this.top, content - view));
  }

  /** The bar is where the rows are. */
  settle(): void {
    this.#bar = this.barTop;
  }

  /** Goes to a place. */
  goTo(top: number): void {
    this.top = Math.max(0, Math.min(top, this.#content - this.#view));
    this.#bar = this.barTop;
  }

  /** The bar was moved. */
  moved(bar: number): void {
    const step = bar - this.#bar;
    this.#bar = bar;
    const range = this.#content - this.#view;
    const barRange = this.barHeight - this.#view;
    const isScaled = this.#content > this.barHeight;
    // A wheel, a finger or a key moves rows; whoever drags the bar goes somewhere else.
    const top = isScaled && Math.abs(step) > 2 * this.#view ? (bar / Math.max(1, barRange)) * range : this.top + step;
    this.top = Math.max(0, Math.min(isScaled ? top : bar, range));
  }
}
