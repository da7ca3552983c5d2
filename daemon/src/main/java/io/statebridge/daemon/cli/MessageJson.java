package io.statebridge.daemon.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Any message of the API as a JSON object with all its fields in the order of the proto file, so
 * that a counter that is added there is printed without a change here.
 */
record MessageJson(Message message) implements Json.Value {

  @Override
  public void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      json.writeFieldName(field.getJsonName());
      if (field.isMapField()) {
        map(json, (List<?>) message.getField(field));
      } else if (field.isRepeated()) {
        json.writeStartArray();
        for (Object element : (List<?>) message.getField(field)) {
          value(json, field, element);
        }
        json.writeEndArray();
      } else if (field.hasPresence() && !message.hasField(field)) {
        json.writeNull();
      } else {
        value(json, field, message.getField(field));
      }
    }
    json.writeEndObject();
  }

  private static void map(JsonGenerator json, List<?> entries) throws IOException {
    Map<String, Object> sorted = new TreeMap<>();
    for (Object each : entries) {
      MapEntry<?, ?> entry = (MapEntry<?, ?>) each;
      sorted.put(entry.getKey().toString(), entry);
    }
    json.writeStartObject();
    for (Map.Entry<String, Object> each : sorted.entrySet()) {
      MapEntry<?, ?> entry = (MapEntry<?, ?>) each.getValue();
      json.writeFieldName(each.getKey());
      value(json, entry.getDescriptorForType().findFieldByName("value"), entry.getValue());
    }
    json.writeEndObject();
  }

  private static void value(JsonGenerator json, FieldDescriptor field, Object value)
      throws IOException {
    switch (value) {
      case Timestamp time -> json.writeString(Text.time(time));
      case Message nested -> new MessageJson(nested).write(json);
      case EnumValueDescriptor constant -> json.writeString(constant.getName());
      case Boolean flag -> json.writeBoolean(flag);
      case Integer number -> json.writeNumber(Integer.toUnsignedLong(number));
      case Long number -> json.writeNumber(Long.toUnsignedString(number));
      case String text -> json.writeString(text);
      default -> throw new IllegalArgumentException("a field of type " + field.getType());
    }
  }
}
