package io.statebridge.daemon.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRecord;
import io.statebridge.store.Change;
import io.statebridge.store.CompactedException;
import io.statebridge.store.ContainerStore;
import io.statebridge.store.Snapshot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/** What is the same of all streams and is not tested on one of them. */
final class StoreStreamTest {
  private final ContainerStore store = new ContainerStore("e1", 16);

  {
    store.complete();
  }

  private final OpenCalls openCalls = new OpenCalls();
  private final FakeCall<String> call = new FakeCall<>();
  private int steps;
  private boolean serverEnded;

  /** Tells each change twice, and not at all that of a container called "bad". */
  private static final class Twice implements StoreStream.Source<String> {
    private OptionalLong resumesAfter = OptionalLong.empty();
    private final List<Snapshot> begunWith = new ArrayList<>();
    private int openings;
    private int ends;

    @Override
    public void opened() {
      openings++;
    }

    @Override
    public OptionalLong resumesAfter() {
      return resumesAfter;
    }

    @Override
    public Iterator<String> begin(Snapshot snapshot) {
      begunWith.add(snapshot);
      return List.of("beginning").iterator();
    }

    @Override
    public List<String> tell(Change change) {
      if (change.id().id().equals("bad")) {
        throw new IllegalStateException("unheard of");
      }
      return List.of(change.id().id(), change.id().id() + " again");
    }

    @Override
    public StatusRuntimeException overtaken(CompactedException why) {
      return Status.OUT_OF_RANGE.withDescription(why.getMessage()).asRuntimeException();
    }

    @Override
    public void ended() {
      ends++;
    }
  }

  private Twice start() {
    return start(OptionalLong.empty());
  }

  private Twice start(OptionalLong resumesAfter) {
    Twice source = new Twice();
    source.resumesAfter = resumesAfter;
    new StoreStream<>(store, source, call, openCalls, this::run).start();
    return source;
  }

  private void run(Runnable step) {
    if (serverEnded) {
      throw new RejectedExecutionException();
    }
    steps++;
    step.run();
  }

  private void create(String id) {
    store.create(
        ContainerRecord.of(
            new ContainerInfo(
                new ContainerId("default", id), "", "", Map.of(), "", Instant.EPOCH)));
  }

  @Test
  void aStreamBeginsWithAllThatThereIsAndGoesOnFromThere() {
    create("a");
    Twice source = start();
    create("b");

    assertThat(source.openings).isOne();
    assertThat(source.begunWith).singleElement().extracting(Snapshot::revision).isEqualTo(1L);
    assertThat(call.sent).containsExactly("beginning", "b", "b again");
  }

  /** Its streams end with it, and whoever commits is not to be told of that. */
  @Test
  void aServerThatHasEndedRunsNoSteps() {
    start();
    serverEnded = true;

    create("a");

    assertThat(store.revision()).isEqualTo(1);
    assertThat(call.sent).containsExactly("beginning");
  }

  @Test
  void aStreamThatResumesIsNotToldWhatThereIs() {
    create("a");
    create("b");
    Twice source = start(OptionalLong.of(1));
    create("c");

    assertThat(source.openings).isOne();
    assertThat(source.begunWith).isEmpty();
    assertThat(call.sent).containsExactly("b", "b again", "c", "c again");
  }

  @Test
  void aStreamThatCannotResumeIsOverAtOnce() {
    Twice source = start(OptionalLong.of(7));

    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.OUT_OF_RANGE);
    assertThat(source.ends).isOne();
    assertThat(openCalls.size()).isZero();
  }

  @Test
  void whatOneChangeIsToldAsIsWrittenAsThereIsRoom() {
    call.ready = false;
    start();
    create("a");
    create("b");

    call.becomesReadyFor(2);
    assertThat(call.sent).containsExactly("beginning", "a");

    call.becomesReadyFor(2);
    assertThat(call.sent).containsExactly("beginning", "a", "a again", "b");

    call.becomesReadyFor(2);
    assertThat(call.sent).endsWith("b", "b again");
  }

  @Test
  void aChangeThatCannotBeToldEndsTheStreamAndIsNotPassedOver() {
    Twice source = start();

    create("a");
    create("bad");
    create("b");

    assertThat(call.sent).containsExactly("beginning", "a", "a again");
    assertThat(call.ends).extracting(Status::getCode).containsExactly(Status.Code.INTERNAL);
    assertThat(call.ends.getFirst().getDescription()).contains("unheard of");
    assertThat(openCalls.size()).isZero();
    assertThat(source.ends).isOne();
  }

  @Test
  void theSourceIsToldOnceThatAStreamIsOver() {
    Twice source = start();

    call.cancel();
    openCalls.endAll();

    assertThat(source.ends).isOne();
  }

  @Test
  void aStreamThatIsOverCostsNothing() {
    start();
    call.cancel();
    int before = steps;

    create("a");

    assertThat(steps).isEqualTo(before);
  }
}
