#!/usr/bin/env node
/* global ENGINES */
// Becomes dist/cli.js, with ENGINES from package.json. In syntax that an old Node can read, so that
// it can say in one line what is wrong instead of tripping over newer code.
var current = process.versions.node.split(".").map(Number);

function atLeast(version) {
  var wanted = version.split(".").map(Number);
  for (var i = 0; i < wanted.length; i++) {
    if (current[i] !== wanted[i]) return current[i] > wanted[i];
  }
  return true;
}

function fits(range) {
  return range.split(" ").every(function (bound) {
    return bound.indexOf(">=") === 0 ? atLeast(bound.slice(2)) : !atLeast(bound.slice(1));
  });
}

if (ENGINES.split(" || ").some(fits)) {
  import("./cli-main.js");
} else {
  console.error("queuescope needs Node.js 22.22.3 or later in 22.x, or 24.15 or later; this is " + process.version + ". Install a newer Node.js from https://nodejs.org and try again.");
  process.exit(1);
}
