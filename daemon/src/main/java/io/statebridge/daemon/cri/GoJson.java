package io.statebridge.daemon.cri;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import org.jspecify.annotations.Nullable;

/**
 * Messages as Go's JSON encoder writes the structs that protobuf made of them: fields by the names
 * that they have in the .proto, enums and 64 bit numbers as numbers. protobuf's own JSON is another
 * one. What is missing, odd or unknown stays unset.
 */
final class GoJson {

  private GoJson() {}

  /** Sets the fields of a message that an object has. */
  static <B extends Message.Builder> B read(JsonNode object, B into) {
    for (FieldDescriptor field : into.getDescriptorForType().getFields()) {
      JsonNode node = object.path(field.getName());
      if (field.isMapField()) {
        putAll(node, field, into);
      } else if (field.isRepeated()) {
        for (JsonNode element : node) {
          set(field, element, into, true);
        }
      } else {
        set(field, node, into, false);
      }
    }
    return into;
  }

  /** The fields of a message that are set; scalars, and no others. */
  static ObjectNode write(Message message) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    message.getAllFields().forEach((field, value) -> object.putPOJO(field.getName(), value));
    return object;
  }

  private static void set(
      FieldDescriptor field, JsonNode node, Message.Builder into, boolean repeated) {
    Object value =
        field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && node.isObject()
            ? read(node, into.newBuilderForField(field)).build()
            : scalar(field, node);
    if (value != null && repeated) {
      into.addRepeatedField(field, value);
    } else if (value != null) {
      into.setField(field, value);
    }
  }

  private static void putAll(JsonNode object, FieldDescriptor map, Message.Builder into) {
    FieldDescriptor key = map.getMessageType().findFieldByNumber(1);
    FieldDescriptor value = map.getMessageType().findFieldByNumber(2);
    object
        .properties()
        .forEach(
            entry -> {
              Object read = scalar(value, entry.getValue());
              if (read != null && key.getJavaType() == FieldDescriptor.JavaType.STRING) {
                into.addRepeatedField(
                    map,
                    into.newBuilderForField(map)
                        .setField(key, entry.getKey())
                        .setField(value, read)
                        .build());
              }
            });
  }

  private static @Nullable Object scalar(FieldDescriptor field, JsonNode node) {
    return switch (field.getJavaType()) {
      case STRING -> node.isTextual() ? node.asText() : null;
      case BOOLEAN -> node.isBoolean() ? node.asBoolean() : null;
      case INT -> node.isIntegralNumber() ? node.intValue() : null;
      case LONG -> node.isIntegralNumber() ? node.longValue() : null;
      case FLOAT -> node.isNumber() ? node.floatValue() : null;
      case DOUBLE -> node.isNumber() ? node.doubleValue() : null;
      case ENUM -> node.isInt() ? known(field, node.intValue()) : null;
      case BYTE_STRING, MESSAGE -> null;
    };
  }

  private static @Nullable EnumValueDescriptor known(FieldDescriptor field, int number) {
    return field.getEnumType().findValueByNumber(number);
  }
}
