/** A quiet VS Code: nothing that asks, animates, phones home or takes the room that the specs look at. */
export const SETTINGS = {
  "chat.disableAIFeatures": true,
  // Specs type whole texts.
  "editor.autoClosingBrackets": "never",
  "editor.minimap.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.simpleDialog.enable": true,
  "git.enabled": false,
  "npm.autoDetect": "off",
  "security.workspace.trust.startupPrompt": "never",
  "telemetry.telemetryLevel": "off",
  "terminal.integrated.enablePersistentSessions": false,
  // Text that can be read: the terminal's rows are on a canvas otherwise.
  "terminal.integrated.gpuAcceleration": "off",
  "update.mode": "none",
  "window.dialogStyle": "custom",
  "window.menuBarVisibility": "compact",
  "window.menuStyle": "custom",
  "workbench.editor.useModal": "off",
  "workbench.enableExperiments": false,
  "workbench.reduceMotion": "on",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
} as const;
