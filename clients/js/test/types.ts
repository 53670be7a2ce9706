// Compiled, never run: what the types accept from a page, and what they reject.
import { type Notification, type Watch, watchRef } from 'ws-notify';
import { polling } from 'ws-notify/polling';

const watch: Watch = watchRef(
  {
    url: 'wss://example.org/prod',
    merchantId: 'shop',
    ref: ['12303', 12304],
    token: async () => 'a.b.c',
    since: '2026-11-23T09:30:00.125Z',
    until: (notification) => notification.status === 'done',
    every: true,
    keepAlive: 10,
    fallback: polling('https://example.org/prod'),
  },
  (notification: Notification, self) => {
    const sent: string = notification.sent_at;
    const { amount: further } = notification;
    if (sent && further) self.close();
  },
);
watch.addEventListener('state', ({ detail }) => {
  const delay: number | undefined = detail.retryIn;
  if (detail.state === 'polling') console.log(detail.reason);
  if (detail.state === 'unreachable') console.log(delay, detail.reason);
});
watch.addEventListener('error', ({ detail }) => console.log(detail.code, detail.requestId));
watch.addEventListener('frame', ({ detail }) => console.log(detail.direction, detail.data));
const since: string | undefined = watch.since;
const address = { url: 'wss://example.org/prod', merchantId: 'shop' };
watchRef({ ...address, ref: 1, since }, () => {});
// @ts-expect-error - a ref is required
watchRef(address, () => {});
// @ts-expect-error - the address belongs to `polling`
watchRef({ ...address, ref: 1, fallback: 'https://example.org/prod' }, () => {});
// @ts-expect-error - not a state
watch.addEventListener('state', ({ detail }) => detail.state === 'asleep');
// @ts-expect-error - a promise is always true: the first notification would close the watch
watchRef({ ...address, ref: 1, until: async () => false }, () => {});
