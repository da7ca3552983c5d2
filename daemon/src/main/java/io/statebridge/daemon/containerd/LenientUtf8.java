package io.statebridge.daemon.containerd;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.WireFormat;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads messages whose strings are not UTF-8: containerd 1.6 stores a label as it is given, and one
 * such label would make the whole list unreadable. What is no UTF-8 becomes U+FFFD. A message is
 * only looked through when it could not be read as it is. Thread-safe.
 */
final class LenientUtf8 implements ClientInterceptor {

  @Override
  public <A, B> ClientCall<A, B> interceptCall(
      MethodDescriptor<A, B> method, CallOptions options, Channel next) {
    Marshaller<B> answers = method.getResponseMarshaller();
    if (!(answers instanceof PrototypeMarshaller<B> typed)
        || !(typed.getMessagePrototype() instanceof Message prototype)) {
      return next.newCall(method, options);
    }
    Marshaller<B> lenient = new LenientMarshaller<>(answers, prototype);
    return next.newCall(method.toBuilder(method.getRequestMarshaller(), lenient).build(), options);
  }

  private record LenientMarshaller<T>(Marshaller<T> strict, Message prototype)
      implements Marshaller<T> {

    @Override
    public InputStream stream(T value) {
      return strict.stream(value);
    }

    @Override
    @SuppressWarnings("unchecked") // The prototype is of this type.
    public T parse(InputStream stream) {
      try {
        return (T) LenientUtf8.parse(prototype, stream.readAllBytes());
      } catch (IOException e) {
        throw Status.INTERNAL
            .withDescription("unreadable message: " + e.getMessage())
            .withCause(e)
            .asRuntimeException();
      }
    }
  }

  /**
   * @throws InvalidProtocolBufferException when more is wrong with it than its strings
   */
  static Message parse(Message prototype, byte[] bytes) throws InvalidProtocolBufferException {
    try {
      return prototype.getParserForType().parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      try {
        byte[] repaired = repaired(bytes, prototype.getDescriptorForType());
        return prototype.getParserForType().parseFrom(repaired);
      } catch (IOException worse) {
        e.addSuppressed(worse);
        throw e;
      }
    }
  }

  private static byte[] repaired(byte[] bytes, Descriptor type) throws IOException {
    ByteArrayOutputStream buffer = new ByteArrayOutputStream(bytes.length);
    CodedOutputStream out = CodedOutputStream.newInstance(buffer);
    CodedInputStream in = CodedInputStream.newInstance(bytes);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      repair(in, tag, type.findFieldByNumber(WireFormat.getTagFieldNumber(tag)), out);
    }
    out.flush();
    return buffer.toByteArray();
  }

  private static void repair(
      CodedInputStream in, int tag, @Nullable FieldDescriptor field, CodedOutputStream out)
      throws IOException {
    int number = WireFormat.getTagFieldNumber(tag);
    switch (WireFormat.getTagWireType(tag)) {
      case WireFormat.WIRETYPE_VARINT -> out.writeUInt64(number, in.readUInt64());
      case WireFormat.WIRETYPE_FIXED64 -> out.writeFixed64(number, in.readFixed64());
      case WireFormat.WIRETYPE_FIXED32 -> out.writeFixed32(number, in.readFixed32());
      case WireFormat.WIRETYPE_LENGTH_DELIMITED -> {
        byte[] value = in.readByteArray();
        if (field == null) {
          out.writeByteArray(number, value);
          return;
        }
        switch (field.getJavaType()) {
          // The decoder puts U+FFFD for what is malformed.
          case STRING -> out.writeString(number, new String(value, StandardCharsets.UTF_8));
          case MESSAGE -> out.writeByteArray(number, repaired(value, field.getMessageType()));
          default -> out.writeByteArray(number, value);
        }
      }
      default -> throw new InvalidProtocolBufferException("a group in field " + number);
    }
  }
}
