package io.statebridge.daemon.sync.lifecycle;

import io.statebridge.api.ContainerRecord;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an observation leads to.
 *
 * @param after what the record becomes, in one commit; null when there is none any more
 * @param effects what is to be done then, in order
 */
public record Step(@Nullable ContainerRecord after, List<Effect> effects) {

  static Step of(@Nullable ContainerRecord after, Effect... effects) {
    return new Step(after, List.of(effects));
  }

  Step and(Effect effect) {
    return new Step(after, Stream.concat(Stream.of(effect), effects.stream()).toList());
  }

  /** Whether the record already says what was observed. */
  public boolean isNoop(@Nullable ContainerRecord before) {
    return Objects.equals(before, after)
        && effects.stream().allMatch(effect -> effect instanceof Effect.Dismiss);
  }
}
