// page.js: sliders, the cursor of the plots, names of boxes. The page reads well without it.
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

'use strict';

const plan = JSON.parse(document.getElementById('closed-forms').textContent);
const STEPS = 1000;
const LIMITS = ['context', 'sequences', 'tokens'];
const control = (name, kind) => document.getElementById(`${name}-${kind}`);

/// Sliders are logarithmic: a position from 0 to STEPS, a value from 1 to the plan's limit.
const valueAt = (position, most) => Math.round(Math.exp(position / STEPS * Math.log(most)));
const positionOf = (value, most) => (most > 1 ? Math.round(Math.log(value) / Math.log(most) * STEPS) : 0);

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

function fourDigits(value) {
  const size = Math.abs(value), decimals = size === 0 ? 0 : Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(size))));
  return String(Number(value.toFixed(decimals)));
}

function shortNumber(value, unit) {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  let step = 0;
  for (; Math.abs(value) >= 999.95 && step + 1 < prefixes.length; ++step)
    value /= 1000;
  return `${fourDigits(value)} ${prefixes[step]}${unit}`.trim();
}

function shortSeconds(seconds) {
  const units = ['s', 'ms', 'µs', 'ns'];
  let step = 0;
  for (; seconds > 0 && seconds < 1 && step + 1 < units.length; ++step)
    seconds *= 1000;
  return `${fourDigits(seconds)} ${units[step]}`;
}

function show(key, value, text) {
  const cell = document.getElementById(key);
  cell.textContent = text;
  cell.value = value;
  cell.setAttribute('value', value);
  cell.title = value.toLocaleString('en-US');
}

//===----------------------------------------------------------------------===//
// What the sliders say
//===----------------------------------------------------------------------===//

function showToken(limits) {
  const step = decodedToken(limits.context), cost = costOfStep(plan, step), flops = flopsOfParts(plan, step, 0);
  const other = flopsOfWork(plan.compared, step);
  show('token-flops', flops, shortNumber(flops, 'FLOP'));
  show('token-weight-bytes', cost.weightBytes, shortNumber(cost.weightBytes, 'B'));
  show('token-cache-bytes', cost.cacheBytes, shortNumber(cost.cacheBytes, 'B'));
  show('token-seconds', cost.seconds, shortSeconds(cost.seconds));
  show('token-rate', 1 / cost.seconds, `${shortNumber(1 / cost.seconds, '')} tokens/s`);
  show('token-compared', 100 * flops / other, `${fourDigits(100 * flops / other)} %`);
}

function showStep(limits) {
  const step = fullStep(limits), cost = costOfStep(plan, step), flops = flopsOfParts(plan, step, 0);
  show('step-flops', flops, shortNumber(flops, 'FLOP'));
  show('step-weight-bytes', cost.weightBytes, shortNumber(cost.weightBytes, 'B'));
  show('step-cache-bytes', cost.cacheBytes, shortNumber(cost.cacheBytes, 'B'));
  show('step-seconds', cost.seconds, shortSeconds(cost.seconds));
  show('step-rate', step.tokens / cost.seconds, `${shortNumber(step.tokens / cost.seconds, '')} tokens/s`);
}

function showMemory(limits) {
  const memory = memoryOf(plan, limits);
  for (const kind of ['arena', 'step', 'cache', 'total'])
    show(`memory-${kind}`, memory[kind], shortNumber(memory[kind], 'B'));
}

function moveCursors(limits) {
  for (const picture of document.querySelectorAll('svg[data-cursor=context]')) {
    const {least, most, from, to} = picture.dataset, lowest = Number(least);
    const part = Math.log(Math.max(limits.context, lowest) / lowest) / Math.log(Number(most) / lowest);
    const x = Number(from) + Math.min(1, part) * (Number(to) - Number(from)), line = picture.querySelector('.cursor');
    line.setAttribute('x1', x);
    line.setAttribute('x2', x);
  }
}

/// `moved` is the slider that gave the limits: put back to the whole number below, it would not move by single steps.
function showAll(limits, moved) {
  for (const name of LIMITS) {
    const slider = control(name, 'slider'), number = control(name, 'number');
    if (slider !== moved)
      slider.value = positionOf(limits[name], plan.envelope[name]);
    slider.setAttribute('aria-valuetext', limits[name].toLocaleString('en-US'));
    number.value = limits[name];
  }
  showToken(limits);
  showStep(limits);
  showMemory(limits);
  moveCursors(limits);
}

//===----------------------------------------------------------------------===//
// Where limits come from: sliders, numbers, the address's fragment (#context=4096&sequences=2)
//===----------------------------------------------------------------------===//

function within(name, value) {
  const whole = Math.floor(Number(value));
  return Number.isFinite(whole) ? Math.min(Math.max(whole, 1), plan.envelope[name]) : 1;
}

/// What the fragment does not name stays: a link to a section names nothing.
function fromFragment(limits) {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of LIMITS)
    if (given.has(name))
      limits[name] = within(name, given.get(name));
  return limits;
}

const limits = fromFragment({...plan.envelope});

for (const name of LIMITS) {
  control(name, 'slider').addEventListener('input', event => {
    limits[name] = within(name, valueAt(Number(event.target.value), plan.envelope[name]));
    showAll(limits, event.target);
  });
  control(name, 'number').addEventListener('change', event => {
    limits[name] = within(name, event.target.value);
    showAll(limits);
  });
}
addEventListener('hashchange', () => showAll(fromFragment(limits)));

/// What a box or a point is, below its picture: touch screens show no titles.
for (const figure of document.querySelectorAll('figure')) {
  const said = document.createElement('p');
  said.className = 'said';
  said.setAttribute('aria-live', 'polite');
  let any = false;
  for (const title of figure.querySelectorAll('svg title')) {
    any = true;
    title.parentNode.addEventListener('pointerdown', () => { said.textContent = title.textContent; });
  }
  if (any)
    figure.append(said);
}

showAll(limits);
document.getElementById('sliders').hidden = false;
