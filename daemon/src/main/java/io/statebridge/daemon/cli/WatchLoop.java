package io.statebridge.daemon.cli;

import com.google.common.collect.Lists;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A watch that goes on when its stream ends. Where it can resume it does; where the daemon says
 * OUT_OF_RANGE, because the watch fell behind or the daemon is a new one, it begins with all that
 * exists and prints what is different. It gives up only before it has once been in step.
 */
final class WatchLoop {

  private static final Duration FIRST_RETRY = Duration.ofMillis(100);
  private static final Duration LAST_RETRY = Duration.ofSeconds(5);
  private static final int MAX_DOUBLINGS = 10;

  /** A request has 1 MiB at most. */
  private static final int IDS_A_REQUEST = 1000;

  private final Path socket;
  private final ContainerFilter filter;
  private final Terminal terminal;
  private final WatchPrinter printer;
  private final WatchPosition position;
  private final WatchView view = new WatchView();

  /** Whether the next stream begins with all that exists. */
  private boolean fromScratch;

  /** Whether all that existed, or a change after the given revision, has been printed. */
  private boolean inStep;

  /** How many streams ended since the last message. */
  private int failures;

  /**
   * @param resume where to begin; null to begin with all that exists
   */
  WatchLoop(
      Path socket,
      ContainerFilter filter,
      @Nullable ResumePoint resume,
      Terminal terminal,
      WatchPrinter printer) {
    this.socket = socket;
    this.filter = filter;
    this.terminal = terminal;
    this.printer = printer;
    this.position = new WatchPosition(resume);
    this.fromScratch = resume == null;
  }

  /** Returns when nobody reads any more what is printed. */
  void run() {
    while (!follow()) {
      pause();
    }
  }

  /** Follows one stream to its end; false if another one is to follow. */
  private boolean follow() {
    DaemonConnection daemon;
    try {
      daemon = DaemonConnection.open(socket);
    } catch (CommandFailure e) {
      // While the daemon is restarted its socket may be away.
      return endsWith(e);
    }
    try (daemon) {
      Iterator<WatchContainersResponse> changes = daemon.stub().watchContainers(request());
      while (changes.hasNext()) {
        if (!print(changes.next(), daemon)) {
          return true;
        }
      }
      throw CommandFailure.failed("the daemon ended the watch: start it again" + position.hint());
    } catch (StatusRuntimeException e) {
      return switch (e.getStatus().getCode()) {
        case OUT_OF_RANGE -> beginsAgain(e);
        // The last: there are too many, or what this one prints was not read for long.
        case UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED -> endsWith(daemon.failure(e));
        default -> throw withHint(daemon.failure(e));
      };
    }
  }

  private WatchContainersRequest request() {
    WatchContainersRequest.Builder request = WatchContainersRequest.newBuilder().setFilter(filter);
    if (!fromScratch) {
      position.last().ifPresent(point -> request.setResume(point.toProto()));
    } else if (inStep) {
      view.beginAgain();
    }
    return request.build();
  }

  /** Whether somebody reads it. */
  private boolean print(WatchContainersResponse message, DaemonConnection daemon) {
    view.show(message, missing -> lastRecords(daemon, missing)).forEach(printer::print);
    if (!fromScratch || message.getType() == WatchContainersResponse.Type.SYNCED) {
      position.passed(message);
      fromScratch = false;
      inStep = true;
    }
    failures = 0;
    // Flushes each line, and ends the watch quietly when its reader has gone.
    return terminal.isRead();
  }

  /** How they ended, if the daemon still knows. */
  private static List<Container> lastRecords(DaemonConnection daemon, List<Container> missing) {
    List<Container> records = new ArrayList<>();
    for (List<Container> some : Lists.partition(missing, IDS_A_REQUEST)) {
      ContainerFilter ids =
          ContainerFilter.newBuilder().addAllIds(Lists.transform(some, Container::getId)).build();
      records.addAll(
          daemon
              .answer(
                  stub ->
                      stub.listContainers(
                          ListContainersRequest.newBuilder()
                              .setFilter(ids)
                              .setIncludeRemoved(true)
                              .build()))
              .getContainersList());
    }
    return records;
  }

  private boolean beginsAgain(StatusRuntimeException e) {
    String gap = "the watch cannot go on without a gap (" + e.getStatus().getDescription() + ")";
    if (!inStep) {
      throw CommandFailure.failed(
          gap + ": start it again without --resume to get the state as it is now");
    }
    if (failures == 0) {
      terminal.complain("note: " + gap + ": what is different now follows");
    }
    failures++;
    fromScratch = true;
    return false;
  }

  private boolean endsWith(CommandFailure failure) {
    if (!inStep) {
      throw withHint(failure);
    }
    if (failures == 0) {
      terminal.complain("note: the watch stopped and goes on when it can: " + failure.getMessage());
    }
    failures++;
    return false;
  }

  private CommandFailure withHint(CommandFailure failure) {
    return new CommandFailure(failure.exitStatus(), failure.getMessage() + position.hint());
  }

  /** Full jitter: a restarted daemon has all its watchers back, but not in one instant. */
  private void pause() {
    long most = FIRST_RETRY.toMillis() << Math.min(failures, MAX_DOUBLINGS);
    try {
      Thread.sleep(ThreadLocalRandom.current().nextLong(Math.min(most, LAST_RETRY.toMillis())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CommandFailure.failed("interrupted" + position.hint());
    }
  }
}
