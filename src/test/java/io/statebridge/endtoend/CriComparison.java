package io.statebridge.endtoend;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Answers of the daemon beside those of containerd's CRI plugin, field by field. What may differ is
 * what docs/cri-differences.md lists, see {@link CriDifferences}, and nothing else.
 */
final class CriComparison {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The plugin notes these itself, a moment before or after containerd does. */
  private static final Set<String> ABOUT_THE_SAME_TIME = Set.of("created_at", "started_at");

  /** What the two said of a field. */
  record Difference(String theirs, String ours) {}

  private final Map<String, Difference> differences = new TreeMap<>();

  /** By the path of the field, each with an example. */
  Map<String, Difference> differences() {
    return differences;
  }

  void compare(String what, Message theirs, Message ours) {
    for (FieldDescriptor field : theirs.getDescriptorForType().getFields()) {
      String path = what + "." + field.getName();
      Object their = theirs.getField(field);
      Object our = ours.getField(field);
      if (field.isMapField()) {
        compareMaps(path, asMap(their), asMap(our));
      } else if (field.isRepeated()) {
        if (!their.equals(our)) {
          differ(path, their, our);
        }
      } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
          && theirs.hasField(field)
          && ours.hasField(field)) {
        compare(path, (Message) their, (Message) our);
      } else if (!their.equals(our)) {
        differ(path + (isFarApart(field, their, our) ? " by more than a second" : ""), their, our);
      }
    }
  }

  /** Lists in any order, by id. */
  void compareAll(String what, List<? extends Message> theirs, List<? extends Message> ours) {
    Map<Object, ? extends Message> ourById = byId(ours);
    if (!byId(theirs).keySet().equals(ourById.keySet())) {
      differ(what, byId(theirs).keySet(), ourById.keySet());
      return;
    }
    byId(theirs)
        .forEach((id, their) -> compare(what, their, Objects.requireNonNull(ourById.get(id))));
  }

  private static Map<Object, Message> byId(List<? extends Message> messages) {
    return messages.stream()
        .collect(
            Collectors.toMap(
                m -> m.getField(m.getDescriptorForType().findFieldByName("id")),
                Function.identity()));
  }

  private static boolean isFarApart(FieldDescriptor field, Object their, Object our) {
    return ABOUT_THE_SAME_TIME.contains(field.getName())
        && Math.abs((long) their - (long) our) >= Duration.ofSeconds(1).toNanos();
  }

  private static Map<String, String> asMap(Object entries) {
    return ((List<?>) entries)
        .stream()
            .map(Message.class::cast)
            .collect(
                Collectors.toMap(entry -> entryField(entry, 1), entry -> entryField(entry, 2)));
  }

  private static String entryField(Message entry, int number) {
    return (String) entry.getField(entry.getDescriptorForType().findFieldByNumber(number));
  }

  private void compareMaps(String path, Map<String, String> theirs, Map<String, String> ours) {
    Set<String> keys = new TreeSet<>(theirs.keySet());
    keys.addAll(ours.keySet());
    for (String key : keys) {
      compareJson(path + "." + key, parsed(theirs.get(key)), parsed(ours.get(key)));
    }
  }

  private void compareJson(String path, JsonNode theirs, JsonNode ours) {
    if (!theirs.isObject() || !ours.isObject()) {
      if (!theirs.equals(ours)) {
        differ(path, theirs, ours);
      }
      return;
    }
    Set<String> keys = new TreeSet<>();
    theirs.fieldNames().forEachRemaining(keys::add);
    ours.fieldNames().forEachRemaining(keys::add);
    for (String key : keys) {
      compareJson(path + "." + key, theirs.path(key), ours.path(key));
    }
  }

  /** Values are JSON in some maps and plain text in others. */
  private static JsonNode parsed(@Nullable String text) {
    if (text == null) {
      return MissingNode.getInstance();
    }
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return JSON.getNodeFactory().textNode(text);
    }
  }

  private void differ(String path, Object theirs, Object ours) {
    differences.putIfAbsent(path, new Difference(text(theirs), text(ours)));
  }

  /** On one line. */
  private static String text(Object value) {
    String text = value instanceof JsonNode json && json.isMissingNode() ? "" : value.toString();
    return text.strip().replaceAll("\\s*\n\\s*", " ");
  }
}
