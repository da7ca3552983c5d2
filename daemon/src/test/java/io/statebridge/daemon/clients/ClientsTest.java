package io.statebridge.daemon.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.daemon.clients.ClientLimits.Bounds;
import io.statebridge.daemon.clients.Clients.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ClientsTest {
  private static final int ROOT = 0;

  private final ClientLimits limits =
      new ClientLimits(new Bounds(4, 4, 400), new Bounds(3, 3, 300), new Bounds(1, 2, 100));
  private long nanos;
  private final Clients clients = new Clients(limits, () -> nanos);
  private final List<String> closed = new ArrayList<>();

  private Connection connect(int uid, String name) {
    return clients.connected(uid, name, why -> closed.add(name + ": " + why));
  }

  private Connection connect(int uid) {
    return connect(uid, "uid " + uid);
  }

  private Connection full(int uid, String name) {
    Connection connection = connect(uid, name);
    assertThat(clients.open(connection)).isEmpty();
    assertThat(clients.hold(connection, 100)).isEmpty();
    return connection;
  }

  private boolean mayBegin(Connection connection) throws InterruptedException {
    return clients.awaitRoom(connection, () -> false).isEmpty();
  }

  private void pass(Duration time) {
    nanos += time.toNanos();
  }

  @Test
  void aConnectionHasNoMoreCallsThanItsBound() {
    Connection connection = connect(1000);
    assertThat(clients.open(connection)).isEmpty();
    assertThat(clients.open(connection)).isEmpty();

    assertThat(clients.open(connection))
        .contains("a connection may have 2 calls open: end some, or try again later");
    clients.close(connection, 0);
    assertThat(clients.open(connection)).isEmpty();
  }

  @Test
  void aUserHasNoMoreCallsThanItsBoundOverAllItsConnections() {
    Connection first = connect(1000);
    Connection second = connect(1000);
    clients.open(first);
    clients.open(first);
    clients.open(second);

    assertThat(clients.open(second).orElseThrow()).startsWith("uid 1000 may have 3 calls open");
    assertThat(clients.open(connect(1001))).isEmpty();
  }

  @Test
  void whatAllOthersHoldTakesNothingFromRoot() {
    for (int uid = 1; uid <= 4; uid++) {
      full(uid, "other");
    }
    assertThat(clients.open(connect(5)).orElseThrow())
        .startsWith("the users other than root together may have 4 connections open");

    Connection root = connect(ROOT);

    assertThat(clients.open(root)).isEmpty();
    assertThat(clients.hold(root, 100)).isEmpty();
  }

  @Test
  void theAnswerThatPassesTheBoundIsTheLastHoweverLargeItIs() throws Exception {
    Connection connection = connect(ROOT);
    clients.open(connection);
    assertThat(clients.hold(connection, 99)).isEmpty();
    assertThat(mayBegin(connection)).isTrue();
    assertThat(clients.hold(connection, 1000)).isEmpty();

    assertThat(mayBegin(connection)).isFalse();
    clients.taken(connection, 1000);
    assertThat(mayBegin(connection)).isTrue();
  }

  @Test
  void whatWasBegunIsRefusedAtTwiceTheBound() {
    Connection connection = full(ROOT, "one");
    assertThat(clients.hold(connection, 100)).isEmpty();

    assertThat(clients.hold(connection, 1))
        .contains(
            "a connection may have 0.0 MiB of unread answers and unfinished requests: read the"
                + " answers, or make fewer calls at a time");
  }

  @Test
  void aConnectionBeyondTheBoundIsClosed() {
    connect(1000);
    connect(1000);
    connect(1000);

    Connection fourth = connect(1000, "fourth");

    assertThat(closed).containsExactly("fourth: uid 1000 may have 3 connections open: close some");
    assertThat(clients.open(fourth)).isPresent();
    clients.disconnected(fourth);
    assertThat(closed).hasSize(1);
  }

  @Test
  void aConnectionThatIsGoneMakesRoomForTheNext() {
    Connection first = connect(1000);
    connect(1000);
    connect(1000);

    clients.disconnected(first);
    connect(1000);

    assertThat(closed).isEmpty();
  }

  @Test
  void callsOfAConnectionThatIsGoneCountUntilTheyEnd() {
    Connection gone = full(1000, "gone");
    clients.open(gone);
    clients.disconnected(gone);
    Connection next = connect(1000);
    assertThat(clients.open(next)).isEmpty();

    assertThat(clients.open(next)).isPresent();
    clients.close(gone, 100);
    assertThat(clients.open(next)).isEmpty();
  }

  @Test
  void theLargestThatStoppedReadingIsClosedForTheNextOneOfItsUser() throws Exception {
    Connection slow = connect(ROOT, "slow");
    clients.open(slow);
    clients.hold(slow, 350);
    Connection slower = connect(ROOT, "slower");
    clients.open(slower);
    clients.hold(slower, 50);
    pass(Clients.STALLED);
    Connection quick = connect(ROOT, "quick");
    clients.open(quick);

    assertThat(mayBegin(quick)).isTrue();

    assertThat(closed).singleElement().asString().startsWith("slow: its answers are not read");
    assertThat(clients.hold(slow, 1)).isPresent();
    clients.close(slow, 350);
    clients.hold(quick, 90);
    assertThat(mayBegin(quick)).as("what was written off counts once").isTrue();
    Connection last = connect(ROOT, "last");
    clients.open(last);
    clients.mustHold(last, 260);
    assertThat(mayBegin(connect(ROOT, "none"))).isFalse();
  }

  @Test
  void nobodyIsClosedWhereThereIsRoom() throws Exception {
    full(1000, "slow");
    pass(Clients.STALLED);

    assertThat(mayBegin(full(1000, "next"))).isFalse();
    assertThat(mayBegin(connect(1000, "last"))).isTrue();
    assertThat(closed).isEmpty();
  }

  @Test
  void whoReadsIsNotClosedHoweverFullItIs() throws Exception {
    Connection first = connect(ROOT, "first");
    clients.open(first);
    clients.hold(first, 390);
    pass(Clients.STALLED);
    clients.taken(first, 300);
    clients.hold(first, 310);
    Connection second = connect(ROOT, "second");
    clients.open(second);

    assertThat(mayBegin(second)).isFalse();
    assertThat(closed).isEmpty();
  }

  @Test
  void roomIsWaitedForAndGivenWhenItIsMade() throws Exception {
    Connection connection = full(ROOT, "one");
    CompletableFuture<Optional<String>> next =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return clients.awaitRoom(connection, () -> true);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });

    clients.taken(connection, 100);

    assertThat(next.get(10, TimeUnit.SECONDS)).isEmpty();
  }

  @Test
  void roomIsNotWaitedForWhereNobodyReads() throws Exception {
    Connection connection = full(ROOT, "one");

    Optional<String> refused =
        clients.awaitRoom(
            connection,
            () -> {
              pass(Clients.PATIENCE);
              return true;
            });

    assertThat(refused).isPresent();
  }

  @Test
  void roomIsWaitedForAsLongAsTheClientReadsButNotForEver() throws Exception {
    Connection connection = full(ROOT, "one");
    List<Long> asked = new ArrayList<>();

    Optional<String> refused =
        clients.awaitRoom(
            connection,
            () -> {
              pass(Clients.PATIENCE);
              clients.taken(connection, 1);
              clients.mustHold(connection, 1);
              asked.add(nanos);
              return true;
            });

    assertThat(refused).isPresent();
    assertThat(asked).hasSize((int) Clients.LONGEST_WAIT.dividedBy(Clients.PATIENCE));
  }

  @Test
  void whoGoesOnSendingWhatWasRefusedIsClosed() {
    Connection connection = full(ROOT, "flood");
    clients.overrun(connection, 99);
    assertThat(closed).isEmpty();

    clients.overrun(connection, 1);

    assertThat(closed).singleElement().asString().startsWith("flood: it goes on sending requests");
  }
}
