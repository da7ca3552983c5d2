package io.statebridge.daemon.cri;

import com.google.common.base.Ascii;
import io.grpc.Channel;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of the CRI's methods that we do not serve, those included that the CRI will have one
 * day. Where that is allowed they are passed through to containerd's CRI plugin as bytes; else
 * their error says where to go. Methods that only read are passed through in any case. Thread-safe.
 */
public final class CriForwarding extends HandlerRegistry {

  static final String RUNTIME_SERVICE = "runtime.v1.RuntimeService";
  private static final String IMAGE_SERVICE = "runtime.v1.ImageService";

  /** Of a method's name in a message. The CRI's are shorter. */
  private static final int MAX_METHOD = 100;

  private static final Set<String> READS =
      Set.of(
          "ListMetricDescriptors",
          "ListPodSandboxMetrics",
          "StreamPodSandboxMetrics",
          "StreamImages");

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private final Channel containerd;
  private final String socket;
  private final boolean allowed;
  private final CriEffects effects;
  private final Settler settler;

  /**
   * @param containerd whose plugin it is
   * @param socket of containerd, for messages
   * @param allowed whether methods that change something are passed through
   */
  CriForwarding(
      Channel containerd, String socket, boolean allowed, CriEffects effects, Settler settler) {
    this.containerd = containerd;
    this.socket = socket;
    this.allowed = allowed;
    this.effects = effects;
    this.settler = settler;
  }

  @Override
  public @Nullable ServerMethodDefinition<byte[], byte[]> lookupMethod(
      String fullName, @Nullable String authority) {
    String service = MethodDescriptor.extractFullServiceName(fullName);
    String method = fullName.substring(fullName.lastIndexOf('/') + 1);
    if (service == null || !(service.equals(RUNTIME_SERVICE) || service.equals(IMAGE_SERVICE))) {
      return null;
    }
    MethodDescriptor<byte[], byte[]> descriptor =
        MethodDescriptor.newBuilder(BYTES, BYTES)
            .setType(MethodDescriptor.MethodType.UNKNOWN)
            .setFullMethodName(fullName)
            .build();
    return ServerMethodDefinition.create(descriptor, handler(service, method));
  }

  private ServerCallHandler<byte[], byte[]> handler(String service, String method) {
    if (!allowed && !READS.contains(method)) {
      return (call, headers) ->
          refuse(call, service + "/" + Ascii.truncate(method, MAX_METHOD, "..."));
    }
    CriEffects touched = CriEffects.mayTouch(service, method) ? effects : null;
    return (call, headers) ->
        new ForwardedCall(call, touched, settler, socket).start(containerd, headers);
  }

  private ServerCall.Listener<byte[]> refuse(ServerCall<byte[], byte[]> call, String name) {
    call.close(
        Status.UNIMPLEMENTED.withDescription(
            name
                + " is not served here: Statebridge answers what reads. Call containerd at "
                + socket
                + ", or set cri_forward = true to have such calls passed through"),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
