/** A moment of the timeline, as a part of its width. */
export interface Scale {
  readonly at: (time: number) => number;
  readonly timeAt: (x: number) => number;
  /** Idle times that are drawn shorter than they were. */
  readonly breaks: readonly { readonly from: number; readonly to: number }[];
}

export interface Lasting {
  readonly from: number;
  readonly to: number;
  /** Somebody works: never drawn shorter than it was. */
  readonly work: boolean;
}

/** An idle time is shortened when it is this much longer than all shorter ones together. */
const LONG = 8;
/** How wide a shortened one is, as a part of all that is drawn to scale. */
const BREAK = 0.08;

/** @param shorten long times in which nobody works, so that the others can be seen */
export function scaleOf(from: number, to: number, lasting: readonly Lasting[], shorten: boolean): Scale {
  const pieces = piecesOf(from, to, lasting);
  const long = shorten ? longOnes(pieces) : new Set<Piece>();
  const drawn = pieces.filter((piece) => !long.has(piece)).reduce((sum, piece) => sum + piece.to - piece.from, 0);
  const widths = pieces.map((piece) => (long.has(piece) ? (drawn === 0 ? 1 : drawn * BREAK) : piece.to - piece.from));
  const whole = widths.reduce((sum, width) => sum + width, 0) || 1;
  let x = 0;
  const placed = pieces.map((piece, i) => {
    const width = (widths[i] ?? 0) / whole;
    const start = x;
    x += width;
    return { ...piece, x: start, width };
  });
  return {
    at: (time) => {
      const piece = placed.find((one) => time <= one.to) ?? placed.at(-1);
      if (piece === undefined) return 0;
      const length = piece.to - piece.from;
      return piece.x + (length === 0 ? 0 : Math.max(0, Math.min(1, (time - piece.from) / length)) * piece.width);
    },
    timeAt: (at) => {
      const piece = placed.find((one) => at <= one.x + one.width) ?? placed.at(-1);
      if (piece === undefined) return from;
      return piece.from + (piece.width === 0 ? 0 : Math.max(0, Math.min(1, (at - piece.x) / piece.width))) * (piece.to - piece.from);
    },
    breaks: pieces.filter((piece) => long.has(piece)).map((piece) => ({ from: piece.from, to: piece.to })),
  };
}

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly work: boolean;
}

/** Between any two moments at which something begins or ends. */
function piecesOf(from: number, to: number, lasting: readonly Lasting[]): readonly Piece[] {
  const moments = [...new Set([from, to, ...lasting.flatMap((one) => [one.from, one.to])])].filter((at) => at >= from && at <= to).sort((a, b) => a - b);
  return moments.slice(1).map((end, i) => {
    const start = moments[i] ?? from;
    return { from: start, to: end, work: lasting.some((one) => one.work && one.from < end && one.to > start) };
  });
}

/** From the shortest: whatever is much longer than all before it. */
function longOnes(pieces: readonly Piece[]): ReadonlySet<Piece> {
  const byLength = pieces.toSorted((a, b) => a.to - a.from - (b.to - b.from));
  const long = new Set<Piece>();
  let shorter = 0;
  for (const piece of byLength) {
    const length = piece.to - piece.from;
    if (!piece.work && shorter > 0 && length > LONG * shorter) long.add(piece);
    else shorter += length;
  }
  return long;
}

/** The part of the scale that is seen. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export const WHOLE: Window = { from: 0, to: 1 };
const SMALLEST = 1e-6;

/** @param factor below 1: closer. @param around a part of the whole, which stays where it is */
export function zoomed({ from, to }: Window, factor: number, around: number): Window {
  const size = Math.max(SMALLEST, Math.min(1, (to - from) * factor));
  const share = (around - from) / (to - from);
  return clamped(around - share * size, size);
}

/** @param by a part of what is seen */
export function moved({ from, to }: Window, by: number): Window {
  return clamped(from + by * (to - from), to - from);
}

function clamped(from: number, size: number): Window {
  const start = Math.max(0, Math.min(1 - size, from));
  return { from: start, to: start + size };
}
