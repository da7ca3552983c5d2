package io.statebridge.daemon.sync.simulation;

/** How long messages are under way. */
enum Latency {
  /** A millisecond at most. */
  CALM,
  /** Some need up to 100 ms, few more than a second. */
  JITTER,
  /** Many need some hundred milliseconds, some up to three seconds. */
  STORM;

  private static final double MILLI = 1e6;

  /** For a draw between 0 and 1. */
  long nanos(double draw) {
    double fine = draw * 1000 - Math.floor(draw * 1000);
    return (long)
        switch (this) {
          case CALM -> between(0.1, 1, fine);
          case JITTER ->
              draw < 0.8
                  ? between(0.1, 2, fine)
                  : draw < 0.97 ? between(2, 100, fine) : between(100, 1500, fine);
          case STORM ->
              draw < 0.5
                  ? between(0.1, 2, fine)
                  : draw < 0.9 ? between(2, 300, fine) : between(300, 3000, fine);
        };
  }

  private static double between(double fromMillis, double toMillis, double draw) {
    return (fromMillis + (toMillis - fromMillis) * draw) * MILLI;
  }
}
