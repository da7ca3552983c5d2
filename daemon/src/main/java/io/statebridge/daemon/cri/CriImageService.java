package io.statebridge.daemon.cri;

import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.daemon.containerd.ContainerdImages;
import io.statebridge.daemon.containerd.ContainerdSnapshots;
import io.statebridge.daemon.containerd.ContainerdSnapshots.SnapshotterUsage;
import io.statebridge.proto.cri.v1.ImageFsInfoRequest;
import io.statebridge.proto.cri.v1.ImageFsInfoResponse;
import io.statebridge.proto.cri.v1.ImageServiceGrpc;
import io.statebridge.proto.cri.v1.ImageServiceGrpc.ImageServiceBlockingStub;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.ImageStatusResponse;
import io.statebridge.proto.cri.v1.ListImagesRequest;
import io.statebridge.proto.cri.v1.ListImagesResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The methods of the CRI's ImageService that read. Images are containerd's and are not kept here:
 * its CRI plugin is asked, and its answer passed on as it is; where that is not loaded, the answer
 * is put together from containerd's own services. Thread-safe.
 */
final class CriImageService extends ImageServiceGrpc.ImageServiceImplBase {

  /** As of every other call to containerd; the plugin answers from memory. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ImageServiceBlockingStub plugin;
  private final DerivedImages derived;
  private final String address;
  private final Duration patience;
  private volatile @Nullable ImageFsInfoResponse lastFileSystems;

  /**
   * @param address of containerd, for people
   */
  CriImageService(Channel containerd, String address) {
    this(containerd, address, PATIENCE);
  }

  CriImageService(Channel containerd, String address, Duration patience) {
    this.plugin = ImageServiceGrpc.newBlockingStub(containerd);
    this.derived =
        new DerivedImages(
            new ContainerdImages(containerd, ContainerRuntime.CRI_NAMESPACE),
            new ContainerdSnapshots(containerd, ContainerRuntime.CRI_NAMESPACE));
    this.address = address;
    this.patience = patience;
  }

  /** A filter is passed on, and not looked at where there is no plugin: nor does the plugin. */
  @Override
  public void listImages(ListImagesRequest request, StreamObserver<ListImagesResponse> out) {
    Answers.one(out, () -> ask(patience, stub -> stub.listImages(request), derived::list));
  }

  @Override
  public void imageStatus(ImageStatusRequest request, StreamObserver<ImageStatusResponse> out) {
    if (request.getImage().getImage().isEmpty()) {
      // The plugin takes it for the beginning of every id.
      out.onError(Status.INVALID_ARGUMENT.withDescription("image is required").asException());
      return;
    }
    Answers.one(
        out,
        () ->
            ask(
                patience,
                stub -> stub.imageStatus(request),
                deadline -> derived.status(request, deadline)));
  }

  /**
   * Always answers, as crictl asks this before any command: when containerd cannot be asked, with
   * what it said last; if it never said anything, with one file system of unknown mount point and
   * of size zero, of the time of the question.
   */
  @Override
  public void imageFsInfo(ImageFsInfoRequest request, StreamObserver<ImageFsInfoResponse> out) {
    Answers.one(
        out,
        () -> {
          try {
            ImageFsInfoResponse told =
                ask(halfOfWhatIsLeft(), stub -> stub.imageFsInfo(request), derived::fileSystems);
            if (told.getImageFilesystemsCount() > 0) {
              lastFileSystems = told;
            }
          } catch (StatusRuntimeException e) {
            // What was known before is all that there is to say.
          }
          ImageFsInfoResponse last = lastFileSystems;
          return last == null ? nothingKnown() : last;
        });
  }

  /** So that there is time to answer when containerd does not. */
  private Duration halfOfWhatIsLeft() {
    Deadline clients = Context.current().getDeadline();
    if (clients == null) {
      return patience;
    }
    Duration half = Duration.ofNanos(clients.timeRemaining(TimeUnit.NANOSECONDS) / 2);
    return half.compareTo(patience) < 0 ? half : patience;
  }

  private static ImageFsInfoResponse nothingKnown() {
    return ImageFsInfoResponse.newBuilder()
        .addImageFilesystems(
            DerivedImages.fileSystem(new SnapshotterUsage("", 0, 0, Instant.now())))
        .build();
  }

  /** The client's own deadline, if it is the sooner one, comes with the call's context. */
  private <R> R ask(
      Duration atMost, Function<ImageServiceBlockingStub, R> ofPlugin, Function<Deadline, R> ours) {
    Deadline deadline = Deadline.after(atMost.toNanos(), TimeUnit.NANOSECONDS);
    try {
      return ofPlugin.apply(plugin.withDeadline(deadline));
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Code.UNIMPLEMENTED) {
        throw told(e);
      }
    }
    try {
      return ours.apply(deadline);
    } catch (StatusRuntimeException e) {
      throw told(e);
    }
  }

  private StatusRuntimeException told(StatusRuntimeException e) {
    Status status = e.getStatus();
    return status.getCode() == Code.UNAVAILABLE
        ? status
            .withDescription(
                "containerd, which alone knows the images, does not answer on %s: see that it runs"
                    .formatted(address))
            .asRuntimeException()
        : e;
  }
}
