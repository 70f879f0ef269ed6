// closed-forms.js: what a plan costs and holds, from the terms that the page carries.
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same functions as runtime/plan/PlanCost.cpp and PlanMemory.cpp, under the same names; numbers of units, kinds and
// row spaces are those of plan.fbs. All counts stay below 2^53, where a double is exact.

'use strict';

const ONE = 0, TOKENS = 1, SEQUENCES = 2, CHUNKS4 = 3, CHUNKS128 = 4, LOGITS = 5, HITS = 6, WINDOW = 7,
      WINDOW_UNION = 8, VISIBLE = 9, VISIBLE_UNION = 10;
const DOT_FLOPS = 0, FMA_FLOPS = 1, WEIGHT_BYTES = 2, CACHE_BYTES = 3;

const roundUp = (value, multiple) => Math.ceil(value / multiple) * multiple;
const bounded = (rows, most) => (most ? Math.min(rows, most) : rows);
const sum = (list, of) => list.reduce((total, item) => total + of(item), 0);

/// A step: `ranges` of {begin, end, count}, `count` sequences feed positions begin .. end - 1.
function stepOf(ranges, logits) {
  return {ranges, logits, tokens: sum(ranges, r => r.count * (r.end - r.begin)), sums: new Map()};
}

/// One sequence feeds the last token of `context` ones.
const decodedToken = context => stepOf([{begin: context - 1, end: context, count: 1}], 1);

/// `tokens` are shared evenly by as many of the sequences as there are tokens for; all end at `context`.
function fullStep(limits) {
  const sequences = Math.min(limits.sequences, limits.tokens);
  const each = Math.floor(limits.tokens / sequences), more = limits.tokens % sequences;
  const range = (tokens, count) => ({begin: Math.max(0, limits.context - tokens), end: limits.context, count});
  return stepOf([range(each, sequences - more), range(each + 1, more)].filter(r => r.count > 0), sequences);
}

function sumOverTokens(range, ratio, most) {
  let total = 0;
  for (let position = range.begin; position < range.end; ++position)
    total += bounded(Math.floor((position + 1) / ratio), most);
  return total;
}

function unionOverTokens(range, unit, ratio, most) {
  if (unit === WINDOW_UNION)
    return bounded(range.end, most ? most + range.end - range.begin - 1 : 0);
  return Math.min(Math.floor(range.end / ratio), sumOverTokens(range, ratio, most));
}

function unitsOf(step, unit, ratio, most, hits) {
  switch (unit) {
  case ONE: return 1;
  case TOKENS: return step.tokens;
  case SEQUENCES: return sum(step.ranges, r => r.count);
  case CHUNKS4: return sum(step.ranges, r => r.count * (Math.floor(r.end / 4) - Math.floor(r.begin / 4)));
  case CHUNKS128: return sum(step.ranges, r => r.count * (Math.floor(r.end / 128) - Math.floor(r.begin / 128)));
  case LOGITS: return step.logits;
  case HITS: return hits;
  }
  const key = `${unit} ${ratio} ${most}`;
  if (!step.sums.has(key))
    step.sums.set(key, sum(step.ranges, r => r.count * (unit === WINDOW || unit === VISIBLE
        ? sumOverTokens(r, ratio, most) : unionOverTokens(r, unit, ratio, most))));
  return step.sums.get(key);
}

const flopsOfWork = (work, step) =>
    sum(work, ([, unit, ratio, most, products]) => 2 * products * unitsOf(step, unit, ratio, most, 0));

const flopsOfParts = (plan, step, group) =>
    sum(plan.parts.filter(part => part.group === group), part => flopsOfWork(part.work, step));

function expertHits(plan, tokens) {
  const {chosen, all} = plan.experts;
  return tokens <= 1 || all <= chosen ? chosen : Math.round(all * (1 - Math.pow(1 - chosen / all, tokens)));
}

/// What the main model's launches spend in a step: bytes, and seconds on the page's device.
function costOfStep(plan, step) {
  const total = {weightBytes: 0, cacheBytes: 0, seconds: 0}, {device} = plan, hits = expertHits(plan, step.tokens);
  for (const [kernel, rows, launches] of plan.runs) {
    if (unitsOf(step, rows, 1, 0, 0) === 0)
      continue;
    const sums = [0, 0, 0, 0, 0];
    for (const [kind, unit, ratio, most, count] of plan.kernels[kernel])
      sums[kind] += count * unitsOf(step, unit, ratio, most, hits);
    const time = (flops, rate) => (rate > 0 ? flops / rate : 0);
    const arithmetic = time(sums[DOT_FLOPS], device.dot_flops_per_second) +
                       time(sums[FMA_FLOPS], device.fma_flops_per_second);
    total.weightBytes += launches * sums[WEIGHT_BYTES];
    total.cacheBytes += launches * sums[CACHE_BYTES];
    total.seconds += launches * Math.max((sums[WEIGHT_BYTES] + sums[CACHE_BYTES]) / device.bytes_per_second, arithmetic);
  }
  return total;
}

const pagesOf = (plan, context) => Math.ceil(context / plan.page_tokens);

function rowCapacity(rows, limits) {
  const chunks = ratio => {
    const sequences = Math.min(limits.sequences, limits.tokens);
    return Math.min(limits.tokens, Math.floor((limits.tokens + (ratio - 1) * sequences) / ratio));
  };
  switch (rows) {
  case ONE: return 1;
  case SEQUENCES: return limits.sequences;
  case CHUNKS4: return chunks(4);
  case CHUNKS128: return chunks(128);
  }
  return limits.tokens;
}

function bufferBytes([, rows, bits, shape, terms], limits) {
  const indexRows = roundUp(Math.ceil(limits.context / 4), 16);
  const payload = shape.reduce((size, dimension) => size * (dimension || indexRows), rowCapacity(rows, limits) * bits);
  const capacity = sum(terms, ([coefficient, tokens, sequences, context]) =>
      coefficient * limits.tokens ** tokens * limits.sequences ** sequences * limits.context ** context);
  return Math.max(capacity, Math.ceil(payload / 8));
}

function arenaBytes(plan, limits) {
  const slots = new Array(plan.slots).fill(0);
  for (const buffer of plan.buffers)
    slots[buffer[0]] = Math.max(slots[buffer[0]], roundUp(bufferBytes(buffer, limits), 64));
  return sum(slots, bytes => bytes);
}

function stepBytes(plan, limits) {
  const {tokens, sequences} = limits, chunks4 = rowCapacity(CHUNKS4, limits), chunks128 = rowCapacity(CHUNKS128, limits);
  const fields = [8 * plan.count_entries, 4 * tokens, 4 * tokens, 4 * tokens, 4 * (sequences + 1), 4 * sequences,
                  8 * sequences * pagesOf(plan, limits.context), 8 * sequences, 4 * chunks4, 4 * chunks4, 4 * chunks128,
                  4 * chunks128, 4 * tokens];
  return sum(fields, bytes => roundUp(bytes, 64));
}

/// Bytes of a session of these limits; its sequences have room for drafts behind the context.
function memoryOf(plan, limits) {
  const held = {...limits, context: limits.context + plan.draft};
  const memory = {arena: arenaBytes(plan, held), step: stepBytes(plan, held),
                  cache: held.sequences * (plan.page_bytes * pagesOf(plan, held.context) + plan.state_bytes)};
  return {...memory, total: plan.loaded_bytes + memory.arena + memory.step + memory.cache};
}
