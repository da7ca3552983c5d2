package io.statebridge.daemon.clients;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The account of what clients hold. What a connection holds is held by its user, and by its group:
 * root, or all other users together. At a bound there is no more of it. Where a user or a group is
 * full of bytes, connections that hold some and have stopped reading are closed first, so that the
 * slow client suffers and not the next one. Thread-safe; waits only in {@link #awaitRoom}, and
 * calls nobody under its lock.
 */
public final class Clients {

  private static final Logger log = LoggerFactory.getLogger(Clients.class);

  private static final int ROOT = 0;

  /** A client that reads takes something far more often, also on a busy node. */
  static final Duration STALLED = Duration.ofSeconds(1);

  /** A client that reads, but asks for much at once, gets one answer after the other. */
  static final Duration PATIENCE = Duration.ofSeconds(2);

  /** Where others read, but leave no room. */
  static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  /** Nobody tells that a client has stopped reading. */
  private static final Duration ASK_AGAIN = Duration.ofMillis(250);

  private static final String CLOSED = "the connection is closed";
  private static final String NOT_READ =
      "its answers are not read, and there is no room for those of others: read them";
  private static final String OVERRUN =
      "it goes on sending requests that were refused: wait for the answers to those before";

  private final ClientLimits limits;
  private final LongSupplier nanoTime;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition roomMade = lock.newCondition();
  private final Account root;
  private final Account others;

  @GuardedBy("lock")
  private final Map<Integer, Account> users = new HashMap<>();

  @GuardedBy("lock")
  private final Set<Connection> connections = new HashSet<>();

  public Clients(ClientLimits limits, LongSupplier nanoTime) {
    this.limits = limits;
    this.nanoTime = nanoTime;
    this.root = new Account("root", limits.group(), null);
    this.others = new Account("the users other than root together", limits.group(), null);
  }

  /** One connection of a client. Its state is guarded by the lock. */
  public static final class Connection {
    private final int uid;
    private final String name;
    private final Account account;
    private final Consumer<String> close;

    /** Since when it holds bytes and none were taken. */
    private long stillSinceNanos;

    /** What it sent although that was refused. */
    private long overrun;

    /** Why it gets nothing more. */
    private @Nullable String refusal;

    /** What it holds counts no more. */
    private boolean writtenOff;

    private Connection(int uid, String name, Account account, Consumer<String> close) {
      this.uid = uid;
      this.name = name;
      this.account = account;
      this.close = close;
    }

    private void close(String why) {
      log.warn("closing a connection of {}: {}", name, why);
      close.accept(why);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * A client has connected. Beyond the bound its calls are refused, and its connection is closed.
   *
   * @param uid of its process; negative if that is not known
   * @param name for the log
   * @param close closes the connection, soon, and tells the client why; called on any thread
   */
  public Connection connected(int uid, String name, Consumer<String> close) {
    Connection connection;
    @Nullable Account full;
    lock.lock();
    try {
      Account user = uid == ROOT ? root : users.computeIfAbsent(uid, this::newUser);
      Account account = new Account("a connection", limits.connection(), user);
      connection = new Connection(uid, name, account, close);
      full = account.fullOfConnections();
      if (full == null) {
        connections.add(connection);
        account.addConnections(1);
      } else {
        connection.refusal = full.tooManyConnections();
      }
    } finally {
      lock.unlock();
    }
    if (full != null) {
      connection.close(full.tooManyConnections());
    }
    return connection;
  }

  private Account newUser(int uid) {
    return new Account(uid < 0 ? "an unknown user" : "uid " + uid, limits.user(), others);
  }

  /** The connection is closed. Its calls are yet to end, and count until then. */
  public void disconnected(Connection connection) {
    lock.lock();
    try {
      connection.refusal = CLOSED;
      if (connections.remove(connection)) {
        connection.account.addConnections(-1);
        forgetIdleUser(connection);
        roomMade.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void forgetIdleUser(Connection connection) {
    users.computeIfPresent(connection.uid, (uid, user) -> user.isEmpty() ? null : user);
  }

  /** Opens a call; else what is exceeded, and the remedy. */
  Optional<String> open(Connection connection) {
    @Nullable Account full;
    lock.lock();
    try {
      if (connection.refusal != null) {
        return Optional.of(connection.refusal);
      }
      full = connection.account.fullOfCalls();
      if (full == null) {
        connection.account.addCalls(1);
        return Optional.empty();
      }
    } finally {
      lock.unlock();
    }
    log.warn("refusing a call of {}: {}", connection, full.tooManyCalls());
    return Optional.of(full.tooManyCalls());
  }

  /**
   * Ends a call.
   *
   * @param bytes that it still holds
   */
  void close(Connection connection, long bytes) {
    lock.lock();
    try {
      connection.account.addCalls(-1);
      take(connection, bytes);
      forgetIdleUser(connection);
    } finally {
      lock.unlock();
    }
  }

  /** Holds bytes of what was begun; else what is exceeded, and the remedy. */
  Optional<String> hold(Connection connection, long bytes) {
    return hold(connection, bytes, 2);
  }

  /** Holds bytes whatever there is room for. */
  void mustHold(Connection connection, long bytes) {
    lock.lock();
    try {
      if (!connection.writtenOff) {
        add(connection, bytes);
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void add(Connection connection, long bytes) {
    if (connection.account.bytes() == 0) {
      connection.stillSinceNanos = nanoTime.getAsLong();
    }
    connection.account.addBytes(bytes);
  }

  /**
   * Whether an answer may be begun; else what is exceeded, and the remedy. Waits for room for as
   * long as clients read.
   *
   * @param wanted whether somebody waits for the answer
   */
  Optional<String> awaitRoom(Connection connection, BooleanSupplier wanted)
      throws InterruptedException {
    long start = nanoTime.getAsLong();
    while (true) {
      Optional<String> refused = hold(connection, 0, 1);
      if (refused.isEmpty() || !wanted.getAsBoolean()) {
        return refused;
      }
      lock.lockInterruptibly();
      try {
        Account full = connection.account.fullOfBytes(1);
        if (connection.refusal != null || (full != null && isStill(full, start))) {
          return refused;
        }
        if (full != null) {
          var _ = roomMade.await(ASK_AGAIN.toNanos(), TimeUnit.NANOSECONDS);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  @GuardedBy("lock")
  private boolean isStill(Account full, long since) {
    long now = nanoTime.getAsLong();
    return now - since >= LONGEST_WAIT.toNanos()
        || (now - since >= PATIENCE.toNanos() && now - full.lastTakenNanos() >= PATIENCE.toNanos());
  }

  private Optional<String> hold(Connection connection, long bytes, int times) {
    List<Connection> stalled = new ArrayList<>();
    try {
      return holdUnlessFull(connection, bytes, times, stalled);
    } finally {
      stalled.forEach(each -> each.close(NOT_READ));
    }
  }

  private Optional<String> holdUnlessFull(
      Connection connection, long bytes, int times, List<Connection> stalled) {
    lock.lock();
    try {
      while (connection.refusal == null) {
        Account full = connection.account.fullOfBytes(times);
        if (full == null) {
          add(connection, bytes);
          return Optional.empty();
        }
        Connection largest = largestStalledIn(full, connection);
        if (largest == null) {
          return Optional.of(full.tooManyBytes());
        }
        writeOff(largest, NOT_READ);
        stalled.add(largest);
      }
      return Optional.of(connection.refusal);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private @Nullable Connection largestStalledIn(Account full, Connection asking) {
    long now = nanoTime.getAsLong();
    return connections.stream()
        .filter(each -> each != asking && each.account.bytes() > 0 && each.account.isIn(full))
        .filter(each -> now - each.stillSinceNanos >= STALLED.toNanos())
        .max(Comparator.comparingLong(each -> each.account.bytes()))
        .orElse(null);
  }

  /** Closing it frees what it holds, within milliseconds. */
  @GuardedBy("lock")
  private void writeOff(Connection connection, String why) {
    connection.account.addBytes(-connection.account.bytes());
    connection.refusal = why;
    connection.writtenOff = true;
    roomMade.signalAll();
  }

  /** Bytes that were held have been read by the client, or are needed no more. */
  void taken(Connection connection, long bytes) {
    lock.lock();
    try {
      take(connection, bytes);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void take(Connection connection, long bytes) {
    if (bytes != 0 && !connection.writtenOff) {
      connection.stillSinceNanos = nanoTime.getAsLong();
      connection.account.takeBytes(bytes, connection.stillSinceNanos);
      if (connection.account.bytes() == 0) {
        connection.overrun = 0;
      }
      roomMade.signalAll();
    }
  }

  /**
   * A client goes on sending what was refused, which is in memory until it reads that. One that
   * does so for long is closed.
   */
  void overrun(Connection connection, long bytes) {
    lock.lock();
    try {
      connection.overrun += bytes;
      if (connection.refusal != null || connection.overrun < connection.account.bounds().bytes()) {
        return;
      }
      writeOff(connection, OVERRUN);
    } finally {
      lock.unlock();
    }
    connection.close(OVERRUN);
  }
}
