/**
 * The way to the server: on each channel one request is in flight and the rest wait; of those waiting with the
 * same key only the latest is kept. Every request ends: by the answer, by an error, or by the watchdog.
 */
class Requests {
  /**
   * @param {(event: string, data: object) => void} trigger
   * @param {number} patience milliseconds without a sign of life from the server before a request is given up
   */
  constructor(trigger, patience = 60000) {
    this.trigger = trigger;
    this.patience = patience;
    this.flying = new Map(); // channel → request
    this.waiting = new Map(); // channel → requests
    this.serial = 0;
    this.patient = []; // {channels, resolve}: who waits for channels to be at rest
  }

  isBusy(channel) {
    return this.flying.has(channel);
  }

  isAnyBusy() {
    return this.flying.size > 0;
  }

  /** Resolves once none of these channels has a request in flight or waiting. */
  settled(channels) {
    return new Promise((resolve) => {
      this.patient.push({ channels, resolve });
      this.#wakePatient();
    });
  }

  #wakePatient() {
    const isAtRest = ({ channels }) => !channels.some((channel) => this.flying.has(channel));
    const ready = this.patient.filter(isAtRest);
    this.patient = this.patient.filter((each) => !ready.includes(each));
    for (const { resolve } of ready) resolve();
  }

  /** Sends `data`; resolves with the last answer. Of equal non-null `key`s that wait, the latest replaces the others. */
  send(channel, data, key = null) {
    return new Promise((resolve) => {
      const request = { number: (this.serial += 1), data, key, resolvers: [resolve], timer: 0 };
      if (!this.flying.has(channel)) {
        this.#start(channel, request);
        return;
      }
      const queue = this.waiting.get(channel) ?? [];
      const same = key === null ? -1 : queue.findIndex((other) => other.key === key);
      if (same >= 0) {
        request.resolvers.push(...queue[same].resolvers);
        queue[same] = request;
      } else {
        queue.push(request);
      }
      this.waiting.set(channel, queue);
    });
  }

  /** Whether a message answers the request in flight, and not one that was given up. */
  isAwaited(channel, message) {
    return this.flying.get(channel)?.number === message.re;
  }

  /** An answer came; one that nobody waits for any more is ignored. */
  answer(channel, message) {
    if (!this.isAwaited(channel, message)) return;
    if (message.done) this.#finish(channel, message);
    else this.#watch(channel, this.flying.get(channel));
  }

  /** Ends the request in flight by hand, because the server was told to stop it. */
  abandon(channel, message) {
    if (this.flying.has(channel)) this.#finish(channel, { ...message, done: true });
  }

  #start(channel, request) {
    this.flying.set(channel, request);
    this.#watch(channel, request);
    this.trigger(channel, { ...request.data, n: request.number });
  }

  #watch(channel, request) {
    clearTimeout(request.timer);
    const lost = { error: t("error.silent"), done: true };
    request.timer = setTimeout(() => this.#finish(channel, lost), this.patience);
  }

  #finish(channel, message) {
    const request = this.flying.get(channel);
    clearTimeout(request.timer);
    this.flying.delete(channel);
    const queue = this.waiting.get(channel) ?? [];
    const next = queue.shift();
    if (next) this.#start(channel, next);
    for (const resolve of request.resolvers) resolve(message);
    this.#wakePatient();
  }
}
