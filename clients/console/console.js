// The page: what is typed into its forms, and what the modules beside it show.

import { watchRef } from '../js/src/index.js';
import { Frames } from './frames.js';
import { publish } from './publish.js';
import { describe } from './states.js';
import { Timeline } from './timeline.js';

const byId = (id) => document.getElementById(id);
const timeline = new Timeline(byId('timeline'), byId('nothing'), byId('chart'), byId('summary'));
const frames = new Frames(byId('frames'), byId('raw'));
const watchForm = byId('watch');
const publishForm = byId('publish');

/** The open watches, by what they watch. */
const watches = new Map();

start();

/** Take what the address of the page says: `#url=…&merchant=…&refs=…`. */
function start() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of ['url', 'merchant', 'refs']) {
    if (said.has(name)) watchForm.elements[name].value = said.get(name);
  }
  watchForm.addEventListener('submit', (event) => {
    event.preventDefault();
    watchAll();
  });
  publishForm.addEventListener('submit', (event) => {
    event.preventDefault();
    publishOnce();
  });
  watchForm.elements[said.has('url') ? 'merchant' : 'url'].focus();
}

function watchAll() {
  const { url, merchant, refs, token } = values(watchForm);
  tell('');
  const each = refs.split(',').map((ref) => ref.trim());
  for (const ref of new Set(each.filter(Boolean))) watch({ url, merchantId: merchant, ref, token });
  // What is watched is what will be published to.
  publishForm.elements.merchant_id.value = merchant;
  publishForm.elements.ref.value = each[0];
  // A token stays out of it: the address of a page is kept in its history.
  history.replaceState(null, '', `#${new URLSearchParams({ url, merchant, refs })}`);
}

function watch({ url, merchantId, ref, token }) {
  const key = JSON.stringify([url, merchantId, ref]);
  watches.get(key)?.watch.close();
  const since = Date.now();
  let opened;
  try {
    opened = watchRef({ url, merchantId, ref, token: token || undefined }, (notification) =>
      timeline.add(notification, since),
    );
  } catch (error) {
    return tell(`The address is none: ${error.message}`);
  }
  const row = document.createElement('li');
  const name = document.createElement('span');
  const stop = document.createElement('button');
  stop.type = 'button';
  stop.textContent = 'Stop';
  stop.setAttribute('aria-label', `Stop watching ${merchantId} ${ref}`);
  stop.addEventListener('click', () => opened.close());
  row.append(name, stop);
  byId('watches').append(row);
  watches.set(key, { watch: opened, detail: { state: 'connecting' } });
  const show = (detail) => {
    name.dataset.state = detail.state;
    name.textContent = `${merchantId} ${ref}: ${describe(detail)}`;
    if (detail.state === 'closed') {
      row.remove();
      if (watches.get(key)?.watch === opened) watches.delete(key);
    } else {
      watches.get(key).detail = detail;
    }
    showState();
  };
  show({ state: 'connecting' });
  opened.addEventListener('state', ({ detail }) => {
    if (detail.state === 'subscribed') tell('');
    show(detail);
  });
  opened.addEventListener('error', ({ detail }) => tell(explained(detail)));
  opened.addEventListener('frame', ({ detail }) => frames.add(detail.direction, detail.data));
}

/** Show the least happy of the watches above all. */
function showState() {
  const order = ['slow', 'waiting', 'connecting', 'open', 'subscribed'];
  const details = [...watches.values()].map(({ detail }) => detail);
  const [least] = details.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  byId('state').dataset.state = least?.state ?? 'none';
  byId('state').textContent = least ? describe(least) : 'not connected';
}

async function publishOnce() {
  const { token, ...notification } = values(publishForm);
  const { url } = values(watchForm);
  const receipt = byId('receipt');
  receipt.className = '';
  receipt.textContent = 'publishing …';
  const started = performance.now();
  try {
    const answer = await publish(url, token, notification, (...frame) => frames.add(...frame));
    if (answer.type === 'error') throw new Error(explained(answer));
    const took = Math.round(performance.now() - started);
    const { accepted, gone, failed } = answer;
    receipt.textContent =
      `Receipt after ${took} ms: ${accepted} got it` +
      (gone ? `, ${gone} were gone` : '') +
      (failed ? `, ${failed} get it at their next subscribe` : '') +
      (accepted + gone + failed ? '.' : '. Nobody waits; who comes within the hour gets it.');
  } catch (error) {
    receipt.className = 'refused';
    receipt.textContent = error.message;
  }
}

/** Say an error frame, or an error of the client, in one line. */
function explained({ code, message, field, request_id, requestId = request_id }) {
  const where = field ? ` (${field})` : '';
  const which = requestId ? ` Request ${requestId}.` : '';
  return `${code}${where}: ${message}.${which}`;
}

function tell(problem) {
  byId('problem').textContent = problem;
  byId('problem').hidden = !problem;
}

function values(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
}
