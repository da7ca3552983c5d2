package io.statebridge.daemon.cri;

import com.google.common.base.Ticker;
import com.google.common.cache.CacheBuilder;
import com.google.common.cache.CacheLoader;
import com.google.common.cache.LoadingCache;
import com.google.common.util.concurrent.UncheckedExecutionException;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.proto.cri.v1.ImageServiceGrpc;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.RuntimeConfigRequest;
import io.statebridge.proto.cri.v1.RuntimeConfigResponse;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.cri.v1.StatusRequest;
import io.statebridge.proto.cri.v1.StatusResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * containerd's own CRI plugin, for what no record says: the node's network, its cgroup driver, the
 * names of images. It answers from its memory. Thread-safe.
 */
final class CriPlugin {

  /** It answers within a millisecond; our callers shall not wait for one that is in trouble. */
  static final Duration TIMEOUT = Duration.ofSeconds(2);

  /** An image gets another name now and then; within this time it may still be told by its old. */
  static final Duration NAMES_KEPT = Duration.ofSeconds(10);

  /** Far more than a node has images. */
  static final int MAX_IMAGES = 1_000;

  private final Channel containerd;
  private final String socket;

  /** After a failure the names that were known stay. */
  private final LoadingCache<String, Optional<Image>> images;

  /**
   * @param socket of containerd, for messages
   */
  CriPlugin(Channel containerd, String socket, Ticker ticker) {
    this.containerd = containerd;
    this.socket = socket;
    this.images =
        CacheBuilder.newBuilder()
            .maximumSize(MAX_IMAGES)
            .refreshAfterWrite(NAMES_KEPT)
            .ticker(ticker)
            .build(CacheLoader.from(this::askForImage));
  }

  /**
   * @throws StatusRuntimeException UNIMPLEMENTED when there is no plugin
   */
  StatusResponse status(StatusRequest request) {
    return ask(stub -> stub.status(request));
  }

  /**
   * @throws StatusRuntimeException UNIMPLEMENTED when there is no plugin, or one before 2.0
   */
  RuntimeConfigResponse runtimeConfig() {
    return ask(stub -> stub.runtimeConfig(RuntimeConfigRequest.getDefaultInstance()));
  }

  /**
   * An image by its id or a name, empty when there is none or nobody knows.
   *
   * @param ref as a container's record has it
   */
  Optional<Image> image(String ref) {
    try {
      return images.get(ref);
    } catch (ExecutionException | UncheckedExecutionException e) {
      // Not asked again for as long as names are kept: it may have taken its time to fail.
      images.put(ref, Optional.empty());
      return Optional.empty();
    }
  }

  private Optional<Image> askForImage(String ref) {
    try {
      return Optional.of(
              ImageServiceGrpc.newBlockingStub(containerd)
                  .withDeadlineAfter(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                  .imageStatus(
                      ImageStatusRequest.newBuilder()
                          .setImage(ImageSpec.newBuilder().setImage(ref))
                          .build()))
          .filter(answer -> answer.hasImage())
          .map(answer -> answer.getImage());
    } catch (StatusRuntimeException e) {
      if (isAbsent(e)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private <R> R ask(Function<RuntimeServiceBlockingStub, R> call) {
    try {
      return call.apply(
          RuntimeServiceGrpc.newBlockingStub(containerd)
              .withDeadlineAfter(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException e) {
      throw Unreachable.named(e, socket);
    }
  }

  /** Whether a failure says that containerd has no such plugin or method. */
  static boolean isAbsent(StatusRuntimeException failure) {
    return failure.getStatus().getCode() == Status.Code.UNIMPLEMENTED;
  }
}
