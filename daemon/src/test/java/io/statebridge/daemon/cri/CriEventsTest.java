package io.statebridge.daemon.cri;

import static io.statebridge.daemon.cri.CriSamples.container;
import static io.statebridge.daemon.cri.CriSamples.ended;
import static io.statebridge.daemon.cri.CriSamples.ending;
import static io.statebridge.daemon.cri.CriSamples.foreign;
import static io.statebridge.daemon.cri.CriSamples.id;
import static io.statebridge.daemon.cri.CriSamples.running;
import static io.statebridge.daemon.cri.CriSamples.sandbox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

import io.grpc.Status;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.api.PendingExit;
import io.statebridge.daemon.stream.FakeCall;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerState;
import io.statebridge.proto.cri.v1.ContainerStatus;
import io.statebridge.proto.cri.v1.GetEventsRequest;
import io.statebridge.proto.cri.v1.PodSandboxMetadata;
import io.statebridge.proto.cri.v1.PodSandboxState;
import io.statebridge.proto.cri.v1.PodSandboxStatus;
import io.statebridge.store.ContainerStore;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** One subscriber, step by step, of a store whose clock stands still. */
final class CriEventsTest {
  private static final Instant NOW = Instant.parse("2026-01-02T12:00:00Z");
  private static final int LOG_CAPACITY = 16;

  private final ContainerStore store =
      new ContainerStore(
          "e1", LOG_CAPACITY, Duration.ZERO, InstantSource.fixed(NOW), System::nanoTime);

  {
    store.complete();
  }

  private final OpenCalls openCalls = new OpenCalls();
  private final FakeCall<ContainerEventResponse> call = new FakeCall<>();

  private void subscribe() {
    SyncStatus status =
        new SyncStatus(SyncStatus.Phase.LIVE, Instant.EPOCH, "", "", 0, Instant.EPOCH);
    Set<String> shown = Set.of(CriSamples.NAMESPACE, "also-shown");
    new CriRuntimeService(
            store,
            new CriRecords(store, shown, ref -> Optional.empty()),
            () -> status,
            mock(CriConditions.class),
            id -> CompletableFuture.failedStage(new AssertionError("nobody asks")),
            mock(CriStats.class),
            openCalls,
            Runnable::run)
        .getContainerEvents(GetEventsRequest.getDefaultInstance(), call);
  }

  private void start(String id) {
    store.update(id(id), CriSamples::running);
  }

  private void end(String id) {
    store.update(id(id), c -> ended(c, CriSamples.EXIT));
  }

  /** The events as words: their type and whose they are. */
  private List<String> told() {
    return call.sent.stream().map(CriEventsTest::words).toList();
  }

  private static String words(ContainerEventResponse event) {
    String type = event.getContainerEventType().name();
    return type.substring("CONTAINER_".length(), type.length() - "_EVENT".length())
        + " "
        + event.getContainerId();
  }

  private static List<String> states(ContainerEventResponse event) {
    return event.getContainersStatusesList().stream()
        .map(s -> s.getId() + " " + s.getState().name().substring("CONTAINER_".length()))
        .toList();
  }

  private static PodSandboxMetadata pod(String name, String uid, String namespace) {
    return PodSandboxMetadata.newBuilder()
        .setName(name)
        .setUid(uid)
        .setNamespace(namespace)
        .build();
  }

  @Test
  void aPodsLifeIsToldWithItsStatusAndItsContainersEachTime() {
    subscribe();
    store.create(sandbox("pod"));
    start("pod");
    store.create(container("a", "pod"));
    start("a");
    store.create(container("b", "pod"));
    end("a");
    store.delete(id("a"));
    store.delete(id("b"));
    end("pod");
    store.delete(id("pod"));

    assertThat(told())
        .containsExactly(
            "CREATED pod",
            "STARTED pod",
            "CREATED a",
            "STARTED a",
            "CREATED b",
            "STOPPED a",
            "DELETED a",
            "DELETED b",
            "STOPPED pod",
            "DELETED pod");
    assertThat(call.sent)
        .extracting(CriEventsTest::states)
        .containsExactly(
            List.of(),
            List.of(),
            List.of("a CREATED"),
            List.of("a RUNNING"),
            List.of("a RUNNING", "b CREATED"),
            List.of("a EXITED", "b CREATED"),
            List.of("a EXITED", "b CREATED"),
            List.of("b CREATED"),
            List.of(),
            List.of());
    assertThat(call.sent)
        .extracting(event -> event.getPodSandboxStatus().getMetadata())
        .containsOnly(pod("name-pod", "uid-pod", "tests"));
    assertThat(call.sent)
        .extracting(
            event -> event.getPodSandboxStatus().getState() == PodSandboxState.SANDBOX_READY)
        .containsExactly(false, true, true, true, true, true, true, true, false, false);
  }

  @Test
  void theStatusOfAContainerThatStoppedOrIsDeletedIsFinal() {
    store.create(sandbox("pod"));
    store.create(running(container("a", "pod")));
    subscribe();
    PendingExit pending = PendingExit.of(CriSamples.EXIT, NOW);
    store.update(id("a"), c -> ending(c, pending));
    end("a");
    store.delete(id("a"));

    assertThat(told()).containsExactly("STOPPED a", "DELETED a");
    for (ContainerEventResponse event : call.sent) {
      ContainerStatus status = event.getContainersStatuses(0);
      assertThat(status.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
      assertThat(status.getExitCode()).isEqualTo(3);
      assertThat(Instant.ofEpochSecond(0, status.getFinishedAt())).isEqualTo(CriSamples.ENDED);
    }
  }

  @Test
  void anEventThatIsReadLateComesWithThePodAsItWasThen() {
    store.create(running(sandbox("pod")));
    store.create(running(container("other", "pod")));
    subscribe();
    call.ready = false;
    store.create(container("late", "pod"));
    start("late");
    end("other");
    end("late");
    end("pod");
    store.delete(id("other"));

    assertThat(call.sent).isEmpty();
    call.becomesReadyFor(2);
    assertThat(told()).containsExactly("CREATED late", "STARTED late");
    call.becomesReadyFor(10);

    assertThat(told().subList(2, 6))
        .containsExactly("STOPPED other", "STOPPED late", "STOPPED pod", "DELETED other");
    assertThat(call.sent)
        .extracting(CriEventsTest::states)
        .containsExactly(
            List.of("late CREATED", "other RUNNING"),
            List.of("late RUNNING", "other RUNNING"),
            List.of("late RUNNING", "other EXITED"),
            List.of("late EXITED", "other EXITED"),
            List.of("late EXITED", "other EXITED"),
            List.of("late EXITED", "other EXITED"));
    assertThat(call.sent.get(3).getPodSandboxStatus().getState())
        .isEqualTo(PodSandboxState.SANDBOX_READY);
    assertThat(call.sent.get(4).getPodSandboxStatus().getState())
        .isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
  }

  @Test
  void eventsAreNewerThanTheOnesBeforeAlsoWithinACommit() {
    subscribe();
    store.create(ended(running(container("a", "pod")), CriSamples.EXIT));
    store.create(container("b", "pod"));
    store.create(container("c", "pod"));

    assertThat(told())
        .containsExactly("CREATED a", "STARTED a", "STOPPED a", "CREATED b", "CREATED c");
    assertThat(call.sent)
        .extracting(event -> Instant.ofEpochSecond(0, event.getCreatedAt()))
        .containsExactly(
            NOW, NOW.plusNanos(1), NOW.plusNanos(2), NOW.plusNanos(3), NOW.plusNanos(4));
  }

  @Test
  void aSandboxThatIsGoneIsToldAsLongAsItHasContainersAndIsThenForgotten() {
    store.create(running(sandbox("pod")));
    store.create(running(container("a", "pod")));
    subscribe();
    store.delete(id("pod"));
    store.update(id("a"), CriSamples::paused);
    end("a");
    store.delete(id("a"));
    store.create(container("new", "pod"));

    assertThat(told()).containsExactly("DELETED pod", "STOPPED a", "DELETED a", "CREATED new");
    for (ContainerEventResponse event : call.sent.subList(0, 3)) {
      PodSandboxStatus status = event.getPodSandboxStatus();
      assertThat(status.getMetadata()).isEqualTo(pod("name-pod", "uid-pod", "tests"));
      assertThat(status.getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
      assertThat(states(event)).hasSize(1);
    }
    assertThat(call.sent.getLast().getPodSandboxStatus().getMetadata().getName())
        .isEqualTo("labelled");
  }

  @Test
  void ofASandboxThatNeverWasSeenItsContainersTell() {
    subscribe();
    store.create(container("a", "unseen"));
    start("a");
    end("a");

    assertThat(told()).containsExactly("CREATED a", "STARTED a", "STOPPED a");
    assertThat(call.sent)
        .extracting(event -> event.getPodSandboxStatus().getMetadata())
        .containsOnly(pod("labelled", "labelled-uid", "labelled-namespace"));
    assertThat(call.sent)
        .extracting(event -> event.getPodSandboxStatus().getState())
        .containsExactly(
            PodSandboxState.SANDBOX_NOTREADY,
            PodSandboxState.SANDBOX_READY,
            PodSandboxState.SANDBOX_NOTREADY);
    assertThat(call.sent.getFirst().getPodSandboxStatus().getId()).isEqualTo("unseen");
    assertThat(Instant.ofEpochSecond(0, call.sent.getFirst().getPodSandboxStatus().getCreatedAt()))
        .isEqualTo(CriSamples.CREATED);
  }

  @Test
  void aContainerThatNoPluginMadeIsToldOnceAndIsAPodOfItsOwn() {
    ContainerRecord foreign =
        ContainerRecord.of(new ContainerInfo(id("own"), "", "", Map.of(), "", CriSamples.CREATED));
    subscribe();
    store.create(foreign);
    start("own");
    store.delete(id("own"));

    assertThat(told()).containsExactly("CREATED own", "STARTED own", "DELETED own");
    assertThat(call.sent)
        .extracting(CriEventsTest::states)
        .last()
        .isEqualTo(List.of("own RUNNING"));
    assertThat(call.sent)
        .extracting(event -> event.getPodSandboxStatus().getMetadata())
        .containsOnly(pod("own", "own", CriSamples.NAMESPACE));
  }

  @Test
  void onlyWhatTheCriShowsIsToldAndEachNamespaceApart() {
    ContainerRecord shown = withNamespace("also-shown", container("a", "pod"));
    subscribe();
    store.create(withNamespace("default", container("a", "pod")));
    store.create(container("a", "pod"));
    store.create(shown);

    assertThat(told()).containsExactly("CREATED a", "CREATED a");
    assertThat(call.sent.getLast().getContainersStatusesList()).hasSize(1);
  }

  private static ContainerRecord withNamespace(String namespace, ContainerRecord container) {
    ContainerInfo info = container.info();
    return ContainerRecord.of(
        new ContainerInfo(
            new ContainerId(namespace, info.id().id()),
            info.image(),
            info.runtime(),
            info.labels(),
            info.sandboxId(),
            info.createdAt(),
            info.criMetadata(),
            info.spec()));
  }

  /** Its metadata was deleted before it could be read. */
  private static ContainerRecord fromEventsAlone(String id) {
    return ContainerRecord.of(new ContainerInfo(id(id), "", "", Map.of(), "", null))
        .withOrphaned(true);
  }

  @Test
  void aContainerOfWhichEventsAloneTellIsNotShown() {
    store.create(fromEventsAlone("early"));
    subscribe();
    store.create(fromEventsAlone("late"));
    start("late");
    end("late");
    store.delete(id("late"));
    store.delete(id("early"));

    assertThat(call.sent).isEmpty();
  }

  @Test
  void aContainerIsToldFromItsBeginningOnceItIsShown() {
    subscribe();
    store.create(running(fromEventsAlone("a")));
    store.update(id("a"), c -> c.withInfo(container("a", "pod").info()).withOrphaned(false));
    end("a");

    assertThat(told()).containsExactly("CREATED a", "STARTED a", "STOPPED a");
  }

  @Test
  void anOrphanThatTheCriKnewIsShownUntilItsEnd() {
    store.create(running(container("a", "pod")));
    store.create(running(foreign("own")));
    subscribe();
    store.update(id("a"), c -> c.withOrphaned(true));
    store.update(id("own"), c -> c.withOrphaned(true));
    end("a");
    end("own");
    store.delete(id("a"));
    store.delete(id("own"));

    assertThat(told()).containsExactly("STOPPED a", "STOPPED own", "DELETED a", "DELETED own");
  }

  @Test
  void aTaskThatWasKilledBeforeItsStartHasNoStarted() {
    subscribe();
    store.create(container("a", "pod"));
    store.update(id("a"), CriSamples::withTask);
    end("a");
    // Its start becomes known after all.
    store.update(id("a"), CriSamples::exited);

    assertThat(told()).containsExactly("CREATED a", "STOPPED a");
  }

  @Test
  void aContainerWhosePodIsLearnedLaterMovesThere() {
    store.create(running(sandbox("first")));
    store.create(running(sandbox("pod")));
    store.create(container("a", "first"));
    subscribe();
    store.update(id("a"), c -> c.withInfo(container("a", "pod").info()));
    start("a");
    end("first");

    assertThat(told()).containsExactly("STARTED a", "STOPPED first");
    assertThat(call.sent.getFirst().getPodSandboxStatus().getId()).isEqualTo("pod");
    assertThat(call.sent)
        .extracting(CriEventsTest::states)
        .containsExactly(List.of("a RUNNING"), List.of());
  }

  @Test
  void aSubscriberThatTheLogOvertookIsToldThatEventsAreLost() {
    subscribe();
    call.ready = false;
    for (int i = 0; i <= LOG_CAPACITY; i++) {
      store.create(container("c" + i, "pod"));
    }
    call.becomesReadyFor(10);

    assertThat(call.sent).isEmpty();
    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.OUT_OF_RANGE);
    assertThat(call.ends.getFirst().getDescription()).contains("lost").contains("subscribe again");
    assertThat(openCalls.size()).isZero();
  }

  @Test
  void goingDownEndsTheStream() {
    subscribe();

    openCalls.endAll();
    store.create(container("a", "pod"));

    assertThat(call.sent).isEmpty();
    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.UNAVAILABLE);
  }
}
