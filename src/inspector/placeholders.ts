import { randomUUID } from "node:crypto";
import { invalidInput } from "../core/index.ts";

/** What stands for something else in a template: `{{uuid}}`, `{{person.fullName}}`. */
const PLACEHOLDER = /\{\{\s*(\S.*?)\s*\}\}(?!\})/g;

/** Makes what a placeholder stands for. Numbers stay numbers where the placeholder is all of a JSON string. */
export interface Placeholders {
  /** The `number`-th message of a push, from 1. @throws invalid-input for a name that there isn't */
  fill(text: string, number: number): string;
  /** The same within JSON: a string that is one placeholder becomes its value, `"{{counter}}"` the number 1. */
  fillJson(text: string, number: number): string;
}

/** Ours are uuid, counter, now, nowMs; every other name is a method of faker, as `helpers.fake` writes them. Loads it. */
export async function loadPlaceholders(): Promise<Placeholders> {
  const { faker } = await import("@faker-js/faker/locale/en");

  function valueOf(name: string, number: number): string | number {
    switch (name) {
      case "uuid":
        return randomUUID();
      case "counter":
        return number;
      case "now":
        return new Date().toISOString();
      case "nowMs":
        return Date.now();
      default:
        return fake(name);
    }
  }

  function fake(name: string): string | number {
    try {
      const text = faker.helpers.fake(`{{${name}}}`);
      return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text) && isNumeric(name) ? Number(text) : text;
    } catch (cause) {
      throw invalidInput("data", `There is no placeholder {{${name}}}. Known are uuid, counter, now, nowMs, and faker's methods, such as person.fullName, internet.email or number.int({"max": 100}) (${(cause as Error).message}).`);
    }
  }

  return {
    fill: (text, number) => text.replaceAll(PLACEHOLDER, (_all, name: string) => String(valueOf(name, number))),
    fillJson: (text, number) =>
      text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (string) => {
        const content = JSON.parse(string) as string;
        const [only] = content.matchAll(PLACEHOLDER);
        if (only === undefined) return string;
        if (only[0] === content) return JSON.stringify(valueOf(only[1] ?? "", number));
        return JSON.stringify(content.replaceAll(PLACEHOLDER, (_all, name: string) => String(valueOf(name, number))));
      }),
  };
}

/** Only what is a number by its nature: a zip code of digits stays text. */
function isNumeric(name: string): boolean {
  return /^(number\.(int|float)|finance\.amount|datatype\.number|commerce\.price|location\.(latitude|longitude))\b/.test(name);
}

export function hasPlaceholders(text: string): boolean {
  return new RegExp(PLACEHOLDER.source).test(text);
}
