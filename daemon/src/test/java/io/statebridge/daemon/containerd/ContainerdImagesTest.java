package io.statebridge.daemon.containerd;

import static io.statebridge.daemon.containerd.ImageSamples.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.protobuf.ByteString;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.containerd.content.v1.ReadContentResponse;
import io.statebridge.proto.containerd.images.v1.Image;
import io.statebridge.proto.containerd.images.v1.ListImagesResponse;
import io.statebridge.proto.containerd.types.Descriptor;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

final class ContainerdImagesTest {
  private static final String AMD64 = "{\"os\":\"linux\",\"architecture\":\"amd64\"}";
  private static final String I386 = "{\"os\":\"linux\",\"architecture\":\"386\"}";
  private static final String ARM64 =
      "{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}";

  private final SimulatedContainerd containerd;
  private final ContainerdChannel channel;
  private final ContainerdImages images;
  private final ImageSamples samples;
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  ContainerdImagesTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    channel = ContainerdChannel.to(containerd.socket());
    images = images("amd64");
    samples = new ImageSamples(containerd.images(), "k8s.io");
    log.start();
    logger().addAppender(log);
  }

  @AfterEach
  void stop() {
    logger().detachAppender(log);
    channel.close();
    containerd.close();
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(ImageContents.class);
  }

  private ContainerdImages images(String arch) {
    return new ContainerdImages(channel.grpc(), "k8s.io", NodePlatform.of(arch));
  }

  private static List<ContainerdImage> list(ContainerdImages images) {
    return new ArrayList<>(images.list(Deadline.after(20, TimeUnit.SECONDS)));
  }

  private long calls(String name) {
    return containerd.calls().getOrDefault(name, 0L);
  }

  @Test
  void anImageIsWhatItsManifestAndConfigurationSay() {
    String config = samples.config("1000:100");
    Descriptor manifest = samples.manifest(config);
    samples.add("docker.io/library/web:1", manifest);
    new ImageSamples(containerd.images(), "default").add("elsewhere", manifest);

    ContainerdImage image = list(images).getFirst();

    assertThat(list(images)).hasSize(1);
    assertThat(image.content().id()).isEqualTo(config);
    assertThat(image.content().size())
        .isEqualTo(manifest.getSize() + 100 + ImageSamples.LAYER_BYTES);
    assertThat(image.content().user()).isEqualTo("1000:100");
    assertThat(image.content().config().toStringUtf8()).contains("diff_ids");
    // echo -n 'sha256:aa sha256:bb' | sha256sum
    assertThat(image.content().chainId())
        .isEqualTo("sha256:b68ad689d6d1ec110ea1c13617437ad6f3766d4b3b309f6a603a222e07a0164f");
    assertThat(image.names()).containsExactly("docker.io/library/web:1");
    assertThat(image.pinned()).isFalse();
  }

  @Test
  void namesOfOneConfigurationAreOneImageWhichAnyOfThemPins() {
    String config = samples.config("");
    Descriptor manifest = samples.manifest(config);
    samples.add("a:1", manifest);
    samples.add("b:1", manifest, Map.of("io.cri-containerd.pinned", "pinned"));
    samples.add("c:1", samples.index(entry(manifest, AMD64)));
    samples.add("other:1", samples.manifest(samples.config("other")));

    List<ContainerdImage> all = list(images);

    assertThat(all).hasSize(2);
    assertThat(all.getFirst().names()).containsExactly("a:1", "b:1", "c:1");
    assertThat(all.getFirst().pinned()).isTrue();
    assertThat(all.getLast().pinned()).isFalse();
  }

  @Test
  void ofAnIndexTheNodesPlatformIsTaken() {
    Descriptor amd64 = samples.manifest(samples.config("amd"));
    Descriptor arm64 = samples.manifest(samples.config("arm"));
    Descriptor i386 = samples.manifest(samples.config("old"));
    Descriptor index =
        samples.index(
            entry(
                samples.manifest("sha256:none"), "{\"os\":\"unknown\",\"architecture\":\"amd64\"}"),
            entry(i386, I386),
            entry(arm64, ARM64),
            entry(amd64, AMD64),
            entry(i386, I386));
    Descriptor outer = samples.index(entry(index, ""));
    samples.add("multi", outer);

    ContainerdImage here = list(images).getFirst();
    ContainerdImage there = list(images("aarch64")).getFirst();

    assertThat(here.content().user()).isEqualTo("amd");
    assertThat(there.content().user()).isEqualTo("arm");
    assertThat(here.content().size())
        .isEqualTo(
            outer.getSize() + index.getSize() + amd64.getSize() + 100 + ImageSamples.LAYER_BYTES);
    assertThat(list(images("riscv64"))).isEmpty();
  }

  @Test
  void aManifestForNobodyInParticularIsTakenIfItsConfigurationFits() {
    samples.add("plain", samples.index(entry(samples.manifest(samples.config("any")), "")));

    assertThat(list(images)).hasSize(1);
    assertThat(list(images("s390x"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "amd64, x86_64, '', true",
    "amd64, amd64, v1, true",
    "amd64, amd64, v3, false",
    "amd64, i386, '', true",
    "amd64, arm64, '', false",
    "aarch64, arm64, 8, true",
    "aarch64, arm, '', true",
    "aarch64, arm, 6, true",
    "aarch64, arm, v4, false",
    "ppc64le, ppc64le, '', true",
  })
  void platformsAreMatchedAsContainerdMatchesThem(
      String node, String arch, String variant, boolean runs) {
    String platform =
        "{\"os\":\"linux\",\"architecture\":\"%s\",\"variant\":\"%s\"}".formatted(arch, variant);
    samples.add("image", samples.index(entry(samples.manifest(samples.config("x")), platform)));

    assertThat(list(images(node))).hasSize(runs ? 1 : 0);
  }

  @Test
  void contentIsReadOnce() {
    samples.add("web", samples.manifest(samples.config("")));
    list(images);
    long read = calls("Content/Read");
    samples.add("again", samples.manifest(samples.config("")));

    List<ContainerdImage> all = list(images);

    assertThat(read).isEqualTo(2);
    assertThat(calls("Content/Read")).isEqualTo(read);
    assertThat(all.getFirst().names()).containsExactly("again", "web");
  }

  @Test
  void whatIsKeptOfContentIsBounded() {
    for (int i = 0; i < 5; i++) {
      String padding = "x".repeat(ContentStore.MAX_BLOB_BYTES - 100);
      String config = samples.blob("{\"number\":%d,\"padding\":\"%s\"}".formatted(i, padding));
      samples.add("large" + i, samples.manifest(config));
    }

    assertThat(list(images)).hasSize(5);
    assertThat(list(images)).hasSize(5);
    assertThat(calls("Content/Read")).isGreaterThan(10);
  }

  @Test
  void whatCannotBeReadIsLeftOutAndToldOnceAndIsThereWhenItCan() {
    String config = samples.config("late");
    samples.add("web", samples.manifest(config));
    samples.add("good", samples.manifest(samples.config("")));
    samples.add("artifact", samples.target("application/vnd.example", "{}"));
    samples.add("broken", samples.target(ImageSamples.MANIFEST, "{"));
    containerd.images().removeContent("k8s.io", config);

    assertThat(list(images)).extracting(ContainerdImage::names).containsExactly(List.of("good"));
    assertThat(list(images)).hasSize(1);
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .hasSize(3)
        .anySatisfy(line -> assertThat(line).contains("image web is left out", config))
        .anySatisfy(line -> assertThat(line).contains("artifact", "application/vnd.example"));

    samples.config("late");
    assertThat(list(images)).hasSize(2);
  }

  @Test
  void aBlobThatIsTooLargeIsNotRead() {
    ByteString large = ByteString.copyFrom(new byte[ContentStore.MAX_BLOB_BYTES + 1]);
    String config = containerd.images().addContent("k8s.io", large);
    samples.add("large", samples.manifest(config));

    assertThat(list(images)).isEmpty();
    assertThat(calls("Content/Read")).isEqualTo(1);
    assertThat(log.list).hasSize(1);
  }

  @Test
  void aBlobThatIsLargerThanContainerdSaysIsNotKept() {
    Descriptor manifest = samples.manifest(samples.config(""));
    byte[] list =
        ListImagesResponse.newBuilder()
            .addImages(Image.newBuilder().setName("web").setTarget(manifest))
            .build()
            .toByteArray();
    byte[] large =
        ReadContentResponse.newBuilder()
            .setData(ByteString.copyFrom(new byte[ContentStore.MAX_BLOB_BYTES + 1]))
            .build()
            .toByteArray();
    RawContainerd raw = new RawContainerd();
    raw.answerWith(
        method -> method.endsWith("/List") ? list : method.endsWith("/Read") ? large : new byte[0]);

    try (ContainerdChannel toRaw = ContainerdChannel.to(raw.socket())) {
      assertThat(list(new ContainerdImages(toRaw.grpc(), "k8s.io"))).isEmpty();
    }
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .singleElement()
        .asString()
        .contains("4194304 are read at most");
  }

  @ParameterizedTest
  @EnumSource(
      value = Code.class,
      names = {"UNKNOWN", "INTERNAL", "DATA_LOSS"})
  void aFailureToReadOneBlobIsItsImagesAlone(Code code) {
    String config = samples.config("bad");
    samples.add("bad", samples.manifest(config));
    samples.add("good", samples.manifest(samples.config("")));
    containerd.faults().failFor("Content/Read", "k8s.io", config, Status.fromCode(code));

    assertThat(list(images)).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({"Images/List, UNAVAILABLE", "Content/Info, UNAVAILABLE", "Content/Read, CANCELLED"})
  void whenContainerdCannotBeAskedNoImageIsBlamed(String call, Code code) {
    samples.add("web", samples.manifest(samples.config("")));
    containerd.faults().failAlways(call, Status.fromCode(code));

    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> list(images));

    assertThat(failure.getStatus().getCode()).isEqualTo(code);
    assertThat(log.list).isEmpty();
    containerd.faults().heal();
    assertThat(list(images)).hasSize(1);
  }

  @Test
  void theDeadlineIsThatOfAllTogether() {
    samples.add("web", samples.manifest(samples.config("")));
    containerd.faults().hang("Content/Info");

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> images.list(Deadline.after(100, TimeUnit.MILLISECONDS)));

    assertThat(failure.getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
  }

  @Test
  void anImageWithoutLayersHasNoChain() {
    samples.add("empty", samples.manifest(samples.blob("{}")));

    assertThat(list(images).getFirst().content().chainId()).isEmpty();
  }
}
