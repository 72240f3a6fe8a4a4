// Where a boundary may be moved to. Words that touch share a boundary, which moves for both.
import { neighbour } from "./result.js";
import { beginning, ending } from "./timeline.js";

export const SHORTEST_S = 0.005;
const SAME_S = 0.0005;

/**
 * Return which ends of words move together and between which times.
 *
 * word: whose boundary it is; side: "start" or "end"; alone: leave a neighbour that touches alone.
 */
export function movableEdge(word, side, alone = false) {
  const time = word[side];
  const members = [{ word, side }];
  if (!alone) addTouching(members, time);
  const moving = new Set(members.map((member) => member.word.index));
  const limits = { low: beginning, high: ending };
  for (const member of members) {
    const movesWhole = members.some((m) => m.word === member.word && m.side !== member.side);
    if (movesWhole) continue;
    if (member.side === "end") limits.low = Math.max(limits.low, member.word.start + SHORTEST_S);
    else limits.high = Math.min(limits.high, member.word.end - SHORTEST_S);
  }
  for (const member of members) {
    const before = neighbour(member.word, -1);
    const after = neighbour(member.word, 1);
    if (before && !moving.has(before.index) && before.end <= time) {
      limits.low = Math.max(limits.low, before.end);
    }
    if (after && !moving.has(after.index) && after.start >= time) {
      limits.high = Math.min(limits.high, after.start);
    }
  }
  return { members, time, low: Math.min(limits.low, time), high: Math.max(limits.high, time) };
}

/** Return the changes that put an edge at a time, as near to it as its limits allow. */
export function edgeChanges(edge, time) {
  const allowed = Math.round(Math.min(Math.max(time, edge.low), edge.high) * 1000) / 1000;
  const placed = time === edge.time ? edge.time : allowed;
  const changes = new Map();
  for (const { word, side } of edge.members) {
    const change = changes.get(word.index) ?? { index: word.index };
    change[side] = placed;
    changes.set(word.index, change);
  }
  return [...changes.values()];
}

function addTouching(members, time) {
  const [{ word: origin, side: originSide }] = members;
  for (const step of [-1, 1]) {
    let word = origin;
    while ((word = neighbour(word, step)) !== null) {
      const sides = ["start", "end"].filter((side) => Math.abs(word[side] - time) < SAME_S);
      if (sides.length === 0) break;
      for (const side of sides) members.push({ word, side });
    }
  }
  const other = originSide === "start" ? "end" : "start";
  if (members.length > 1 && Math.abs(origin[other] - time) < SAME_S) {
    members.push({ word: origin, side: other }); // a word without length goes with its neighbours
  }
}

/** Return the change to times that the reader typed; null where they are none. */
export function typedTimes(index, start, end) {
  if (!Number.isFinite(start) || !Number.isFinite(end)) return null;
  const from = Math.min(Math.max(start, beginning), ending);
  return { index, start: from, end: Math.min(Math.max(end, from), ending) };
}
