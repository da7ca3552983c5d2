package io.statebridge.daemon.sync.simulation;

/**
 * Draws that depend on the seed, on what they are for and on the moment, and not on how many were
 * drawn before: a schedule with fewer steps has the same latencies for those that are left.
 */
final class Noise {

  private final long seed;
  private final SimulatedTime time;

  Noise(long seed, SimulatedTime time) {
    this.seed = seed;
    this.time = time;
  }

  /** Between 0 and 1. */
  double draw(String purpose, Object about) {
    long x = seed * 0x9E3779B97F4A7C15L + purpose.hashCode() * 0xBF58476D1CE4E5B9L;
    x = mix(x + about.hashCode() * 0x94D049BB133111EBL);
    x = mix(x + time.nowNanos());
    return (x >>> 11) * 0x1.0p-53;
  }

  /** Likewise, in nanoseconds. */
  long between(long fromMillis, long toMillis, String purpose, Object about) {
    return (long) ((fromMillis + (toMillis - fromMillis) * draw(purpose, about)) * 1e6);
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
