package io.statebridge.daemon.sync;

import io.statebridge.api.ContainerId;
import io.statebridge.api.Exit;
import io.statebridge.api.ExitSource;
import io.statebridge.api.ExitWaiter;
import io.statebridge.api.RuntimeFailure;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Somebody who is asked for exits, and answers when the test says so. */
final class FakeWaiter implements ExitWaiter {

  record Question(ContainerId id, long pid, String bundle, CompletableFuture<Exit> answer) {}

  /** Every question that was put and neither answered nor given up. */
  final List<Question> open = new ArrayList<>();

  private final ExitSource source;
  private RuntimeFailure.@Nullable Kind failing;
  int asked;

  FakeWaiter(ExitSource source) {
    this.source = source;
  }

  /** From now on no question can be put; those that are open fail, too. */
  void fail(RuntimeFailure.Kind kind) {
    failing = kind;
    List.copyOf(open).forEach(question -> question.answer().completeExceptionally(failure(kind)));
  }

  void heal() {
    failing = null;
  }

  /** Tells everybody who asked for this container. */
  void tell(ContainerId id, int code, Instant at) {
    List.copyOf(open).stream()
        .filter(question -> question.id().equals(id))
        .forEach(question -> question.answer().complete(new Exit(code, at, source)));
  }

  private static RuntimeFailure failure(RuntimeFailure.Kind kind) {
    return new RuntimeFailure(kind, "cannot be asked");
  }

  @Override
  public ExitSource source() {
    return source;
  }

  @Override
  public Wait open(ContainerId id, long pid, String bundle) {
    asked++;
    Question question = new Question(id, pid, bundle, new CompletableFuture<>());
    open.add(question);
    question.answer().whenComplete((exit, failure) -> open.remove(question));
    if (failing != null) {
      question.answer().completeExceptionally(failure(failing));
    }
    return new Wait() {
      @Override
      public CompletionStage<Exit> exit() {
        return question.answer();
      }

      @Override
      public void close() {
        open.remove(question);
      }
    };
  }
}
