/** Lines where a module's handler may begin, the most telling first. */
const HANDLERS = [/^export\s+(?:async\s+)?function\s+handler\b/m, /^export\s+(?:const|let)\s+handler\b/m, /^export\s+default\b/m, /^(?:module\.)?exports(?:\.handler|\.default)?\s*=/m, /^export\s*\{[^}]*\b(?:handler|default)\b[^}]*\}/m];

/** The line (from 0) of a module's handler: a default export or one named `handler`; 0 where none is seen. */
export function handlerLine(source: string): number {
  for (const pattern of HANDLERS) {
    const found = pattern.exec(source);
    if (found !== null) return source.slice(0, found.index).split("\n").length - 1;
  }
  return 0;
}
