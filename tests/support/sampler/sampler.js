// The engine's own Math.random is seeded when the component is built, and so says nothing of the world it runs in.
import random from "wasi:random/random@0.2.6";

export function sample(count) {
  const numbers = Array.from({ length: count }, () => String(random.getRandomU64()));
  return JSON.stringify({ numbers, time: Date.now() });
}
