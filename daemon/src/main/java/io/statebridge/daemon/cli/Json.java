package io.statebridge.daemon.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;

/** Prints one JSON value on one line, and writes the values that all commands' JSON shares. */
final class Json {
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
          .build();

  /** Writes a value. */
  interface Value {
    void write(JsonGenerator json) throws IOException;
  }

  private Json() {}

  static void printLine(PrintStream out, Value value) {
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      value.write(json);
      json.writeRaw('\n');
    } catch (IOException e) {
      // A print stream keeps its failures to itself.
      throw new UncheckedIOException(e);
    }
  }

  static void time(JsonGenerator json, String key, boolean isSet, Timestamp time)
      throws IOException {
    json.writeFieldName(key);
    if (isSet) {
      json.writeString(Text.time(time));
    } else {
      json.writeNull();
    }
  }

  /** A uint64, which Java holds as a signed long. */
  static void unsigned(JsonGenerator json, String key, long value) throws IOException {
    json.writeFieldName(key);
    json.writeNumber(Long.toUnsignedString(value));
  }

  /** A uint32, which Java holds as a signed int. */
  static void unsigned(JsonGenerator json, String key, int value) throws IOException {
    json.writeNumberField(key, Integer.toUnsignedLong(value));
  }
}
