export { watchRef } from './watch.js';
