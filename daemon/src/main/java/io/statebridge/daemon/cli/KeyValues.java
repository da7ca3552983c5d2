package io.statebridge.daemon.cli;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Lines of {@code key: value}, the values aligned; what is empty is left out. */
final class KeyValues {
  private final List<List<String>> rows = new ArrayList<>();
  private final Instant now;

  KeyValues(Instant now) {
    this.now = now;
  }

  KeyValues add(String key, String value) {
    if (!value.isEmpty()) {
      rows.add(List.of(Text.oneLine(key) + ":", Text.oneLine(value)));
    }
    return this;
  }

  KeyValues add(String key, boolean isSet, Timestamp time) {
    return isSet ? add(key, timeAndAge(time)) : this;
  }

  String timeAndAge(Timestamp time) {
    return Text.time(time) + " (" + Text.age(time, now) + " ago)";
  }

  List<String> lines() {
    Columns columns = new Columns(2);
    rows.forEach(columns::fit);
    return rows.stream().map(columns::line).toList();
  }
}
