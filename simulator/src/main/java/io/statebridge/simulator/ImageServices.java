package io.statebridge.simulator;

import com.google.protobuf.ByteString;
import io.grpc.BindableService;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.content.v1.ContentGrpc;
import io.statebridge.proto.containerd.content.v1.Info;
import io.statebridge.proto.containerd.content.v1.InfoRequest;
import io.statebridge.proto.containerd.content.v1.InfoResponse;
import io.statebridge.proto.containerd.content.v1.ReadContentRequest;
import io.statebridge.proto.containerd.content.v1.ReadContentResponse;
import io.statebridge.proto.containerd.images.v1.ImagesGrpc;
import io.statebridge.proto.containerd.images.v1.ListImagesRequest;
import io.statebridge.proto.containerd.images.v1.ListImagesResponse;
import io.statebridge.proto.containerd.snapshots.v1.ListSnapshotsRequest;
import io.statebridge.proto.containerd.snapshots.v1.ListSnapshotsResponse;
import io.statebridge.proto.containerd.snapshots.v1.SnapshotsGrpc;
import io.statebridge.proto.containerd.snapshots.v1.UsageRequest;
import io.statebridge.proto.containerd.snapshots.v1.UsageResponse;
import io.statebridge.proto.cri.v1.ImageFsInfoRequest;
import io.statebridge.proto.cri.v1.ImageFsInfoResponse;
import io.statebridge.proto.cri.v1.ImageServiceGrpc;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.ImageStatusResponse;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** containerd's services that know of images, and the CRI plugin's. */
final class ImageServices {

  private ImageServices() {}

  static List<BindableService> of(
      Calls calls, SimulatedImages images, BooleanSupplier criPluginLoaded) {
    return List.of(
        images(calls, images),
        content(calls, images),
        snapshots(calls, images),
        plugin(calls, images, criPluginLoaded));
  }

  private static BindableService images(Calls calls, SimulatedImages images) {
    return new ImagesGrpc.ImagesImplBase() {
      @Override
      public void list(ListImagesRequest request, StreamObserver<ListImagesResponse> observer) {
        calls.answer(
            "Images/List",
            observer,
            namespace ->
                ListImagesResponse.newBuilder().addAllImages(images.images(namespace)).build());
      }
    };
  }

  private static BindableService content(Calls calls, SimulatedImages images) {
    return new ContentGrpc.ContentImplBase() {
      @Override
      public void info(InfoRequest request, StreamObserver<InfoResponse> observer) {
        calls.answer(
            "Content/Info",
            request.getDigest(),
            observer,
            key ->
                InfoResponse.newBuilder()
                    .setInfo(
                        Info.newBuilder().setDigest(key.id()).setSize(images.content(key).size()))
                    .build());
      }

      @Override
      public void read(ReadContentRequest request, StreamObserver<ReadContentResponse> observer) {
        calls.about(
            "Content/Read",
            request.getDigest(),
            observer,
            key -> {
              // In two parts, as containerd sends a large blob in many.
              ByteString blob = images.content(key);
              int half = blob.size() / 2;
              observer.onNext(part(0, blob.substring(0, half)));
              observer.onNext(part(half, blob.substring(half)));
              observer.onCompleted();
            });
      }
    };
  }

  private static ReadContentResponse part(long offset, ByteString data) {
    return ReadContentResponse.newBuilder().setOffset(offset).setData(data).build();
  }

  private static BindableService snapshots(Calls calls, SimulatedImages images) {
    return new SnapshotsGrpc.SnapshotsImplBase() {
      @Override
      public void list(
          ListSnapshotsRequest request, StreamObserver<ListSnapshotsResponse> observer) {
        calls.answer(
            "Snapshots/List",
            observer,
            namespace -> {
              ListSnapshotsResponse.Builder response = ListSnapshotsResponse.newBuilder();
              images
                  .snapshots(namespace, request.getSnapshotter())
                  .forEach(key -> response.addInfoBuilder().setName(key));
              return response.build();
            });
      }

      @Override
      public void usage(UsageRequest request, StreamObserver<UsageResponse> observer) {
        calls.answer(
            "Snapshots/Usage",
            request.getKey(),
            observer,
            key -> images.usage(key.namespace(), request.getSnapshotter(), key.id()));
      }
    };
  }

  private static BindableService plugin(
      Calls calls, SimulatedImages images, BooleanSupplier loaded) {
    return new ImageServiceGrpc.ImageServiceImplBase() {
      @Override
      public void listImages(
          io.statebridge.proto.cri.v1.ListImagesRequest request,
          StreamObserver<io.statebridge.proto.cri.v1.ListImagesResponse> observer) {
        tell("ImageService/ListImages", observer, images::list);
      }

      @Override
      public void imageStatus(
          ImageStatusRequest request, StreamObserver<ImageStatusResponse> observer) {
        tell("ImageService/ImageStatus", observer, images::status);
      }

      @Override
      public void imageFsInfo(
          ImageFsInfoRequest request, StreamObserver<ImageFsInfoResponse> observer) {
        tell("ImageService/ImageFsInfo", observer, images::fileSystems);
      }

      private <A> void tell(String call, StreamObserver<A> observer, Supplier<A> answer) {
        calls.answer(
            call,
            observer,
            () -> {
              if (!loaded.getAsBoolean()) {
                throw Status.UNIMPLEMENTED
                    .withDescription("unknown service runtime.v1.ImageService")
                    .asRuntimeException();
              }
              return answer.get();
            });
      }
    };
  }
}
