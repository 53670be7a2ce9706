// The notifications, newest first, with their latencies and a chart of these.

import { BARS, draw } from './chart.js';

const MAX_ROWS = 500;

export class Timeline {
  #latencies = [];
  #heard = 0;

  constructor(list, nothing, chart, summary) {
    Object.assign(this, { list, nothing, chart, summary });
    draw(chart, []);
  }

  /** Show one. `since` is when its watch began, in milliseconds since 1970. */
  add(notification, since) {
    this.#heard += 1;
    const sent = Date.parse(notification.sent_at);
    const before = sent < since;
    const latency = Math.max(0, Date.now() - sent);
    if (!before) {
      this.#latencies.push(latency);
      this.#latencies.splice(0, this.#latencies.length - BARS);
      draw(this.chart, this.#latencies);
    }
    this.nothing.hidden = true;
    this.list.prepend(row(notification, before ? 'from before' : `${latency} ms`));
    while (this.list.children.length > MAX_ROWS) this.list.lastChild.remove();
    this.summary.textContent = summary(this.#heard, this.#latencies);
  }
}

function row({ merchant_id, ref, project, type, status, message, sent_at }, latency) {
  const item = document.createElement('li');
  const time = document.createElement('time');
  time.dateTime = sent_at;
  time.textContent = new Date(sent_at).toLocaleTimeString();
  const text = cell('message', message);
  const details = document.createElement('small');
  details.textContent = `${merchant_id} ${ref} · ${project} · ${type}`;
  text.append(details);
  item.append(time, cell(status, status), text, cell('latency', latency));
  return item;
}

/** A span with one of the classes of the style sheet. */
function cell(name, text) {
  const span = document.createElement('span');
  span.className = name;
  span.textContent = text;
  return span;
}

function summary(heard, latencies) {
  const sorted = [...latencies].sort((a, b) => a - b);
  const count = `${heard} heard. `;
  if (!sorted.length) return count;
  const median = sorted[Math.floor(sorted.length / 2)];
  return (
    `${count}Latency, this computer's clock minus sent_at: ` +
    `median ${median} ms, worst ${sorted.at(-1)} ms of the newest ${sorted.length}.`
  );
}
