package io.statebridge.daemon.containerd;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** What the adapter's answers become, waited for. */
final class Stages {
  private static final int PATIENCE_SECONDS = 20;

  private Stages() {}

  static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  static RuntimeFailure failureOf(CompletionStage<?> stage) {
    ExecutionException failure = catchThrowableOfType(ExecutionException.class, () -> get(stage));
    if (failure != null && failure.getCause() instanceof RuntimeFailure told) {
      return told;
    }
    throw new AssertionError("no failure of the runtime", failure);
  }

  static Kind kindOf(CompletionStage<?> stage) {
    return failureOf(stage).kind();
  }
}
