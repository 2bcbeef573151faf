export const THEMES = ["dark", "light", "hc-dark", "hc-light"] as const;
export type Theme = (typeof THEMES)[number];
