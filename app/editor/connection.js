/**
 * Watches the way to the server: while an answer is waited for, and once it is lost, it asks for a sign of life
 * every few seconds. It says so once when the way is lost, and once when it is back.
 */
class Connection {
  /**
   * @param {{ping: () => Promise<boolean>, isWaiting: () => boolean, onLost: () => void, onBack: () => void}} world
   * @param {number} every milliseconds between two looks
   */
  constructor(world, every = 3000) {
    this.world = world;
    this.isLost = false;
    this.failures = 0;
    this.timer = setInterval(() => (this.isLost || world.isWaiting()) && this.check(), every);
  }

  /** Asks now. One failure may be a hiccup; two in a row are a lost connection. */
  async check() {
    let isAlive = false;
    try {
      isAlive = await this.world.ping();
    } catch {
      // refused, cut off, or too slow: the same to the person
    }
    this.failures = isAlive ? 0 : this.failures + 1;
    if (!this.isLost && this.failures >= 2) {
      this.isLost = true;
      this.world.onLost();
    } else if (this.isLost && isAlive) {
      this.isLost = false;
      this.world.onBack();
    }
  }

  stop() {
    clearInterval(this.timer);
  }
}
