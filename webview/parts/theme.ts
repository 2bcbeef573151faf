import { useEffect, useState } from "preact/hooks";

/** Changes with the theme, for what is drawn on a canvas: style sheets follow by themselves. */
export function useTheme(): number {
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const changed = (): void => { setTheme((last) => last + 1); };
    // The editor sets the theme's name and its colors there.
    const observer = new MutationObserver(changed);
    observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] });
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style", "class"] });
    const schemes = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"].map((query) => matchMedia(query));
    for (const scheme of schemes) scheme.addEventListener("change", changed);
    return () => {
      observer.disconnect();
      for (const scheme of schemes) scheme.removeEventListener("change", changed);
    };
  }, []);
  return theme;
}
