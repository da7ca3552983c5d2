package io.statebridge.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.Counters;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.GetContainerRequest;
import io.statebridge.proto.v1.GetContainerResponse;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.NamespacePolicy;
import io.statebridge.proto.v1.RuntimeStatus;
import io.statebridge.proto.v1.SyncState;
import io.statebridge.proto.v1.UnwatchedShim;
import io.statebridge.proto.v1.WaitContainerRequest;
import io.statebridge.proto.v1.WaitContainerResponse;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the commands ask for, and how they print the answers. */
final class AnswersTest {
  private static final String CREATED_JSON =
      "{\"namespace\":\"default\",\"id\":\"new\",\"state\":\"CREATED\",\"pid\":0,\"image\":\"\","
          + "\"runtime\":\"\",\"labels\":{},\"sandboxId\":null,\"createdAt\":null,"
          + "\"startedAt\":null,\"finishedAt\":null,\"exitCode\":null,\"reason\":\"\","
          + "\"message\":\"\",\"paused\":false,\"pendingExit\":null,\"cleanupPending\":false,"
          + "\"orphaned\":false,\"source\":null,\"removedAt\":null,\"revision\":0}";

  private final Path socket;
  private final FakeDaemon daemon;

  AnswersTest(@TempDir Path directory) throws IOException {
    socket = directory.resolve("s.sock");
    daemon = new FakeDaemon(socket);
  }

  @AfterEach
  void stopDaemon() {
    daemon.close();
  }

  private CommandRun run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.add("--socket=" + socket);
    return CommandRun.of(all.toArray(String[]::new));
  }

  private static GetContainerResponse got(Container container) {
    return GetContainerResponse.newBuilder().setContainer(container).build();
  }

  private static WatchContainersResponse change(WatchContainersResponse.Type type, long revision) {
    return WatchContainersResponse.newBuilder()
        .setType(type)
        .setEpoch("e1")
        .setRevision(revision)
        .build();
  }

  @Test
  void getPrintsEveryKeyOfAnExitedContainerAndEscapesItsLabels() {
    daemon.answers(got(Samples.EXITED));

    CommandRun run = run("get", "abc", "-n", "k8s.io", "-o", "json");

    assertThat(run.out())
        .isEqualTo(
            "{\"namespace\":\"k8s.io\",\"id\":\"abc123\",\"state\":\"EXITED\",\"pid\":0,"
                + "\"image\":\"busybox:1.36\",\"runtime\":\"io.containerd.runc.v2\","
                + "\"labels\":{\"a\":\"say \\\"hi\\\"\\n\\u001B[31m\u2028 \u00fc \ud83d\ude00"
                + " \\\\\",\"z\":\"last\"},"
                + "\"sandboxId\":\"pod1\",\"createdAt\":\"2026-01-02T03:00:00.000000000Z\","
                + "\"startedAt\":\"2026-01-02T03:00:01.500000000Z\","
                + "\"finishedAt\":\"2026-01-02T03:00:05.000000001Z\",\"exitCode\":7,"
                + "\"reason\":\"Error\",\"message\":\"\",\"paused\":false,\"pendingExit\":null,"
                + "\"cleanupPending\":false,\"orphaned\":false,\"source\":\"EVENT\","
                + "\"removedAt\":null,\"revision\":42}\n");
    assertThat(run.status()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(daemon.requests)
        .containsExactly(
            GetContainerRequest.newBuilder()
                .setNamespace("k8s.io")
                .setId("abc")
                .setMatchPrefix(true)
                .build());
  }

  @Test
  void getPrintsPendingExitsAndUnsignedRevisions() {
    daemon.answers(got(Samples.PENDING));

    CommandRun run = run("get", "ending", "-o", "json");

    assertThat(run.out())
        .contains(
            "\"pendingExit\":{\"exitCode\":137,\"exitedAt\":\"2026-01-02T03:04:00.000000000Z\","
                + "\"observedAt\":\"2026-01-02T03:04:00.250000000Z\",\"source\":\"SHIM\","
                + "\"deleteAttempts\":2,\"lastError\":\"busy\"}")
        .contains("\"revision\":18446744073709551615}");
  }

  @Test
  void getShowsPeopleLabelsThatCannotSteerTheirTerminal() {
    daemon.answers(got(Samples.EXITED));

    CommandRun run = run("get", "abc");

    assertThat(run.out())
        .contains("state:         EXITED (7)\n")
        .contains("finished:      2026-01-02T03:00:05.000000001Z (3m ago)\n")
        .contains("label:         z=last\n")
        .doesNotContain("\u001b");
  }

  @Test
  void listPrintsAnArrayThatIsEmptyWhenNothingMatches() {
    daemon.answers(ListContainersResponse.getDefaultInstance());
    CommandRun none = run("list", "-o", "json");
    daemon.answers(ListContainersResponse.newBuilder().addContainers(Samples.CREATED).build());
    CommandRun one = run("list", "-o", "json");

    assertThat(none.out()).isEqualTo("[]\n");
    assertThat(one.out()).isEqualTo("[" + CREATED_JSON + "]\n");
  }

  @Test
  void listSendsItsWholeFilter() {
    daemon.answers(ListContainersResponse.getDefaultInstance());

    CommandRun run =
        run(
            "list",
            "-n",
            "a",
            "-n",
            "b",
            "--state",
            "exited",
            "--state=UNKNOWN",
            "-l",
            "k=v=w",
            "-l",
            "empty=",
            "--sandbox",
            "pod1",
            "-o",
            "json");

    assertThat(run.status()).isZero();
    assertThat(daemon.requests)
        .containsExactly(
            ListContainersRequest.newBuilder()
                .setFilter(
                    ContainerFilter.newBuilder()
                        .addNamespaces("a")
                        .addNamespaces("b")
                        .addStates(ContainerState.CONTAINER_STATE_EXITED)
                        .addStates(ContainerState.CONTAINER_STATE_UNKNOWN)
                        .putLabels("k", "v=w")
                        .putLabels("empty", "")
                        .setSandboxId("pod1"))
                .build());
  }

  @Test
  void listAlignsItsColumns() {
    daemon.answers(
        ListContainersResponse.newBuilder()
            .addContainers(Samples.PENDING)
            .addContainers(Samples.EXITED)
            .setSync(SyncState.newBuilder().setInSync(true))
            .build());

    CommandRun run = run("list");

    assertThat(run.out())
        .isEqualTo(
            """
            NAMESPACE  ID      STATE                       PID   AGE  FINISHED  IMAGE
            default    ending  RUNNING (exit 137 pending)  4321  -    -         -
            k8s.io     abc123  EXITED (7)                  -     4m   3m ago    busybox:1.36
            """);
    assertThat(run.err()).isEmpty();
  }

  @Test
  void aContainerWithoutMetadataIsShownAsAnOrphan() {
    Container orphan = Samples.CREATED.toBuilder().setOrphaned(true).build();

    daemon.answers(ListContainersResponse.newBuilder().addContainers(orphan).build());
    assertThat(run("list").out()).contains("CREATED (orphaned)");

    daemon.answers(got(orphan));
    assertThat(run("get", "new").out())
        .contains("state:      CREATED (orphaned)\n")
        .contains("orphaned:   the runtime has deleted its metadata\n");

    daemon.answers(got(orphan));
    assertThat(run("get", "new", "-o", "json").out()).contains("\"orphaned\":true,");
  }

  @Test
  void listAsksForRemovedContainersIfItIsToldTo() {
    daemon.answers(
        ListContainersResponse.newBuilder()
            .addContainers(
                Samples.EXITED.toBuilder().setRemovedAt(Samples.time("2026-01-02T03:01:00Z")))
            .setSync(SyncState.newBuilder().setInSync(true))
            .build());

    CommandRun run = run("list", "--removed");

    assertThat(run.out()).contains("EXITED (7, removed)");
    assertThat(daemon.requests)
        .containsExactly(
            ListContainersRequest.newBuilder()
                .setFilter(ContainerFilter.getDefaultInstance())
                .setIncludeRemoved(true)
                .build());
  }

  @Test
  void aListThatMayBeOutOfDateSaysSoOnStderr() {
    daemon.answers(ListContainersResponse.getDefaultInstance());

    CommandRun run = run("list");

    assertThat(run.status()).isZero();
    assertThat(run.err()).startsWith("statebridge: note: ").hasLineCount(1);
  }

  @Test
  void watchPrintsOneJsonLineAMessageAndGoesOnWhereItIsTold() {
    daemon.answers(
        Status.OK,
        change(WatchContainersResponse.Type.ADDED, 5).toBuilder()
            .setContainer(Samples.CREATED)
            .build(),
        change(WatchContainersResponse.Type.SYNCED, 5),
        change(WatchContainersResponse.Type.PROGRESS, 6));

    CommandRun run = run("watch", "-o", "json", "--resume", "e:0:4");

    assertThat(run.out())
        .isEqualTo(
            "{\"type\":\"ADDED\",\"epoch\":\"e1\",\"revision\":5,\"container\":"
                + CREATED_JSON
                + "}\n{\"type\":\"SYNCED\",\"epoch\":\"e1\",\"revision\":5,\"container\":null}\n"
                + "{\"type\":\"PROGRESS\",\"epoch\":\"e1\",\"revision\":6,\"container\":null}\n");
    assertThat(run.err()).contains("--resume e1:6").hasLineCount(1);
    assertThat(run.status()).isEqualTo(1);
    assertThat(daemon.requests)
        .containsExactly(
            WatchContainersRequest.newBuilder()
                .setFilter(ContainerFilter.getDefaultInstance())
                .setResume(
                    WatchContainersRequest.Resume.newBuilder().setEpoch("e:0").setRevision(4))
                .build());
  }

  @Test
  void watchPrintsARowAChangeAndLeavesOutProgress() {
    daemon.answers(
        Status.UNAVAILABLE,
        change(WatchContainersResponse.Type.DELETED, 5).toBuilder()
            .setContainer(Samples.EXITED)
            .build(),
        change(WatchContainersResponse.Type.PROGRESS, 6));

    CommandRun run = run("watch");

    assertThat(run.out().lines())
        .containsExactly(
            "TYPE     REVISION  NAMESPACE  ID      STATE       PID  AGE  FINISHED  IMAGE",
            "DELETED  5         k8s.io     abc123  EXITED (7)  -    4m   3m ago    busybox:1.36");
    // Nothing to resume from: the records before SYNCED are not all there is.
    assertThat(run.err()).doesNotContain("--resume").contains("going down").hasLineCount(1);
    assertThat(run.status()).isEqualTo(1);
  }

  @Test
  void waitPrintsTheExitCodeAndSucceeds() {
    daemon.answers(WaitContainerResponse.newBuilder().setContainer(Samples.EXITED).build());

    CommandRun run = run("wait", "abc");

    assertThat(run).isEqualTo(new CommandRun(0, "7\n", ""));
  }

  @Test
  void waitForTheObservedExitPrintsThePendingCode() {
    daemon.answers(WaitContainerResponse.newBuilder().setContainer(Samples.PENDING).build());

    CommandRun run = run("wait", "ending", "--observed", "--timeout", "1m30s");

    assertThat(run).isEqualTo(new CommandRun(0, "137\n", ""));
    assertThat(daemon.requests)
        .containsExactly(
            WaitContainerRequest.newBuilder()
                .setId("ending")
                .setMatchPrefix(true)
                .setUntil(WaitContainerRequest.Until.OBSERVED)
                .build());
  }

  @Test
  void waitGivesUpWhenItsTimeoutPasses() {
    daemon.answers((Status) null);

    CommandRun run = run("wait", "abc", "--timeout", "50ms");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("has not ended within 50 ms").hasLineCount(1);
  }

  @Test
  void statusSumsUpInItsFirstLine() {
    GetBridgeStatusResponse status =
        GetBridgeStatusResponse.newBuilder()
            .setVersion("0.1.0")
            .setContainers(12)
            .setRuntime(
                RuntimeStatus.newBuilder()
                    .setAddress("/run/c.sock")
                    .setRuntimeVersion("1.6.20")
                    .setPhase(RuntimeStatus.Phase.LIVE)
                    .setLastError("gone\naway"))
            .setSync(SyncState.newBuilder().setInSync(true))
            .addNamespaces(
                NamespacePolicy.newBuilder()
                    .setNamespace("k8s.io")
                    .setConfigured("auto")
                    .setWhy("the kubelet deletes"))
            .setCounters(Counters.newBuilder().setEvents(3).putExitsRecorded("EVENT", 2))
            .addSilentShims("bars/db")
            .addSilentShims("bars/web")
            .setSilentShimsTotal(2)
            .addUnwatchedShims(
                UnwatchedShim.newBuilder().setContainer("bars/db").setReason("speaks grpc"))
            .setUnwatchedShimsTotal(200)
            .build();
    daemon.answers(status);
    CommandRun inSync = run("status");
    daemon.answers(
        status.toBuilder()
            .setSync(SyncState.newBuilder().setLastInSyncAt(Samples.time("2026-01-02T03:03:05Z")))
            .build());
    CommandRun outOfSync = run("status");

    assertThat(inSync.out())
        .startsWith("in sync with containerd 1.6.20 at /run/c.sock, 12 containers\n")
        .containsPattern("namespace k8s.io: +leaves exited tasks to others \\(auto: the kubelet")
        .containsPattern("shims not answering: +2 \\(bars/db, bars/web\\)\n")
        .containsPattern("not waited for at the shim: +200 \\(bars/db: speaks grpc; \\.\\.\\.\\)\n")
        .containsPattern("exits recorded: +2 \\(EVENT 2\\)\n");
    assertThat(outOfSync.out())
        .startsWith(
            "not in sync with containerd 1.6.20 at /run/c.sock since"
                + " 2026-01-02T03:03:05.000000000Z (60s ago), 12 containers: gone away\n");
  }

  @Test
  void statusAsJsonHasEveryFieldOfTheAnswer() {
    daemon.answers(
        GetBridgeStatusResponse.newBuilder()
            .setStartedAt(Samples.time("2026-01-02T03:03:05Z"))
            .setRuntime(RuntimeStatus.newBuilder().setPhase(RuntimeStatus.Phase.LIVE))
            .addNamespaces(NamespacePolicy.newBuilder().setNamespace("a").setDeletes(true))
            .setCounters(
                Counters.newBuilder().putExitsRecorded("SHIM", 1).putExitsRecorded("CRI", 2))
            .build());

    CommandRun run = run("status", "-o", "json");

    assertThat(run.out())
        .isEqualTo(
            "{\"version\":\"\",\"startedAt\":\"2026-01-02T03:03:05.000000000Z\",\"epoch\":\"\","
                + "\"revision\":0,\"containers\":0,\"runtime\":{\"address\":\"\",\"phase\":\"LIVE\","
                + "\"since\":null,\"runtimeVersion\":\"\",\"lastError\":\"\",\"reconnects\":0},"
                + "\"sync\":null,\"queuesActive\":0,\"queuesWaiting\":0,\"pendingExits\":0,"
                + "\"cleanupPending\":0,\"watchers\":0,\"namespaces\":[{\"namespace\":\"a\","
                + "\"configured\":\"\",\"deletes\":true,\"why\":\"\"}],\"counters\":{\"events\":0,"
                + "\"eventsUnrecognised\":0,\"eventsMalformed\":0,\"eventsOom\":0,"
                + "\"exitsOfExecs\":0,\"exitsDropped\":0,\"exitsConfirmed\":0,"
                + "\"exitsRecorded\":{\"CRI\":2,\"SHIM\":1},\"deletesFailed\":0,\"reconciles\":0,"
                + "\"reconcileDifferences\":0},\"checkpoint\":null,\"exitWatches\":{},"
                + "\"silentShims\":[],\"silentShimsTotal\":0,"
                + "\"unwatchedShims\":[],\"unwatchedShimsTotal\":0}\n");
  }
}
