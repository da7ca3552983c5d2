package io.statebridge.daemon.clients;

/**
 * The bounds on what clients may hold. Root has its own, and all other users together have as much
 * again, so that none of them can take anything from root.
 *
 * @param group of root, and of all other users together
 * @param user of each user but root
 * @param connection of each connection
 */
public record ClientLimits(Bounds group, Bounds user, Bounds connection) {

  /** Of the heap. Messages are copied once or twice on their way, and may pass it by as much. */
  private static final int GROUP_PART = 16;

  /** Of the heap for a call: its state, and the 32 KiB that its transport takes from a stream. */
  private static final int CALL_BYTES = 128 << 10;

  /** A kubelet has some tens of calls, an agent may watch a thousand containers one by one. */
  private static final int MOST_CALLS = 2048;

  /**
   * @param connections open at a time
   * @param calls open at a time
   * @param bytes of requests and answers in memory, beyond which no answer is begun; at twice as
   *     many what arrives of requests and of containerd, and what streams, is refused as well
   */
  public record Bounds(int connections, int calls, long bytes) {}

  /** Of a process that may use so much memory. */
  public static ClientLimits ofHeap(long maxBytes) {
    long bytes = maxBytes / GROUP_PART;
    int calls = (int) Math.min(MOST_CALLS, maxBytes / CALL_BYTES);
    return new ClientLimits(
        new Bounds(calls, calls, bytes),
        new Bounds(calls / 2, calls / 2, bytes / 2),
        new Bounds(1, calls / 2, bytes / 4));
  }
}
