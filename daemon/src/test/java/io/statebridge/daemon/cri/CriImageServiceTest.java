package io.statebridge.daemon.cri;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.statebridge.daemon.containerd.ContainerdChannel;
import io.statebridge.daemon.containerd.ImageSamples;
import io.statebridge.proto.containerd.types.Descriptor;
import io.statebridge.proto.cri.v1.FilesystemUsage;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.proto.cri.v1.ImageFsInfoRequest;
import io.statebridge.proto.cri.v1.ImageFsInfoResponse;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.ImageStatusResponse;
import io.statebridge.proto.cri.v1.Int64Value;
import io.statebridge.proto.cri.v1.ListImagesRequest;
import io.statebridge.proto.cri.v1.ListImagesResponse;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CriImageServiceTest {
  private static final Image TOLD =
      Image.newBuilder()
          .setId("sha256:told")
          // A field of a later CRI than ours.
          .setUnknownFields(
              UnknownFieldSet.newBuilder()
                  .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
                  .build())
          .build();
  private static final ListImagesResponse LIST =
      ListImagesResponse.newBuilder().addImages(TOLD).build();
  private static final ImageStatusResponse STATUS =
      ImageStatusResponse.newBuilder().setImage(TOLD).putInfo("info", "{}").build();
  private static final ImageFsInfoResponse FILE_SYSTEMS =
      ImageFsInfoResponse.newBuilder()
          .addImageFilesystems(FilesystemUsage.newBuilder().setTimestamp(5))
          .build();

  private final SimulatedContainerd containerd;
  private final ContainerdChannel channel;
  private final CriImageService service;
  private final ImageSamples samples;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

  CriImageServiceTest(@TempDir Path directory) throws IOException {
    containerd = SimulatedContainerd.start(directory.resolve("c.sock"));
    channel = ContainerdChannel.to(containerd.socket());
    service = new CriImageService(channel.grpc(), "/run/c.sock");
    samples = new ImageSamples(containerd.images(), "k8s.io");
  }

  @BeforeEach
  void tellThePlugin() {
    containerd.images().pluginTells(LIST, STATUS, FILE_SYSTEMS);
  }

  @AfterEach
  void stop() {
    timer.shutdownNow();
    channel.close();
    containerd.close();
  }

  private interface Call<Q, A> {
    void make(Q request, StreamObserver<A> out);
  }

  /** What a call was answered, which is within the call. */
  private static final class Answer<A> implements StreamObserver<A> {
    private @Nullable A value;
    private @Nullable Throwable failure;

    @Override
    public void onNext(A response) {
      value = response;
    }

    @Override
    public void onError(Throwable why) {
      failure = why;
    }

    @Override
    public void onCompleted() {}

    A get() {
      if (failure != null) {
        throw Status.fromThrowable(failure).asRuntimeException();
      }
      return requireNonNull(value);
    }
  }

  private static <Q, A> A ask(Call<Q, A> call, Q request) {
    Answer<A> answer = new Answer<>();
    call.make(request, answer);
    return answer.get();
  }

  private ListImagesResponse list() {
    return ask(service::listImages, ListImagesRequest.getDefaultInstance());
  }

  private ImageStatusResponse status(String image, boolean verbose) {
    return ask(
        service::imageStatus,
        ImageStatusRequest.newBuilder()
            .setImage(ImageSpec.newBuilder().setImage(image))
            .setVerbose(verbose)
            .build());
  }

  private ImageFsInfoResponse fileSystems() {
    return ask(service::imageFsInfo, ImageFsInfoRequest.getDefaultInstance());
  }

  private static Status failureOf(Runnable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call::run).getStatus();
  }

  @Test
  void whatThePluginSaysIsPassedOnWithFieldsThatWeDoNotKnow() {
    containerd.criPluginLoaded(true);

    assertThat(list()).isEqualTo(LIST);
    assertThat(status("x", false)).isEqualTo(STATUS);
    assertThat(fileSystems()).isEqualTo(FILE_SYSTEMS);
    assertThat(list().getImages(0).getUnknownFields()).isEqualTo(TOLD.getUnknownFields());
    assertThat(containerd.calls()).doesNotContainKey("Images/List");
  }

  @Test
  void aFailureOfThePluginIsPassedOn() {
    containerd.criPluginLoaded(true);
    containerd
        .faults()
        .failAlways("ImageService/ListImages", Status.UNKNOWN.withDescription("not initialized"));

    Status failure = failureOf(this::list);

    assertThat(failure.getCode()).isEqualTo(Code.UNKNOWN);
    assertThat(failure.getDescription()).isEqualTo("not initialized");
  }

  @Test
  void withoutThePluginImagesAreTheNamespacesOwn() {
    String config = samples.config("1000:100");
    Descriptor manifest = samples.manifest(config);
    samples.add("docker.io/library/web@sha256:" + "ab".repeat(32), manifest);
    samples.add("localhost/web:2", manifest, Map.of("io.cri-containerd.pinned", "pinned"));
    samples.add("localhost/web:1", manifest);
    samples.add(config, manifest);
    new ImageSamples(containerd.images(), "default").add("localhost/other:1", manifest);

    assertThat(list().getImagesList())
        .containsExactly(
            Image.newBuilder()
                .setId(config)
                .addRepoTags("localhost/web:1")
                .addRepoTags("localhost/web:2")
                .addRepoDigests("docker.io/library/web@sha256:" + "ab".repeat(32))
                .setSize(manifest.getSize() + 1100)
                .setUid(Int64Value.newBuilder().setValue(1000))
                .setPinned(true)
                .build());
  }

  @ParameterizedTest
  @CsvSource({"'', , ''", "0, 0, ''", "web, , web", "web:users, , web", "12:0, 12, ''"})
  void aUserIsANumberOrAName(String user, @Nullable Long uid, String name) {
    samples.add("localhost/web:1", samples.manifest(samples.config(user)));

    Image image = list().getImages(0);

    assertThat(image.getUsername()).isEqualTo(name);
    assertThat(image.hasUid() ? image.getUid().getValue() : null).isEqualTo(uid);
  }

  @Test
  void anImageIsFoundByItsNameAndItsIdAndTheBeginningOfIt() {
    String config = samples.config("one");
    Descriptor manifest = samples.manifest(config);
    String digest = "docker.io/library/web@" + manifest.getDigest();
    samples.add("docker.io/library/web:latest", manifest);
    samples.add(digest, manifest);
    samples.add("localhost/other:1", samples.manifest(samples.config("two")));
    String hex = config.substring("sha256:".length());

    for (String asked :
        List.of(
            "web",
            "docker.io/web:latest",
            "web@" + manifest.getDigest(),
            "web:2@" + manifest.getDigest(),
            config,
            hex,
            hex.substring(0, 12),
            config.substring(0, 20))) {
      assertThat(status(asked, false).getImage().getId()).as(asked).isEqualTo(config);
    }
    assertThat(status("web", false).getInfoMap()).isEmpty();
  }

  @Test
  void anImageThatIsNotThereIsAnAnswerWithoutOne() {
    samples.add("localhost/web:1", samples.manifest(samples.config("")));

    for (String asked : List.of("localhost/web:2", "web", "sha256:" + "0".repeat(64), "???")) {
      assertThat(status(asked, true)).as(asked).isEqualTo(ImageStatusResponse.getDefaultInstance());
    }
  }

  @Test
  void theBeginningOfSeveralIdsIsNoneOfThem() {
    samples.add("localhost/one:1", samples.manifest(samples.config("one")));
    samples.add("localhost/two:1", samples.manifest(samples.config("two")));

    Status failure = failureOf(() -> status("sha256:", false));

    assertThat(failure.getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(failure.getDescription()).contains("2 images", "\"sha256:\"");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noImageIsAskedForIsInvalid(boolean pluginLoaded) {
    containerd.criPluginLoaded(pluginLoaded);
    samples.add("localhost/one:1", samples.manifest(samples.config("one")));

    assertThat(failureOf(() -> status("", false)).getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(containerd.calls()).doesNotContainKey("ImageService/ImageStatus");
  }

  @Test
  void aVerboseAnswerHasTheChainAndTheConfiguration() throws IOException {
    samples.add("localhost/web:1", samples.manifest(samples.config("web")));

    JsonNode info =
        new ObjectMapper().readTree(status("localhost/web:1", true).getInfoOrThrow("info"));

    assertThat(info.path("chainID").asText()).startsWith("sha256:");
    assertThat(info.path("imageSpec").path("config").path("User").asText()).isEqualTo("web");
  }

  @Test
  void withoutThePluginTheSnapshotsTellWhatIsUsed() {
    containerd.images().addSnapshot("k8s.io", "overlayfs", "layer", 100, 3);

    FilesystemUsage usage = fileSystems().getImageFilesystems(0);

    assertThat(fileSystems().getImageFilesystemsCount()).isEqualTo(1);
    assertThat(usage.getFsId().getMountpoint()).isEqualTo("/overlays");
    assertThat(usage.getUsedBytes().getValue()).isEqualTo(100);
    assertThat(usage.getInodesUsed().getValue()).isEqualTo(3);
    assertThat(ago(usage)).isLessThan(Duration.ofMinutes(1));
  }

  private static Duration ago(FilesystemUsage usage) {
    return Duration.between(Instant.ofEpochSecond(0, usage.getTimestamp()), Instant.now());
  }

  @Test
  void withoutContainerdImagesAreUnavailable() {
    containerd.stop();

    for (Status failure :
        List.of(failureOf(this::list), failureOf(() -> status("localhost/web:1", false)))) {
      assertThat(failure.getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(failure.getDescription()).contains("/run/c.sock", "see that it runs");
    }
  }

  @Test
  void containerdThatGoesAwayWhileItIsAskedIsUnavailableToo() {
    containerd.faults().failAlways("Images/List", Status.UNAVAILABLE);

    assertThat(failureOf(this::list).getDescription()).contains("/run/c.sock");
  }

  @Test
  void withoutContainerdFileSystemsAreWhatTheyWereLast() {
    containerd.criPluginLoaded(true);
    fileSystems();
    containerd.stop();

    assertThat(fileSystems()).isEqualTo(FILE_SYSTEMS);
  }

  @Test
  void aContainerdThatWasNeverThereHasOneFileSystemOfWhichNothingIsKnown() {
    containerd.stop();

    assertNothingIsKnown(fileSystems());
  }

  @Test
  void anAnswerWithoutFileSystemsIsNone() {
    containerd.criPluginLoaded(true);
    containerd.images().pluginTells(LIST, STATUS, ImageFsInfoResponse.getDefaultInstance());

    assertNothingIsKnown(fileSystems());
  }

  private static void assertNothingIsKnown(ImageFsInfoResponse response) {
    FilesystemUsage usage = response.getImageFilesystems(0);
    assertThat(response.getImageFilesystemsCount()).isEqualTo(1);
    assertThat(usage.hasFsId()).isTrue();
    assertThat(usage.hasUsedBytes()).isTrue();
    assertThat(usage.hasInodesUsed()).isTrue();
    assertThat(usage.getUsedBytes().getValue()).isZero();
    assertThat(ago(usage)).isLessThan(Duration.ofMinutes(1));
  }

  @Test
  void aPluginThatDoesNotAnswerIsGivenUp() {
    containerd.criPluginLoaded(true);
    containerd.faults().hang("ImageService/ListImages");
    CriImageService impatient =
        new CriImageService(channel.grpc(), "/run/c.sock", Duration.ofMillis(100));

    Status failure =
        failureOf(() -> ask(impatient::listImages, ListImagesRequest.getDefaultInstance()));

    assertThat(failure.getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
  }

  @Test
  void aClientWithLessPatienceIsAnsweredSooner() {
    containerd.criPluginLoaded(true);
    containerd.faults().hang("ImageService/ListImages");

    assertThat(within(Duration.ofMillis(100), () -> failureOf(this::list)).getCode())
        .isEqualTo(Code.DEADLINE_EXCEEDED);
  }

  @Test
  void fileSystemsAreToldInTimeAlthoughContainerdDoesNotAnswer() {
    containerd.criPluginLoaded(true);
    fileSystems();
    containerd.faults().hang("ImageService/ImageFsInfo");

    boolean inTime =
        within(
            Duration.ofSeconds(2),
            () -> fileSystems().equals(FILE_SYSTEMS) && !Context.current().isCancelled());

    assertThat(inTime).isTrue();
  }

  /** As in a call whose client has such a deadline. */
  private <A> A within(Duration deadline, Supplier<A> call) {
    try (Context.CancellableContext context =
        Context.current().withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS, timer)) {
      return context.call(call::get);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
