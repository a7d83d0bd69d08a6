// Style vectors, and mixing them as Impasto does in Python.

import { Problem } from "./problem.js";

const PHOTOGRAPH = "photograph"; // the style that leaves the photograph as it is
const STRENGTHS = [0, 0.25, 0.5, 0.75, 1, 2];
const MIXTURES = [0, 0.11, 0.28, 0.57, 1, 2];

// Reads what lies beside a network, NAME.json. Returns {facts} for one style that is baked in, or
// {facts, vectors} by name for several, whose vectors are in NAME.bin; or {} where nothing is known.
export async function loadStyles(name) {
  const about = await fetch(`${name}.json`).catch(() => undefined);
  if (!about?.ok) return {};
  const known = await about.json();
  if (!known.styles) return { facts: known };
  const file = await fetch(`${name}.bin`).catch(() => undefined);
  const names = Object.keys(known.styles);
  const values = file?.ok ? new Float32Array(await file.arrayBuffer()) : [];
  const size = values.length / names.length;
  if (!size || size % 1) throw new Problem(`${name}.bin does not fit ${name}.json. Run add_style.py again.`);
  const vectors = names.map((style, i) => [style, values.subarray(i * size, (i + 1) * size)]);
  return { facts: known.styles, vectors: Object.fromEntries(vectors) };
}

// The share of the styles' vector for a strength, 0..2.
export function styleMixture(strength) {
  const at = Math.max(1, STRENGTHS.findIndex((known) => strength <= known));
  const part = (strength - STRENGTHS[at - 1]) / (STRENGTHS[at] - STRENGTHS[at - 1]);
  return MIXTURES[at - 1] + part * (MIXTURES[at] - MIXTURES[at - 1]);
}

// Mixes vectors by the shares of their names; a mixture of 0 is the photograph, 1 the styles.
export function mix(vectors, shares, mixture) {
  const parts = Object.entries(shares);
  const total = parts.reduce((sum, [, share]) => sum + share, 0);
  return vectors[parts[0][0]].map((_, i) => {
    const mixed = parts.reduce((sum, [name, share]) => sum + vectors[name][i] * (share / total), 0);
    if (mixture === 1) return mixed;
    const still = vectors[PHOTOGRAPH][i];
    return still + mixture * (mixed - still);
  });
}

export const choices = (vectors) => Object.keys(vectors).filter((name) => name !== PHOTOGRAPH);
