#!/usr/bin/env node
// Old syntax on purpose: an old Node must be able to read this file to be told that it is too old.
// The floor is the first Node whose SQLite is safe for many writers; package.json "engines" says the same.
var version = process.versions.node;
var part = version.split(".").map(Number);
function since(minor, patch) {
  return part[1] > minor || (part[1] === minor && part[2] >= patch);
}
var supported = part[0] > 25 || (part[0] === 25 && since(9, 0)) || (part[0] === 24 && since(15, 0)) || (part[0] === 22 && since(22, 3));

if (supported) {
  import("./cli-main.js");
} else {
  console.error("queuescope needs Node 22.22.3, 24.15 or 25.9 (or newer in those lines), but this is Node " + version + ". Install one from https://nodejs.org and run the command again.");
  process.exitCode = 1;
}
