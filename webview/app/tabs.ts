export const TABS = ["messages", "push", "pop", "dead-letters", "traces", "metrics", "groups"] as const;
export type TabName = (typeof TABS)[number];

export function isTab(name: unknown): name is TabName {
  return TABS.some((tab) => tab === name);
}
