// Places boxes in rows, so that every arrow points down and few of them cross. Source: Sugiyama, Tagawa and Toda, "Methods for Visual
// Understanding of Hierarchical System Structures" (1981): arrows over several rows get a place in each, rows are sorted by the mean
// place of the neighbours, and boxes come as near to their neighbours as those beside them allow.

/** @typedef {{ id: string, width: number, height: number, row: number }} Box - rows are counted from the top */
/** @typedef {{ from: string, to: string }} Arrow */
/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ id: string, x: number, y: number, width: number, height: number }} PlacedBox - x and y of its upper left corner */
/** @typedef {Arrow & { points: Point[] }} PlacedArrow - straight where two points have the same x, and curved between rows */
/** @typedef {{ width: number, height: number, boxes: PlacedBox[], arrows: PlacedArrow[] }} Layout */
/** @typedef {{ columnGap: number, rowGap: number }} Gaps */

/** One place of a row: a box, or where an arrow passes. @typedef {Box & { isPassage: boolean, center: number }} Place */

/** Width of an arrow that passes between boxes. */
const PASSAGE = 10;
/** Between two arrows that end at one box. */
const PORT_GAP = 16;
/** How often rows are sorted and shifted; both come to rest much earlier. */
const SWEEPS = 24;

/**
 * Lays out boxes and arrows.
 *
 * @param {readonly Box[]} boxes - in the order in which they stand in a row, where nothing else decides
 * @param {readonly Arrow[]} arrows - each to a lower row
 * @param {Gaps} gaps
 * @returns {Layout}
 */
export function layOut(boxes, arrows, gaps) {
  const { rows, steps, trails } = passRows(boxes, arrows);
  sortRows(rows, steps);
  shiftRows(rows, steps, gaps.columnGap);

  const left = Math.min(...rows.flat().map(({ center, width }) => center - width / 2));
  const right = Math.max(...rows.flat().map(({ center, width }) => center + width / 2));
  const tops = rowTops(rows, gaps.rowGap);
  const heights = rows.map((row) => Math.max(0, ...row.map(({ height }) => height)));
  const placed = rows.flat().map((place) => ({
    ...place,
    center: place.center - left,
    x: place.center - left - place.width / 2,
    // A low box stands in the middle of its row.
    y: (tops[place.row] ?? 0) + ((heights[place.row] ?? 0) - place.height) / 2,
  }));
  const byId = new Map(placed.map((place) => [place.id, place]));
  const ports = findPorts(trails, byId);
  return {
    width: right - left,
    height: (tops.at(-1) ?? 0) + (heights.at(-1) ?? 0),
    boxes: placed
      .filter(({ isPassage }) => !isPassage)
      .map(({ id, x, y, width, height }) => ({ id, x, y, width, height })),
    arrows: trails.map((trail, index) => {
      const points = trail.places.flatMap((id, step) => {
        const place = /** @type {NonNullable<ReturnType<typeof byId.get>>} */ (byId.get(id));
        const top = tops[place.row] ?? 0;
        const bottom = top + (heights[place.row] ?? 0);
        const port = ports.get(`${index} ${id}`) ?? place.center;
        if (step === 0)
          return [
            { x: port, y: place.y + place.height },
            { x: port, y: bottom },
          ];
        if (step === trail.places.length - 1)
          return [
            { x: port, y: top },
            { x: port, y: place.y },
          ];
        return [
          { x: port, y: top },
          { x: port, y: bottom },
        ];
      });
      return { from: trail.from, to: trail.to, points };
    }),
  };
}

/** @param {readonly Box[]} boxes @param {string} id */
function rowOf(boxes, id) {
  const box = boxes.find((each) => each.id === id);
  if (box === undefined) throw new Error(`There is no box "${id}"`);
  return box.row;
}

/**
 * Gives each arrow a place in every row that it passes.
 *
 * @param {readonly Box[]} boxes
 * @param {readonly Arrow[]} arrows
 */
function passRows(boxes, arrows) {
  /** @type {Place[][]} */
  const rows = Array.from({ length: Math.max(...boxes.map(({ row }) => row)) + 1 }, () => []);
  for (const box of boxes) rows[box.row]?.push({ ...box, isPassage: false, center: 0 });
  /** From one row to the next. @type {Arrow[]} */
  const steps = [];
  const trails = arrows.map(({ from, to }) => {
    const places = [from];
    for (let row = rowOf(boxes, from) + 1; row < rowOf(boxes, to); row += 1) {
      const id = `${from} > ${to} in ${row}`;
      rows[row]?.push({ id, width: PASSAGE, height: 0, row, isPassage: true, center: 0 });
      places.push(id);
    }
    places.push(to);
    for (const [index, place] of places.slice(1).entries()) steps.push({ from: places[index] ?? "", to: place });
    return { from, to, places };
  });
  return { rows, steps, trails };
}

/**
 * Sorts each row so that few arrows cross.
 *
 * @param {Place[][]} rows - sorted in place
 * @param {readonly Arrow[]} steps
 */
function sortRows(rows, steps) {
  let best = rows.map((row) => [...row]);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0;
    const order = isDown ? rows : rows.toReversed();
    for (const [index, row] of order.entries()) {
      const before = order[index - 1];
      if (before === undefined) continue;
      const places = new Map(before.map(({ id }, place) => [id, place]));
      const means = new Map(row.map(({ id }, place) => [id, mean(neighbours(id, steps, isDown), places) ?? place]));
      row.sort((a, b) => (means.get(a.id) ?? 0) - (means.get(b.id) ?? 0));
    }
    if (countCrossings(rows, steps) < countCrossings(best, steps)) best = rows.map((row) => [...row]);
  }
  for (const [index, row] of best.entries()) rows[index] = swapNeighbours(row, index, best, steps);
}

/**
 * Swaps boxes of one row as long as that takes crossings away.
 *
 * @param {Place[]} row
 * @param {number} index - of the row
 * @param {Place[][]} rows - changed in place
 * @param {readonly Arrow[]} steps
 */
function swapNeighbours(row, index, rows, steps) {
  let best = row;
  for (let place = 0; place + 1 < best.length; place += 1) {
    const crossings = countCrossings(rows, steps);
    const swapped = best
      .with(place, /** @type {Place} */ (best[place + 1]))
      .with(place + 1, /** @type {Place} */ (best[place]));
    rows[index] = swapped;
    if (countCrossings(rows, steps) < crossings) {
      best = swapped;
      place = -1;
    } else {
      rows[index] = best;
    }
  }
  return best;
}

/** @param {Place[][]} rows @param {readonly Arrow[]} steps */
function countCrossings(rows, steps) {
  const places = new Map(rows.flatMap((row) => row.map(({ id }, place) => [id, place])));
  const rowsOf = new Map(rows.flatMap((row) => row.map(({ id }, _place) => [id, row])));
  let crossings = 0;
  for (const [index, a] of steps.entries()) {
    for (const b of steps.slice(index + 1)) {
      if (rowsOf.get(a.from) !== rowsOf.get(b.from)) continue;
      const above = (places.get(a.from) ?? 0) - (places.get(b.from) ?? 0);
      const below = (places.get(a.to) ?? 0) - (places.get(b.to) ?? 0);
      if (above * below < 0) crossings += 1;
    }
  }
  return crossings;
}

/**
 * Moves the boxes of each row as near to their neighbours as possible.
 *
 * @param {Place[][]} rows - their centers are set
 * @param {readonly Arrow[]} steps
 * @param {number} gap
 */
function shiftRows(rows, steps, gap) {
  for (const row of rows) {
    let x = 0;
    for (const place of row) {
      place.center = x + place.width / 2;
      x += place.width + gap;
    }
    for (const place of row) place.center -= (x - gap) / 2;
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const row of sweep % 2 === 0 ? rows : rows.toReversed()) {
      const centers = new Map(rows.flat().map(({ id, center }) => [id, center]));
      const wanted = row.map(({ id, center }) => {
        const ids = [...neighbours(id, steps, true), ...neighbours(id, steps, false)];
        return mean(ids, centers) ?? center;
      });
      const distances = row.slice(1).map(({ width }, index) => ((row[index]?.width ?? 0) + width) / 2 + gap);
      const found = keepApart(wanted, distances);
      for (const [index, place] of row.entries()) place.center = found[index] ?? 0;
    }
  }
}

/**
 * The places nearest to those that are wanted (least squares) with a distance between each two. Source: pool adjacent violators.
 *
 * @param {readonly number[]} wanted
 * @param {readonly number[]} distances - between the first and the second, the second and the third …
 * @returns {number[]}
 */
function keepApart(wanted, distances) {
  let sum = 0;
  const offsets = [0, ...distances.map((distance) => (sum += distance))];
  /** @type {{ sum: number, count: number }[]} */
  const blocks = [];
  for (const [index, each] of wanted.entries()) {
    blocks.push({ sum: each - (offsets[index] ?? 0), count: 1 });
    for (;;) {
      const [a, b] = blocks.slice(-2);
      if (a === undefined || b === undefined || a.sum / a.count <= b.sum / b.count) break;
      blocks.splice(-2, 2, { sum: a.sum + b.sum, count: a.count + b.count });
    }
  }
  return blocks
    .flatMap((block) => Array.from({ length: block.count }, () => block.sum / block.count))
    .map((place, index) => place + (offsets[index] ?? 0));
}

/** @param {string} id @param {readonly Arrow[]} steps @param {boolean} isAbove */
function neighbours(id, steps, isAbove) {
  return isAbove
    ? steps.filter(({ to }) => to === id).map(({ from }) => from)
    : steps.filter(({ from }) => from === id).map(({ to }) => to);
}

/** @param {readonly string[]} ids @param {ReadonlyMap<string, number>} values @returns {number | null} null of none */
function mean(ids, values) {
  return ids.length === 0 ? null : ids.reduce((sum, id) => sum + (values.get(id) ?? 0), 0) / ids.length;
}

/** @param {Place[][]} rows @param {number} gap @returns {number[]} */
function rowTops(rows, gap) {
  let y = 0;
  return rows.map((row) => {
    const top = y;
    y += Math.max(0, ...row.map(({ height }) => height)) + gap;
    return top;
  });
}

/**
 * Where arrows leave and reach a box: as near to straight down as the others at the same side allow.
 *
 * @param {readonly { places: readonly string[] }[]} trails
 * @param {ReadonlyMap<string, Place & PlacedBox>} places
 * @returns {Map<string, number>} by number of the arrow and name of the box
 */
function findPorts(trails, places) {
  /** @type {Map<string, { key: string, wanted: number, box: PlacedBox }[]>} */
  const sides = new Map();
  const add = (
    /** @type {number} */ index,
    /** @type {string} */ id,
    /** @type {string} */ next,
    /** @type {string} */ side,
  ) => {
    const box = places.get(id);
    if (box === undefined) return;
    const list = sides.get(`${side} ${id}`) ?? [];
    list.push({ key: `${index} ${id}`, wanted: places.get(next)?.center ?? 0, box });
    sides.set(`${side} ${id}`, list);
  };
  for (const [index, { places: ids }] of trails.entries()) {
    add(index, ids[0] ?? "", ids[1] ?? "", "bottom");
    add(index, ids.at(-1) ?? "", ids.at(-2) ?? "", "top");
  }
  /** @type {Map<string, number>} */
  const ports = new Map();
  for (const list of sides.values()) {
    list.sort((a, b) => a.wanted - b.wanted);
    for (const [index, { key, wanted, box }] of list.entries()) {
      const gap = Math.min(PORT_GAP, (box.width - 2 * PORT_GAP) / Math.max(1, list.length - 1));
      const center = box.x + box.width / 2;
      const spread = center + (index - (list.length - 1) / 2) * gap;
      const isAlone = list.length === 1;
      const reach = box.width / 2 - PORT_GAP;
      ports.set(key, isAlone ? Math.max(center - reach, Math.min(center + reach, wanted)) : spread);
    }
  }
  return ports;
}
