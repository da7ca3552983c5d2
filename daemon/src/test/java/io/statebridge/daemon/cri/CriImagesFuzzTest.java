package io.statebridge.daemon.cri;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.StreamObserver;
import io.statebridge.daemon.containerd.ContainerdChannel;
import io.statebridge.daemon.containerd.RawContainerd;
import io.statebridge.proto.containerd.content.v1.InfoResponse;
import io.statebridge.proto.containerd.content.v1.ReadContentResponse;
import io.statebridge.proto.containerd.images.v1.Image;
import io.statebridge.proto.containerd.images.v1.ListImagesResponse;
import io.statebridge.proto.containerd.types.Descriptor;
import io.statebridge.proto.cri.v1.ImageSpec;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.ListImagesRequest;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * Whatever an image's blobs hold, images are told without it or with it. Each line is a blob, in
 * the order in which they are asked for; the first is an index or, where it begins with a blank, a
 * manifest.
 */
final class CriImagesFuzzTest {
  private static final RawContainerd containerd = new RawContainerd();
  private static final ContainerdChannel channel = ContainerdChannel.to(containerd.socket());

  @FuzzTest
  void anyBlobsAreAnImageOrNone(byte[] input) {
    List<byte[]> blobs =
        Arrays.stream(new String(input, ISO_8859_1).split("\n", 8))
            .map(line -> line.getBytes(ISO_8859_1))
            .toList();
    boolean isManifest = input.length > 0 && input[0] == ' ';
    Iterator<byte[]> next = blobs.iterator();
    containerd.answerWith(
        method -> {
          Message answer =
              switch (method) {
                case "containerd.services.images.v1.Images/List" -> image(isManifest);
                case "containerd.services.content.v1.Content/Info" ->
                    InfoResponse.getDefaultInstance();
                case "containerd.services.content.v1.Content/Read" ->
                    ReadContentResponse.newBuilder()
                        .setData(
                            next.hasNext() ? ByteString.copyFrom(next.next()) : ByteString.EMPTY)
                        .build();
                default -> null;
              };
          return answer == null ? null : answer.toByteArray();
        });
    CriImageService service = new CriImageService(channel.grpc(), "/run/c.sock");

    service.listImages(ListImagesRequest.getDefaultInstance(), new Answer<>());
    service.imageStatus(
        ImageStatusRequest.newBuilder()
            .setImage(ImageSpec.newBuilder().setImage("busybox"))
            .setVerbose(true)
            .build(),
        new Answer<>());
  }

  private static ListImagesResponse image(boolean isManifest) {
    String type = isManifest ? "manifest" : "index";
    return ListImagesResponse.newBuilder()
        .addImages(
            Image.newBuilder()
                .setName("docker.io/library/busybox:latest")
                .setTarget(
                    Descriptor.newBuilder()
                        .setDigest("sha256:1")
                        .setMediaType("application/vnd.oci.image.%s.v1+json".formatted(type))))
        .build();
  }

  /** Fails the call that got a failure which names no reason. */
  private static final class Answer<T> implements StreamObserver<T> {
    @Override
    public void onNext(T answer) {}

    @Override
    public void onError(Throwable failure) {
      Code code = Status.fromThrowable(failure).getCode();
      if (code == Code.UNKNOWN || code == Code.INTERNAL) {
        throw new AssertionError(failure);
      }
    }

    @Override
    public void onCompleted() {}
  }
}
