package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Exited;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.PendingExit;
import io.statebridge.api.TaskInfo;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import io.statebridge.store.ContainerStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.mockito.Mockito;

/** The whole of the sync part on the test's thread, with a runtime that the test plays. */
final class SyncFixture {

  static final ContainerId WEB = new ContainerId("bars", "web");
  static final long PID = 4711;

  /** What the kernel says of every process. */
  static final Instant STARTED_AT = FakeLoop.START.minusSeconds(10);

  /** When the exits of these tests happened: a little before now, and after every start. */
  static final Instant EXITED_AT = FakeLoop.START.plusNanos(123_456_789);

  /** Whether the kernel has a process although the runtime has no task of it. */
  boolean orphanLives;

  /** What the kernel knows: only of {@link #PID} also which shim is its parent, while it lives. */
  private final NodeProcesses processes =
      new NodeProcesses() {
        @Override
        public Optional<Instant> startOf(long pid) {
          return Optional.of(STARTED_AT);
        }

        @Override
        public Optional<String> bundleOf(ContainerId id, long pid) {
          TaskInfo task = runtime.tasks.get(id);
          boolean lives = task == null ? orphanLives : task.status() != Status.STOPPED;
          return pid == PID && lives ? Optional.of(BUNDLE) : Optional.empty();
        }
      };

  /** Of {@link #WEB}. */
  static final String BUNDLE = "/run/containerd/io.containerd.runtime.v2.task/bars/web";

  /** May be replaced at any time. */
  Durability durability = Durability.NONE;

  final FakeLoop loop = new FakeLoop();
  final FakeRuntime runtime = new FakeRuntime();

  /** A spy, so that a test can make an update fail. */
  final ContainerStore store =
      Mockito.spy(
          new ContainerStore("epoch", 1024, Duration.ofHours(1), loop::now, loop::nanoTime));

  final Sync sync;

  SyncFixture() {
    this(Setting.ALWAYS);
  }

  SyncFixture(Setting deleteExitedTasks) {
    this(deleteExitedTasks, SyncSettings.DEFAULTS);
  }

  SyncFixture(Setting deleteExitedTasks, SyncSettings settings) {
    this(new DeletePolicy(deleteExitedTasks, Map.of()), settings);
  }

  SyncFixture(DeletePolicy policy, SyncSettings settings) {
    this(policy, settings, List.of());
  }

  SyncFixture(DeletePolicy policy, SyncSettings settings, List<ExitWaiter> waiters) {
    sync =
        new Sync(
            loop,
            store,
            runtime,
            waiters,
            revision -> durability.durable(revision),
            policy,
            settings,
            new Random(1),
            processes);
  }

  /** Connects, and waits until the state machine has nothing more to do. */
  SyncFixture started() {
    sync.start();
    loop.run();
    return this;
  }

  /** In sync, with one container whose init process runs. */
  static SyncFixture withRunningContainer() {
    return withRunningContainer(Setting.ALWAYS);
  }

  static SyncFixture withRunningContainer(Setting deleteExitedTasks) {
    SyncFixture fixture = new SyncFixture(deleteExitedTasks);
    fixture.runtime.add(WEB, Status.RUNNING, PID);
    return fixture.started();
  }

  ContainerRecord web() {
    return store.get(WEB).orElseThrow().record();
  }

  /** The exit that is recorded. */
  Exit recorded() {
    return Objects.requireNonNull(web().exit(), "no exit is recorded");
  }

  PendingExit pending() {
    return Objects.requireNonNull(web().pendingExit(), "no exit is pending");
  }

  void emit(ContainerEvent event) {
    runtime.emit(event);
    loop.run();
  }

  /** The init process of the container ends in the runtime, and the event comes. */
  void exit(int code) {
    endSilently(code);
    emit(exited(code));
  }

  void endSilently(int code) {
    runtime.task(WEB, Status.STOPPED, PID, code, EXITED_AT);
  }

  static Exited exited(int code) {
    return exited("web", PID, code, EXITED_AT);
  }

  static Exited exited(String processId, long pid, int code, Instant at) {
    return new Exited(WEB, processId, pid, new Exit(code, at, ExitSource.EVENT));
  }

  void advance(Duration by) {
    loop.advance(by);
  }

  void advanceSeconds(long seconds) {
    loop.advance(Duration.ofSeconds(seconds));
  }
}
