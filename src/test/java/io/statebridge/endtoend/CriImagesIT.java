package io.statebridge.endtoend;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.cri.v1.FilesystemUsage;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.proto.cri.v1.ImageFsInfoRequest;
import io.statebridge.proto.cri.v1.ImageFsInfoResponse;
import io.statebridge.proto.cri.v1.ImageServiceGrpc.ImageServiceBlockingStub;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.ImageStatusResponse;
import io.statebridge.proto.cri.v1.ListImagesRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The images of the CRI, beside a real containerd's plugin and in place of it. */
final class CriImagesIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DIGEST = "sha256:" + "ab".repeat(32);

  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());
  private final Scratch scratch = Scratch.create();

  @AfterEach
  void end() throws IOException {
    try (containerd;
        scratch) {
      statebridge.close();
    }
  }

  /** What an answer says of images, each way that there is to ask. */
  private record Said(
      Map<String, Image> list,
      Map<String, ImageStatusResponse> statuses,
      List<FilesystemUsage> fileSystems) {

    static Said by(ImageServiceBlockingStub stub) {
      Map<String, Image> list =
          stub.listImages(ListImagesRequest.getDefaultInstance()).getImagesList().stream()
              .collect(Collectors.toMap(Image::getId, Function.identity()));
      Map<String, ImageStatusResponse> statuses = new LinkedHashMap<>();
      for (String asked : questions(list)) {
        statuses.put(asked, status(stub, asked));
      }
      return new Said(list, statuses, usage(stub));
    }

    ImageStatusResponse answer(String asked) {
      return requireNonNull(statuses.get(asked), asked);
    }

    private static List<String> questions(Map<String, Image> list) {
      List<String> questions =
          new ArrayList<>(
              List.of("localhost/nobody", "nobody", DIGEST, "busybox", "localhost/busybox"));
      for (Image image : list.values()) {
        String hex = image.getId().substring("sha256:".length());
        questions.addAll(List.of(image.getId(), hex, hex.substring(0, 12)));
        questions.addAll(image.getRepoTagsList());
        questions.addAll(image.getRepoDigestsList());
      }
      return questions;
    }
  }

  private static ImageStatusResponse status(ImageServiceBlockingStub stub, String asked) {
    return stub.imageStatus(
        ImageStatusRequest.newBuilder()
            .setImage(ImageSpec.newBuilder().setImage(asked))
            .setVerbose(true)
            .build());
  }

  /** Without the time at which it was measured. */
  private static List<FilesystemUsage> usage(ImageServiceBlockingStub stub) {
    ImageFsInfoResponse response = stub.imageFsInfo(ImageFsInfoRequest.getDefaultInstance());
    assertThat(response.getImageFilesystemsList())
        .isNotEmpty()
        .allSatisfy(usage -> assertThat(usage.getTimestamp()).isPositive());
    return response.getImageFilesystemsList().stream()
        .map(usage -> usage.toBuilder().clearTimestamp().build())
        .toList();
  }

  private ImageServiceBlockingStub startWithImages() {
    containerd.start();
    CriPods pods = containerd.pods();
    String id = OciArchive.write(scratch.resolve("multi.tar"));
    CriPods.bringIn(containerd.socket(), scratch.resolve("multi.tar"));
    ctr("images", "tag", ImageArchive.BUSYBOX, "localhost/another:2");
    ctr("images", "tag", ImageArchive.BUSYBOX, "docker.io/library/tool@" + DIGEST);
    ctr("snapshots", "--snapshotter", "native", "prepare", "of-a-container");
    ImageServiceBlockingStub theirs = pods.images();
    await()
        .untilAsserted(
            () -> {
              assertThat(status(theirs, id).getImage().getRepoTagsList())
                  .containsExactly(OciArchive.NAME);
              assertThat(status(theirs, "localhost/another:2").hasImage()).isTrue();
              assertThat(status(theirs, "tool@" + DIGEST).hasImage()).isTrue();
            });
    return theirs;
  }

  private String ctr(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of("ctr", "-a", containerd.socket().toString(), "-n", CriPods.NAMESPACE));
    command.addAll(List.of(arguments));
    return Program.mustRun(command);
  }

  /** The plugin measures every ten seconds, so that what it says may be as old. */
  private void awaitMeasured(ImageServiceBlockingStub plugin) {
    long bytes =
        ctr("snapshots", "--snapshotter", "native", "usage", "-b")
            .lines()
            .skip(1)
            .mapToLong(line -> Long.parseLong(line.trim().split("\\s+", -1)[1]))
            .sum();
    assertThat(bytes).isPositive();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> usage(plugin).getFirst().getUsedBytes().getValue() == bytes);
  }

  @Test
  void besideThePluginEveryAnswerIsThePlugins() {
    ImageServiceBlockingStub theirs = startWithImages();
    statebridge.start();
    awaitMeasured(theirs);

    Said our = Said.by(statebridge.criImages());

    assertThat(our).isEqualTo(Said.by(theirs));
    assertThat(our.list()).hasSize(3);
    assertThat(our.answer("localhost/nobody")).isEqualTo(ImageStatusResponse.getDefaultInstance());
    assertThat(our.answer(ImageArchive.BUSYBOX).getInfoMap()).containsKey("info");
  }

  @Test
  void inPlaceOfThePluginEveryAnswerIsWhatItsWouldBe() throws IOException {
    ImageServiceBlockingStub theirs = startWithImages();
    // An image that is there no more, but for its name.
    ctr("content", "rm", status(theirs, ImageArchive.PAUSE).getImage().getId());
    containerd.stop();
    containerd.start();
    await()
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> Said.by(theirs).list().size() == 2);
    awaitMeasured(theirs);
    Said their = Said.by(theirs);
    containerd.stop();
    containerd.disableCriPlugin();
    containerd.start();
    statebridge.start();
    statebridge.awaitInSync();

    Said our = Said.by(statebridge.criImages());

    assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> Said.by(theirs));
    assertThat(our.list()).isEqualTo(their.list());
    assertThat(our.fileSystems()).isEqualTo(their.fileSystems());
    assertThat(our.statuses()).hasSameSizeAs(their.statuses());
    for (Map.Entry<String, ImageStatusResponse> asked : their.statuses().entrySet()) {
      ImageStatusResponse mine = our.answer(asked.getKey());
      assertThat(mine.getImage()).as(asked.getKey()).isEqualTo(asked.getValue().getImage());
      assertInfo(mine.getInfoMap(), asked.getValue().getInfoMap());
    }
    await()
        .untilAsserted(
            () ->
                assertThat(statebridge.log())
                    .containsOnlyOnce("image " + ImageArchive.PAUSE + " is left out"));
  }

  /** The plugin leaves out of a configuration what it does not know, and makes up a time. */
  private static void assertInfo(Map<String, String> our, Map<String, String> their)
      throws IOException {
    assertThat(our.keySet()).isEqualTo(their.keySet());
    if (their.isEmpty()) {
      return;
    }
    JsonNode mine = JSON.readTree(our.get("info"));
    JsonNode theirs = JSON.readTree(their.get("info"));
    assertThat(mine.fieldNames())
        .toIterable()
        .containsExactlyInAnyOrderElementsOf(() -> theirs.fieldNames());
    assertThat(mine.path("chainID")).isEqualTo(theirs.path("chainID"));
    for (String field : List.of("architecture", "os", "config", "rootfs")) {
      assertThat(mine.path("imageSpec").path(field))
          .isEqualTo(theirs.path("imageSpec").path(field));
    }
  }

  @Test
  void whileContainerdIsStoppedFileSystemsAreToldAndImagesAreNot() {
    statebridge.start();
    ImageServiceBlockingStub ours = statebridge.criImages();
    List<FilesystemUsage> unknown = usage(ours);
    ImageServiceBlockingStub theirs = startWithImages();
    statebridge.awaitInSync();
    awaitMeasured(theirs);
    List<FilesystemUsage> known = usage(statebridge.criImages());

    containerd.stop();

    assertThat(unknown).hasSize(1);
    assertThat(known).isNotEqualTo(unknown);
    assertThat(usage(statebridge.criImages())).isEqualTo(known);
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(
            () -> statebridge.criImages().listImages(ListImagesRequest.getDefaultInstance()))
        .satisfies(e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE))
        .withMessageContaining(containerd.socket().toString());
  }
}
