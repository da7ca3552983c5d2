package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.base.Ticker;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.proto.cri.v1.ImageServiceGrpc.ImageServiceImplBase;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.ImageStatusResponse;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceImplBase;
import io.statebridge.proto.cri.v1.StatusRequest;
import io.statebridge.proto.cri.v1.StatusResponse;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CriPluginTest {
  private static final String REF = "sha256:1";

  private final Images images = new Images();
  private final AtomicLong nanos = new AtomicLong();
  private final String name = InProcessServerBuilder.generateName();
  private final ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
  private final CriPlugin plugin =
      new CriPlugin(
          channel,
          "/run/c.sock",
          new Ticker() {
            @Override
            public long read() {
              return nanos.get();
            }
          });
  private @Nullable Server server;

  /** It has each image that it is asked for, under the name that it was told. */
  private static final class Images extends ImageServiceImplBase {
    final AtomicLong asked = new AtomicLong();
    volatile Status failure = Status.OK;
    volatile String tag = "busybox:1";

    @Override
    public void imageStatus(ImageStatusRequest request, StreamObserver<ImageStatusResponse> out) {
      asked.incrementAndGet();
      if (!failure.isOk()) {
        out.onError(failure.asRuntimeException());
        return;
      }
      out.onNext(
          ImageStatusResponse.newBuilder()
              .setImage(Image.newBuilder().setId(REF).addRepoTags(tag))
              .build());
      out.onCompleted();
    }
  }

  /** Never answers. */
  private static final class Silent extends RuntimeServiceImplBase {
    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> out) {}
  }

  @BeforeEach
  void start() throws IOException {
    server =
        InProcessServerBuilder.forName(name)
            .addService(images)
            .addService(new Silent())
            .build()
            .start();
  }

  @AfterEach
  void end() {
    channel.shutdownNow();
    Objects.requireNonNull(server).shutdownNow();
  }

  private void pass() {
    nanos.addAndGet(CriPlugin.NAMES_KEPT.toNanos() + 1);
  }

  private Optional<String> tag() {
    return plugin.image(REF).map(image -> image.getRepoTags(0));
  }

  @Test
  void namesAreKeptForAWhileAndThenAskedForAgain() {
    assertThat(tag()).contains("busybox:1");
    images.tag = "busybox:2";
    assertThat(tag()).contains("busybox:1");
    assertThat(images.asked).hasValue(1);

    pass();

    assertThat(tag()).contains("busybox:2");
  }

  @Test
  void namesThatWereKnownStayWhenNobodyAnswers() {
    assertThat(tag()).contains("busybox:1");
    images.failure = Status.UNAVAILABLE;

    pass();

    assertThat(tag()).contains("busybox:1");
  }

  @Test
  void afterAFailureNobodyIsAskedForAsLongAsNamesAreKept() {
    images.failure = Status.UNAVAILABLE;
    assertThat(tag()).isEmpty();
    images.failure = Status.OK;
    assertThat(tag()).isEmpty();
    assertThat(images.asked).hasValue(1);

    pass();

    assertThat(tag()).contains("busybox:1");
  }

  @Test
  void noMoreNamesAreKeptThanANodeHas() {
    for (int i = 0; i <= CriPlugin.MAX_IMAGES; i++) {
      assertThat(plugin.image("ref" + i)).isPresent();
    }
    long before = images.asked.get();
    for (int i = 0; i <= CriPlugin.MAX_IMAGES; i++) {
      assertThat(plugin.image("ref" + i)).isPresent();
    }

    assertThat(images.asked.get()).isGreaterThan(before);
  }

  @Test
  void aPluginThatDoesNotAnswerIsGivenUp() {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() -> plugin.status(StatusRequest.getDefaultInstance()))
        .satisfies(
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
  }
}
