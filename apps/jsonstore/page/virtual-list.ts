// A list of any number of rows of one height, of which only those exist that are seen.
import { ScrollScale } from "./scroll-scale.ts";

/** The elements that a list lives in. */
export interface ListElements {
  /** Scrolls. */
  readonly scroller: HTMLElement;
  /** Is as tall as the scroll bar has to be. */
  readonly bar: HTMLElement;
  /** Holds the rows and stays where it is. */
  readonly rows: HTMLElement;
}

/** Milliseconds without movement after which the bar goes where the rows are. */
const STILL = 150;

/** A virtual list. */
export class VirtualList {
  readonly #elements: ListElements;
  readonly #rowHeight: () => number;
  readonly #render: (first: number, last: number, top: (index: number) => number) => void;
  readonly #scale = new ScrollScale();
  #total = 0;
  #isAsked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    elements: ListElements,
    rowHeight: () => number,
    render: (first: number, last: number, top: (index: number) => number) => void,
  ) {
    this.#elements = elements;
    this.#rowHeight = rowHeight;
    this.#render = render;
    elements.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.update(this.#total)).observe(elements.scroller);
  }

  /** Rows that fit. */
  get fitting(): number {
    return Math.max(1, Math.floor(this.#elements.scroller.clientHeight / this.#rowHeight()));
  }

  /** Draws again, soon. */
  update(total: number): void {
    this.#total = total;
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      this.#draw();
    });
  }

  /** Scrolls as far as a row needs to be seen. */
  show(index: number, isCentred = false): void {
    const height = this.#rowHeight();
    const view = this.#elements.scroller.clientHeight;
    this.#scale.resize(this.#total * height, view);
    const { top } = this.#scale;
    const rowTop = index * height;
    const isSeen = rowTop >= top && rowTop + height <= top + view;
    if (isSeen) return;
    if (isCentred) this.#scale.goTo(rowTop - (view - height) / 2);
    else this.#scale.goTo(rowTop < top ? rowTop : rowTop + height - view);
    this.update(this.#total);
  }

  #draw(): void {
    const { scroller, bar, rows } = this.#elements;
    const height = this.#rowHeight();
    const view = scroller.clientHeight;
    const scale = this.#scale;
    scale.resize(this.#total * height, view);
    rows.style.height = `${view}px`;
    bar.style.height = `${scale.barHeight}px`;
    // While somebody scrolls, the bar is left to them.
    if (this.#timer === undefined) {
      scale.settle();
      if (Math.abs(scroller.scrollTop - scale.barTop) >= 1) scroller.scrollTop = scale.barTop;
    }
    const first = Math.floor(scale.top / height);
    const last = Math.min(this.#total - 1, Math.ceil((scale.top + view) / height));
    this.#render(first, last, (index) => index * height - scale.top);
  }

  #scrolled(): void {
    const { scrollTop } = this.#elements.scroller;
    if (this.#timer === undefined && Math.abs(scrollTop - this.#scale.barTop) < 1) return;
    this.#scale.moved(scrollTop);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.update(this.#total);
    }, STILL);
    this.update(this.#total);
  }
}
