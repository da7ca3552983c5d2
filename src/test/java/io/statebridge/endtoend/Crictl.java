package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerFilter;
import io.statebridge.proto.cri.v1.ContainerStats;
import io.statebridge.proto.cri.v1.ContainerStatsFilter;
import io.statebridge.proto.cri.v1.ContainerStatusRequest;
import io.statebridge.proto.cri.v1.ContainerStatusResponse;
import io.statebridge.proto.cri.v1.GetEventsRequest;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.proto.cri.v1.ImageFilter;
import io.statebridge.proto.cri.v1.ImageFsInfoRequest;
import io.statebridge.proto.cri.v1.ImageServiceGrpc;
import io.statebridge.proto.cri.v1.ImageServiceGrpc.ImageServiceBlockingStub;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.ListContainerStatsRequest;
import io.statebridge.proto.cri.v1.ListContainersRequest;
import io.statebridge.proto.cri.v1.ListImagesRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxRequest;
import io.statebridge.proto.cri.v1.ListPodSandboxStatsRequest;
import io.statebridge.proto.cri.v1.PodSandbox;
import io.statebridge.proto.cri.v1.PodSandboxFilter;
import io.statebridge.proto.cri.v1.PodSandboxStats;
import io.statebridge.proto.cri.v1.PodSandboxStatsFilter;
import io.statebridge.proto.cri.v1.PodSandboxStatusRequest;
import io.statebridge.proto.cri.v1.PodSandboxStatusResponse;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.cri.v1.StatusRequest;
import io.statebridge.proto.cri.v1.StatusResponse;
import io.statebridge.proto.cri.v1.VersionRequest;
import io.statebridge.proto.cri.v1.VersionResponse;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The calls that crictl 1.26 and 1.36 make for a command, in their order and with their requests,
 * and what must be in the answers: where a check here fails, one of the two ends with an error,
 * panics or leaves an entry out.
 */
record Crictl(UnixChannel channel) {
  /** crictl's own. */
  private static final int TIMEOUT_SECONDS = 2;

  /** Before its first call of a service it looks whether that is there. */
  private RuntimeServiceBlockingStub runtime() {
    var _ = runtimeStub().version(VersionRequest.getDefaultInstance());
    return runtimeStub();
  }

  private ImageServiceBlockingStub images() {
    var _ = imageStub().imageFsInfo(ImageFsInfoRequest.getDefaultInstance());
    return imageStub();
  }

  private RuntimeServiceBlockingStub runtimeStub() {
    return RuntimeServiceGrpc.newBlockingStub(channel.grpc())
        .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  private ImageServiceBlockingStub imageStub() {
    return ImageServiceGrpc.newBlockingStub(channel.grpc())
        .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  private static void assertSet(Message message, String... fields) {
    for (String name : fields) {
      var field = message.getDescriptorForType().findFieldByName(name);
      Object value = message.getField(field);
      boolean isSet =
          field.isRepeated()
              ? message.getRepeatedFieldCount(field) > 0
              : field.hasPresence()
                  ? message.hasField(field)
                  : !value.equals(field.getDefaultValue());
      assertThat(isSet).as("%s of %s", name, message).isTrue();
    }
  }

  VersionResponse version() {
    VersionResponse version =
        runtime().version(VersionRequest.newBuilder().setVersion("v1").build());
    assertSet(version, "version", "runtime_name", "runtime_version", "runtime_api_version");
    return version;
  }

  StatusResponse info() {
    StatusResponse status = runtime().status(StatusRequest.newBuilder().setVerbose(true).build());
    assertThat(status.getStatus().getConditionsCount()).isGreaterThanOrEqualTo(2);
    return status;
  }

  /** {@code ps -a}. */
  List<Container> ps() {
    RuntimeServiceBlockingStub runtime = runtime();
    var _ = images();
    List<Container> containers =
        runtime
            .listContainers(
                ListContainersRequest.newBuilder()
                    .setFilter(ContainerFilter.getDefaultInstance())
                    .build())
            .getContainersList();
    containers.forEach(c -> assertSet(c, "id", "pod_sandbox_id", "metadata", "image"));
    containers.forEach(c -> assertSet(c, "created_at"));
    return containers;
  }

  List<PodSandbox> pods() {
    List<PodSandbox> pods =
        runtime()
            .listPodSandbox(
                ListPodSandboxRequest.newBuilder()
                    .setFilter(PodSandboxFilter.getDefaultInstance())
                    .build())
            .getItemsList();
    pods.forEach(p -> assertSet(p, "id", "metadata", "created_at"));
    return pods;
  }

  ContainerStatusResponse inspect(String id) {
    RuntimeServiceBlockingStub runtime = runtime();
    var _ = images();
    ContainerStatusResponse answer =
        runtime.containerStatus(
            ContainerStatusRequest.newBuilder().setContainerId(id).setVerbose(true).build());
    assertSet(answer, "status", "info");
    assertSet(answer.getStatus(), "id", "metadata", "created_at", "image", "image_ref");
    assertSet(answer.getStatus().getMetadata(), "name");
    assertSet(answer.getStatus().getImage(), "image");
    return answer;
  }

  PodSandboxStatusResponse inspectp(String id) {
    PodSandboxStatusResponse answer =
        runtime()
            .podSandboxStatus(
                PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).setVerbose(true).build());
    assertSet(answer, "status", "info");
    assertSet(answer.getStatus(), "id", "metadata", "created_at");
    assertSet(answer.getStatus().getMetadata(), "name", "namespace", "uid");
    return answer;
  }

  /** Twice, for a rate; it wants another time in the second answer. */
  List<ContainerStats> stats() {
    List<ContainerStats> first = listStats();
    List<ContainerStats> second = listStats();
    for (ContainerStats stats : second) {
      assertSet(stats, "attributes");
      assertSet(stats.getAttributes(), "id", "metadata");
      first.stream()
          .filter(s -> s.getAttributes().getId().equals(stats.getAttributes().getId()))
          .filter(s -> s.getCpu().getUsageCoreNanoSeconds().getValue() != 0)
          .forEach(
              s ->
                  assertThat(stats.getCpu().getTimestamp())
                      .isGreaterThan(s.getCpu().getTimestamp()));
    }
    return second;
  }

  private List<ContainerStats> listStats() {
    return runtime()
        .listContainerStats(
            ListContainerStatsRequest.newBuilder()
                .setFilter(ContainerStatsFilter.getDefaultInstance())
                .build())
        .getStatsList();
  }

  List<PodSandboxStats> statsp() {
    List<PodSandboxStats> stats =
        runtime()
            .listPodSandboxStats(
                ListPodSandboxStatsRequest.newBuilder()
                    .setFilter(PodSandboxStatsFilter.getDefaultInstance())
                    .build())
            .getStatsList();
    for (PodSandboxStats pod : stats) {
      assertSet(pod, "attributes", "linux");
      assertSet(pod.getAttributes(), "id", "metadata");
      assertSet(pod.getLinux().getCpu(), "timestamp", "usage_core_nano_seconds");
      assertSet(pod.getLinux().getMemory(), "working_set_bytes");
    }
    return stats;
  }

  List<Image> listImages() {
    return images()
        .listImages(
            ListImagesRequest.newBuilder()
                .setFilter(ImageFilter.newBuilder().setImage(ImageSpec.getDefaultInstance()))
                .build())
        .getImagesList();
  }

  Image inspecti(String name) {
    Image image =
        images()
            .imageStatus(
                ImageStatusRequest.newBuilder()
                    .setImage(ImageSpec.newBuilder().setImage(name))
                    .setVerbose(true)
                    .build())
            .getImage();
    assertSet(image, "id", "size");
    return image;
  }

  void imagefsinfo() {
    images()
        .imageFsInfo(ImageFsInfoRequest.getDefaultInstance())
        .getImageFilesystemsList()
        .forEach(fs -> assertSet(fs, "fs_id", "timestamp"));
  }

  /** For ever, until the server or the iterator's thread ends it. */
  Iterator<ContainerEventResponse> events() {
    var _ = runtime();
    return RuntimeServiceGrpc.newBlockingStub(channel.grpc())
        .getContainerEvents(GetEventsRequest.getDefaultInstance());
  }
}
