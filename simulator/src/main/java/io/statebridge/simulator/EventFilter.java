package io.statebridge.simulator;

import io.grpc.Status;
import io.statebridge.proto.containerd.events.v1.Envelope;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * containerd's filters on events, as far as clients of the event service use them: {@code topic}
 * and {@code namespace} with {@code ==}, {@code !=} and {@code ~=}. A comma is an and; several
 * filters are an or; none, or an empty one, is everything.
 */
final class EventFilter {

  private static final Pattern SELECTOR =
      Pattern.compile("(topic|namespace)(==|!=|~=)(?:\"([^\"]*)\"|([^\\s,\"/|][^\\s,]*))");

  /** One that an even number of quotes follows is not inside quotes. */
  private static final Pattern COMMA = Pattern.compile(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)");

  private EventFilter() {}

  static Predicate<Envelope> of(List<String> filters) {
    if (filters.isEmpty()) {
      return envelope -> true;
    }
    Predicate<Envelope> any = envelope -> false;
    for (String filter : filters) {
      any = any.or(all(filter));
    }
    return any;
  }

  private static Predicate<Envelope> all(String filter) {
    Predicate<Envelope> all = envelope -> true;
    if (filter.isEmpty()) {
      return all;
    }
    for (String selector : COMMA.split(filter, -1)) {
      all = all.and(one(filter, selector));
    }
    return all;
  }

  private static Predicate<Envelope> one(String filter, String selector) {
    Matcher matcher = SELECTOR.matcher(selector);
    if (!matcher.matches()) {
      throw Status.UNKNOWN
          .withDescription("subscription error: failed parsing subscription filters: " + filter)
          .asRuntimeException();
    }
    boolean ofTopic = matcher.group(1).equals("topic");
    String operator = matcher.group(2);
    String value = matcher.group(3) == null ? matcher.group(4) : matcher.group(3);
    Pattern pattern = Pattern.compile(operator.equals("~=") ? value : Pattern.quote(value));
    return envelope -> {
      String actual = ofTopic ? envelope.getTopic() : envelope.getNamespace();
      return switch (operator) {
        case "==" -> actual.equals(value);
        case "!=" -> !actual.equals(value);
        default -> pattern.matcher(actual).find();
      };
    };
  }
}
