package io.statebridge.daemon.clients;

import io.statebridge.daemon.clients.ClientLimits.Bounds;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a connection, a user, or a group of users holds, and may hold; its parent holds it as well.
 * Guarded by the lock of {@link Clients}.
 */
final class Account {

  private static final long MIB = 1 << 20;

  private final String name;
  private final Bounds bounds;
  private final @Nullable Account parent;
  private int connections;
  private int calls;
  private long bytes;
  private long lastTakenNanos;

  Account(String name, Bounds bounds, @Nullable Account parent) {
    this.name = name;
    this.bounds = bounds;
    this.parent = parent;
  }

  long bytes() {
    return bytes;
  }

  Bounds bounds() {
    return bounds;
  }

  boolean isEmpty() {
    return connections == 0 && calls == 0 && bytes == 0;
  }

  boolean isIn(Account outer) {
    return first(each -> each == outer) != null;
  }

  /** The first account, from this one outwards, that may not have another connection. */
  @Nullable Account fullOfConnections() {
    return first(each -> each.connections >= each.bounds.connections());
  }

  @Nullable Account fullOfCalls() {
    return first(each -> each.calls >= each.bounds.calls());
  }

  /** One that is below its bound takes whatever comes next, so that any one answer can be given. */
  @Nullable Account fullOfBytes(int times) {
    return first(each -> each.bytes >= times * each.bounds.bytes());
  }

  private @Nullable Account first(Predicate<Account> wanted) {
    for (Account each = this; each != null; each = each.parent) {
      if (wanted.test(each)) {
        return each;
      }
    }
    return null;
  }

  void addConnections(int more) {
    for (Account each = this; each != null; each = each.parent) {
      each.connections += more;
    }
  }

  void addCalls(int more) {
    for (Account each = this; each != null; each = each.parent) {
      each.calls += more;
    }
  }

  void addBytes(long more) {
    for (Account each = this; each != null; each = each.parent) {
      each.bytes += more;
    }
  }

  void takeBytes(long fewer, long nowNanos) {
    for (Account each = this; each != null; each = each.parent) {
      each.bytes -= fewer;
      each.lastTakenNanos = nowNanos;
    }
  }

  /** When any of the bytes were last taken. */
  long lastTakenNanos() {
    return lastTakenNanos;
  }

  /** What is refused, and what the client can do. */
  String tooManyConnections() {
    return "%s may have %d connections open: close some".formatted(name, bounds.connections());
  }

  String tooManyCalls() {
    return "%s may have %d calls open: end some, or try again later"
        .formatted(name, bounds.calls());
  }

  String tooManyBytes() {
    return ("%s may have %.1f MiB of unread answers and unfinished requests: read the answers, or"
            + " make fewer calls at a time")
        .formatted(name, (double) bounds.bytes() / MIB);
  }
}
