import tseslint from "typescript-eslint";

/** Layers, lowest first; a folder may import itself and what its row lists. Nobody imports a broker's inside. */
const MAY_IMPORT = {
  core: [],
  protocol: ["core"],
  "brokers/local": ["core"],
  "brokers/jetstream": ["core"],
  "brokers/http": ["core"],
  client: ["core", "brokers"],
  jobs: ["core", "client"],
  inspector: ["core", "client", "protocol"],
  server: ["core", "client", "jobs", "inspector", "protocol"],
  cli: ["core", "client", "jobs", "inspector", "server"],
  extension: ["core", "client", "jobs", "inspector", "protocol"],
};
const LAYERS = Object.keys(MAY_IMPORT);

function borders(layer) {
  const allowed = MAY_IMPORT[layer];
  const refused = LAYERS.filter((other) => other !== layer && !allowed.includes(other) && !(other.startsWith("brokers/") && allowed.includes("brokers")));
  const patterns = refused.map((other) => ({ regex: `^(\\.\\./)+${other}/`, message: `src/${layer} must not import src/${other} (see docs/architecture.md).` }));
  if (allowed.includes("brokers")) patterns.push({ regex: "^(\\.\\./)+brokers/[^/]+/(?!index\\.ts$)", message: "Import a broker through its index.ts only." });
  if (layer.startsWith("brokers/")) {
    const siblings = ["local", "jetstream", "http"].filter((name) => !layer.endsWith(name));
    patterns.push({ regex: `^\\.\\./(${siblings.join("|")})/`, message: "Brokers don't import each other; shared rules live in src/core." });
  }
  const paths = layer === "extension" ? [] : [{ name: "vscode", message: "Only src/extension may import vscode." }];
  return {
    files: [`src/${layer}/**/*.ts`],
    rules: { "no-restricted-imports": ["error", { paths, patterns }] },
  };
}

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", ".vscode-test/**", "test-results/**", "examples/**", "bench/plainjob/**"] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ["**/*.ts", "**/*.tsx"] })),
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-empty": ["error", { allowEmptyCatch: false }],
      "no-control-regex": "error",
      "max-lines": ["error", { max: 500, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["test/**/*.ts"],
    // node:test's describe/it return promises that the runner itself awaits.
    rules: { "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: [{ from: "package", name: ["describe", "it", "test", "suite"], package: "node:test" }] }] },
  },
  ...LAYERS.map(borders),
  {
    files: ["webview/**/*.ts", "webview/**/*.tsx"],
    rules: { "no-restricted-imports": ["error", { patterns: [{ regex: "^(\\.\\./)+src/(?!protocol/|core/)", message: "The page knows its host by the protocol only (see docs/architecture.md)." }, { regex: "^node:|^vscode$", message: "The page runs in a browser." }] }] },
  },
);
