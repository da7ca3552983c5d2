package io.statebridge.endtoend;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stretches of time in which something was away; the last may go on. Thread-safe. */
final class ChaosSpans {

  /** Both ends belong to it. */
  record Span(Instant from, Instant to) {
    boolean overlaps(Span other) {
      return !other.to.isBefore(from) && !other.from.isAfter(to);
    }

    boolean contains(Instant at) {
      return !at.isBefore(from) && !at.isAfter(to);
    }
  }

  // Guarded by this.
  private final List<Span> over = new ArrayList<>();
  private @Nullable Instant since;

  synchronized void begin(Instant at) {
    if (since == null) {
      since = at;
    }
  }

  synchronized void end(Instant at) {
    if (since != null) {
      over.add(new Span(since, at));
      since = null;
    }
  }

  synchronized List<Span> all() {
    List<Span> all = new ArrayList<>(over);
    if (since != null) {
      all.add(new Span(since, Instant.MAX));
    }
    return all;
  }

  /** The end of the span, and of those that follow at once, in which something happened. */
  Instant endOf(Instant at) {
    return all().stream()
        .filter(span -> span.contains(at))
        .map(Span::to)
        .max(Comparator.naturalOrder())
        .orElse(at);
  }

  /** The longest time between two moments in which none of them was away. */
  static Duration longestTogether(List<ChaosSpans> all, Instant from, Instant to) {
    List<Span> away =
        all.stream()
            .flatMap(spans -> spans.all().stream())
            .sorted(Comparator.comparing(Span::from))
            .toList();
    Instant since = from;
    Duration longest = Duration.ZERO;
    for (Span span : away) {
      Instant until = span.from().isBefore(to) ? span.from() : to;
      longest = longer(longest, Duration.between(since, until));
      since = span.to().isAfter(since) ? span.to() : since;
      if (!since.isBefore(to)) {
        return longest;
      }
    }
    return longer(longest, Duration.between(since, to));
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  @Override
  public String toString() {
    return all().toString();
  }
}
