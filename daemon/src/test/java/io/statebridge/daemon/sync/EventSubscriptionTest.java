package io.statebridge.daemon.sync;

import static io.statebridge.daemon.sync.SyncFixture.EXITED_AT;
import static io.statebridge.daemon.sync.SyncFixture.PID;
import static io.statebridge.daemon.sync.SyncFixture.WEB;
import static io.statebridge.daemon.sync.SyncFixture.exited;
import static io.statebridge.daemon.sync.SyncFixture.withRunningContainer;
import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerEvent;
import io.statebridge.api.ContainerEvent.Malformed;
import io.statebridge.api.ContainerEvent.OutOfMemory;
import io.statebridge.api.ContainerEvent.Unrecognised;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerState;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo.Status;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import io.statebridge.daemon.sync.SyncStatus.Phase;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventSubscriptionTest {

  @Test
  void isLiveOnceAProbeCameBackAndTheListWasCompared() {
    SyncFixture f = new SyncFixture();
    f.runtime.hold("namespaces");

    f.started();
    Phase beforeTheList = f.sync.status().phase();
    f.runtime.release("namespaces");
    f.loop.run();

    assertThat(beforeTheList).isEqualTo(Phase.RECONCILING);
    assertThat(f.sync.status().phase()).isEqualTo(Phase.LIVE);
    assertThat(f.sync.status().runtimeVersion()).isEqualTo("1.6.20");
    assertThat(f.sync.status().lastInSyncAt()).isEqualTo(f.loop.now());
  }

  @Test
  void nothingIsListedBeforeTheSubscriptionIsProven() {
    SyncFixture f = new SyncFixture();
    f.runtime.probesReturn = false;

    f.started();
    f.advanceSeconds(1);

    assertThat(f.sync.status().phase()).isEqualTo(Phase.CONNECTING);
    assertThat(f.runtime.count("namespaces")).isZero();
  }

  @Test
  void probeThatOvertookTheSubscriptionIsRepeated() {
    SyncFixture f = new SyncFixture();
    f.runtime.probesReturn = false;
    f.started();

    f.runtime.probesReturn = true;
    f.advance(StreamProbe.PROBE_INTERVAL);

    assertThat(f.runtime.count("publishProbe")).isEqualTo(2);
    assertThat(f.sync.status().inSync()).isTrue();
  }

  @Test
  void subscriptionThatNeverProvesItselfIsGivenUpAndMadeAnew() {
    SyncFixture f = new SyncFixture();
    f.runtime.probesReturn = false;
    f.started();

    f.advance(StreamProbe.CONNECT_TIMEOUT.minusMillis(1));
    int subscriptionsBefore = f.runtime.subscriptions;
    f.advanceSeconds(2);

    assertThat(subscriptionsBefore).isOne();
    assertThat(f.runtime.subscriptions).isEqualTo(2);
    assertThat(f.sync.status().lastError()).contains("no probe came back within 10 s");
  }

  @Test
  void exitsDuringADisconnectAreRecoveredByTheList() {
    SyncFixture f = withRunningContainer();
    f.runtime.endStream();
    f.loop.run();
    Phase afterTheEnd = f.sync.status().phase();

    f.endSilently(7);
    f.advanceSeconds(1);

    assertThat(afterTheEnd).isEqualTo(Phase.DISCONNECTED);
    assertThat(f.sync.status().inSync()).isTrue();
    assertThat(f.sync.status().reconnects()).isOne();
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void reconnectsForEverAndNeverWaitsLongerThanTheCap() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("version", Kind.TRANSIENT);
    f.runtime.endStream();
    f.advance(Duration.ofHours(1));
    String error = f.sync.status().lastError();

    f.runtime.heal("version");
    f.advance(SyncSettings.DEFAULTS.reconnectCap());

    assertThat(error).isEqualTo("version fails");
    assertThat(f.sync.status().inSync()).isTrue();
  }

  @Test
  void failedListIsTriedAgainOnTheSameStream() {
    SyncFixture f = new SyncFixture();
    f.runtime.fail("namespaces", Kind.TRANSIENT);
    f.started();
    f.advanceSeconds(10);
    SyncStatus failed = f.sync.status();

    f.runtime.heal("namespaces");
    f.advance(SyncSettings.DEFAULTS.retryCap());

    assertThat(failed.phase()).isEqualTo(Phase.RECONCILING);
    assertThat(failed.lastError()).contains("listing failed");
    assertThat(f.sync.status().inSync()).isTrue();
    assertThat(f.runtime.subscriptions).isOne();
    assertThat(f.sync.status().reconnects()).isZero();
  }

  @Test
  void listThatKeepsFailingIsTriedEverMoreRarely() {
    SyncFixture f = new SyncFixture();
    f.runtime.fail("namespaces", Kind.TRANSIENT);
    f.started();

    f.advanceSeconds(600);

    // Every 5 s in the mean.
    assertThat(f.runtime.count("namespaces")).isBetween(60L, 200L);
  }

  @Test
  void theStoreIsCompleteOnceAListWasComparedAndStaysSo() {
    SyncFixture f = new SyncFixture();
    f.runtime.add(WEB, Status.RUNNING, PID);
    f.runtime.fail("namespaces", Kind.TRANSIENT);
    f.started();
    boolean beforeTheList = f.store.isComplete();

    f.runtime.heal("namespaces");
    f.advance(SyncSettings.DEFAULTS.retryCap());
    boolean afterTheList = f.store.isComplete();
    f.runtime.fail("namespaces", Kind.TRANSIENT);
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());

    assertThat(beforeTheList).isFalse();
    assertThat(afterTheList).isTrue();
    assertThat(f.sync.status().inSync()).isFalse();
    assertThat(f.store.isComplete()).isTrue();
  }

  @Test
  void listThatFailsLaterIsToldAndDoesNotCostTheStream() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("namespaces", Kind.TRANSIENT);
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());
    Phase afterTheFailure = f.sync.status().phase();

    f.exit(7);
    f.runtime.heal("namespaces");
    f.advance(SyncSettings.DEFAULTS.retryCap());

    assertThat(afterTheFailure).isEqualTo(Phase.RECONCILING);
    assertThat(f.recorded().source()).isEqualTo(ExitSource.EVENT);
    assertThat(f.sync.status().phase()).isEqualTo(Phase.LIVE);
    assertThat(f.runtime.subscriptions).isOne();
  }

  @Test
  void silentStreamIsProbedAndStaysIfTheProbeComesBack() {
    SyncFixture f = withRunningContainer();
    long before = f.runtime.count("publishProbe");

    f.advance(StreamProbe.SILENCE.multipliedBy(10));

    assertThat(f.runtime.count("publishProbe") - before).isEqualTo(5);
    assertThat(f.runtime.subscriptions).isOne();
    assertThat(f.sync.status().inSync()).isTrue();
  }

  @Test
  void streamThatStaysSilentAlthoughAProbeWasPublishedIsDeadAndMadeAnew() {
    SyncFixture f = withRunningContainer();
    f.runtime.probesReturn = false;
    f.advance(StreamProbe.SILENCE.multipliedBy(2).minusMillis(1));
    int subscriptionsBefore = f.runtime.subscriptions;
    f.advanceSeconds(1);
    String error = f.sync.status().lastError();

    f.endSilently(7);
    f.runtime.probesReturn = true;
    f.advanceSeconds(2);

    assertThat(subscriptionsBefore).isOne();
    assertThat(error).contains("silent although a probe was published");
    assertThat(f.runtime.subscriptions).isEqualTo(2);
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void streamThatIsBusyNeedsNoProbe() {
    SyncFixture f = withRunningContainer();
    long before = f.runtime.count("publishProbe");

    for (int i = 0; i < 40; i++) {
      f.advance(StreamProbe.SILENCE.dividedBy(2));
      f.emit(new OutOfMemory(WEB));
    }

    assertThat(f.runtime.count("publishProbe")).isEqualTo(before);
    assertThat(f.sync.status().inSync()).isTrue();
  }

  @Test
  void probeThatCannotBePublishedLaterLosesTheConnection() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("publishProbe", Kind.TRANSIENT);

    f.advance(StreamProbe.SILENCE);

    assertThat(f.sync.status().lastError()).contains("publishProbe fails");
    assertThat(f.sync.status().inSync()).isFalse();
  }

  @Test
  void eventsAreHandledWhileTheListIsStillBeingCompared() {
    SyncFixture f = new SyncFixture();
    f.runtime.hold("namespaces");
    f.started();
    f.runtime.add(WEB, Status.RUNNING, PID);

    f.exit(7);

    assertThat(f.sync.status().phase()).isEqualTo(Phase.RECONCILING);
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.EVENT));
  }

  @Test
  void everyEventLetsTheNextOneComeWhateverItIs() {
    SyncFixture f = withRunningContainer();
    int before = f.runtime.processed;

    f.emit(new Unrecognised("/images/create", "containerd.events.ImageCreate"));
    f.emit(new OutOfMemory(WEB));
    f.emit(exited(0));

    assertThat(f.runtime.processed - before).isEqualTo(3);
    assertThat(f.sync.counters().events.sum()).isEqualTo(3);
    assertThat(f.sync.counters().unrecognisedEvents.sum()).isOne();
  }

  @Test
  void malformedEventIsMadeUpForByComparingTheList() {
    SyncFixture f = withRunningContainer();
    f.endSilently(7);

    f.emit(new Malformed("/tasks/exit", "containerd.events.TaskExit", "truncated"));
    f.advanceSeconds(1);

    assertThat(f.sync.counters().malformedEvents.sum()).isOne();
    assertThat(f.recorded()).isEqualTo(new Exit(7, EXITED_AT, ExitSource.LISTED));
  }

  @Test
  void eventsOfOtherNamespacesAreIgnoredWhenSomeAreNamed() {
    SyncFixture f =
        new SyncFixture(
            new DeletePolicy(Setting.AUTO, Map.of("looks", Setting.NEVER)), SyncSettings.DEFAULTS);
    f.started();
    f.runtime.add(WEB, Status.RUNNING, PID);

    f.emit(new ContainerEvent.ContainerChanged(WEB));

    assertThat(f.store.get(WEB)).isEmpty();
    assertThat(f.runtime.count("getContainer")).isZero();
  }

  @Test
  void queuesThatWaitTryAgainAsSoonAsTheRuntimeIsBack() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("deleteTask", Kind.TRANSIENT);
    f.runtime.fail("getTask", Kind.TRANSIENT);
    f.exit(7);
    // Far into the backoff, where the next attempt is seconds away.
    f.advanceSeconds(20);
    f.runtime.heal("deleteTask");
    f.runtime.heal("getTask");
    f.runtime.endStream();

    f.advance(SyncSettings.DEFAULTS.reconnectBase());

    assertThat(f.web().state()).isEqualTo(ContainerState.EXITED);
  }

  @Test
  void stoppedSubscriptionHearsAndAsksNothingMore() {
    SyncFixture f = withRunningContainer();
    f.sync.stop();
    f.loop.run();
    f.runtime.calls.clear();

    f.advance(Duration.ofMinutes(10));

    assertThat(f.runtime.hasSubscriber()).isFalse();
    assertThat(f.runtime.calls).isEmpty();
  }

  @Test
  void stormOfExitsIsRecordedWhole() {
    SyncFixture f = new SyncFixture();
    for (int i = 0; i < 500; i++) {
      f.runtime.add(new ContainerId("bars", "c" + i), Status.RUNNING, 1000 + i);
    }
    f.started();

    for (int i = 0; i < 500; i++) {
      ContainerId id = new ContainerId("bars", "c" + i);
      f.runtime.task(id, Status.STOPPED, 1000 + i, i % 256, EXITED_AT);
      f.runtime.emit(
          new ContainerEvent.Exited(
              id, id.id(), 1000 + i, new Exit(i % 256, EXITED_AT, ExitSource.EVENT)));
    }
    f.loop.run();
    f.advance(DeleteThrottle.PATIENCE);

    for (int i = 0; i < 500; i++) {
      assertThat(f.store.get(new ContainerId("bars", "c" + i)).orElseThrow().record().exit())
          .isEqualTo(new Exit(i % 256, EXITED_AT, ExitSource.EVENT));
    }
    assertThat(f.sync.activeQueues()).isZero();
  }

  @Test
  void earlierStreamsProbeProvesNothing() {
    SyncFixture f = withRunningContainer();
    f.runtime.probesReturn = false;
    f.runtime.endStream();
    f.advanceSeconds(1);

    f.runtime.emitToFirstSubscriber(new ContainerEvent.Probe("/statebridge/probe"));
    f.loop.run();

    assertThat(f.sync.status().phase()).isEqualTo(Phase.CONNECTING);
  }

  @Test
  void listIsComparedAgainIfAnEventIsUnreadableMeanwhile() {
    SyncFixture f = withRunningContainer();
    f.runtime.hold("listTasks");
    f.advance(SyncSettings.DEFAULTS.reconcileInterval());

    f.emit(new Malformed("/tasks/exit", "containerd.events.TaskExit", "truncated"));
    long listsBefore = f.runtime.count("listTasks");
    f.runtime.release("listTasks");
    f.advance(Duration.ofMillis(1));

    assertThat(f.runtime.count("listTasks")).isEqualTo(listsBefore + 1);
  }

  @Test
  void backoffStartsAfreshOnceTheStreamIsLive() {
    SyncFixture f = withRunningContainer();
    f.runtime.fail("version", Kind.TRANSIENT);
    f.runtime.endStream();
    f.advance(Duration.ofMinutes(1));
    f.runtime.heal("version");
    f.advance(SyncSettings.DEFAULTS.reconnectCap());

    f.runtime.endStream();
    f.advance(SyncSettings.DEFAULTS.reconnectBase());

    assertThat(f.sync.status().inSync()).isTrue();
  }
}
