// The page: its forms, its watches, and the state of both.

import { watchRef } from '../js/src/index.js';
import { polling } from '../js/src/polling.js';
import { Frames } from './frames.js';
import { publish } from './publish.js';
import { describe } from './states.js';
import { Timeline } from './timeline.js';

const byId = (id) => document.getElementById(id);
const timeline = new Timeline(byId('timeline'), byId('nothing'), byId('chart'), byId('summary'));
const frames = new Frames(byId('frames'), byId('raw'));
const watchForm = byId('watch');
const publishForm = byId('publish');

/** The open watches, by address, merchant and ref. */
const watches = new Map();

start();

/** Fill the form from the page's address: `#url=…&http=…&merchant=…&refs=…`. */
function start() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  for (const name of ['url', 'http', 'merchant', 'refs']) {
    if (parameters.has(name)) watchForm.elements[name].value = parameters.get(name);
  }
  watchForm.addEventListener('submit', (event) => {
    event.preventDefault();
    watchAll();
  });
  publishForm.addEventListener('submit', (event) => {
    event.preventDefault();
    publishOnce();
  });
  watchForm.elements[parameters.has('url') ? 'merchant' : 'url'].focus();
}

function watchAll() {
  const { url, http, merchant, refs, token } = formValues(watchForm);
  showProblem('');
  const each = refs.split(',').map((ref) => ref.trim());
  for (const ref of new Set(each.filter(Boolean))) {
    watch({ url, http, merchantId: merchant, ref, token });
  }
  // Suggest publishing to what is watched.
  publishForm.elements.merchant_id.value = merchant;
  publishForm.elements.ref.value = each[0];
  // Without the token: the browser's history keeps the address of a page.
  history.replaceState(null, '', `#${new URLSearchParams({ url, http, merchant, refs })}`);
}

function watch({ url, http, merchantId, ref, token }) {
  const key = JSON.stringify([url, merchantId, ref]);
  watches.get(key)?.watch.close();
  const since = Date.now();
  let opened;
  try {
    opened = watchRef(
      {
        ...{ url, merchantId, ref, every: true },
        token: token || undefined,
        fallback: http ? polling(http) : undefined,
      },
      (notification) => timeline.add(notification, since),
    );
  } catch (error) {
    return showProblem(`The address is not valid: ${error.message}`);
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
    if (detail.state === 'subscribed' || detail.state === 'polling') showProblem('');
    show(detail);
  });
  opened.addEventListener('error', ({ detail }) => showProblem(formatError(detail)));
  opened.addEventListener('frame', ({ detail }) => frames.add(detail.direction, detail.data));
}

/** Show the state of the watch that is furthest from being subscribed. */
function showState() {
  const order = ['unreachable', 'waiting', 'connecting', 'open', 'polling', 'subscribed'];
  const details = [...watches.values()].map(({ detail }) => detail);
  const [worst] = details.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  byId('state').dataset.state = worst?.state ?? 'none';
  byId('state').textContent = worst ? describe(worst) : 'not connected';
}

async function publishOnce() {
  const { token, ...notification } = formValues(publishForm);
  const { url } = formValues(watchForm);
  const receipt = byId('receipt');
  receipt.className = '';
  receipt.textContent = 'publishing …';
  const started = performance.now();
  try {
    const response = await publish(url, token, notification, (...frame) => frames.add(...frame));
    if (response.type === 'error') throw new Error(formatError(response));
    const took = Math.round(performance.now() - started);
    const { accepted, gone, failed } = response;
    receipt.textContent =
      `Receipt after ${took} ms: ${accepted} got it` +
      (gone ? `, ${gone} were gone` : '') +
      (failed ? `, ${failed} get it at their next subscribe` : '') +
      (accepted + gone + failed ? '.' : '. No subscribers; those who come within the hour get it.');
  } catch (error) {
    receipt.className = 'rejected';
    receipt.textContent = error.message;
  }
}

/** Format an error frame, or an error of the client, in one line. */
function formatError({ code, message, field, request_id, requestId = request_id }) {
  const location = field ? ` (${field})` : '';
  const request = requestId ? ` Request ${requestId}.` : '';
  return `${code}${location}: ${message}.${request}`;
}

function showProblem(problem) {
  byId('problem').textContent = problem;
  byId('problem').hidden = !problem;
}

function formValues(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
}
